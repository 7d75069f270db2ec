"""What the benchmarks share: time and memory of calls, ratios, Markdown tables, and commands made from functions."""

from __future__ import annotations

import argparse
import inspect
import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import psutil


class Timing(NamedTuple):
    """A measured call: seconds by the clock, CPU seconds of this process and all below it, and what it returned.

    CPU seconds are what the machine's other work cannot inflate much.
    """

    wall: float
    cpu: float
    result: Any


def timed(call: Callable[..., Any], *arguments: Any) -> Timing:
    """Call it, and measure."""
    below = _cpu_below()
    cpu, start = time.process_time(), time.perf_counter()
    result = call(*arguments)
    wall, cpu = time.perf_counter() - start, time.process_time() - cpu
    return Timing(wall, cpu + _cpu_below() - below, result)


def _cpu_below() -> float:
    """CPU seconds so far of the processes below this one, finished or not (workers outlive their work)."""
    finished = resource.getrusage(resource.RUSAGE_CHILDREN)
    living = psutil.Process().children(recursive=True)
    return finished.ru_utime + finished.ru_stime + sum(sum(process.cpu_times()[:4]) for process in living)


def in_turns(turns: int, **sides: Callable[[], Any]) -> dict[str, list[Timing]]:
    """Timings of each side; all are called once in every turn, so that other work on the machine meets all alike."""
    rounds = [{name: timed(side) for name, side in sides.items()} for _ in range(turns)]
    return {name: [one[name] for one in rounds] for name in sides}


def times_less(slow: Sequence[float], fast: Sequence[float], digits: int = 1) -> str:
    """How many times less the fast side took: median over the turns, and their range."""
    ratios = [a / b for a, b in zip(slow, fast, strict=True)]
    return f"{median(ratios):.{digits}f} ({min(ratios):.{digits}f}..{max(ratios):.{digits}f})"


def peak_mib() -> float:
    """Peak of resident memory in MiB of this program (Linux; ``ru_maxrss`` would include that of its parent)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def in_own_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """What the function of a module returns in a fresh process, whose peak of memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        return process.submit(function, *arguments).result()


def row(*cells: object) -> None:
    """Print a row of a Markdown table."""
    print("|", " | ".join(map(str, cells)), "|", flush=True)


def header(*names: str) -> None:
    """Print the first two rows of a Markdown table."""
    row(*names)
    print("|" + "---|" * len(names), flush=True)


class _Help(argparse.ArgumentDefaultsHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Text as it is written, and defaults."""


def command_line(text: str, *commands: Callable[..., None]) -> None:
    """Call the function that the command line names; a single one needs no name.

    Its keyword arguments are options (of several words for a tuple); ``*words`` take what is no option.

    Parameters
    ----------
    text : str
        What ``--help`` shows: the docstring of the script.
    """
    parser = argparse.ArgumentParser(description=text, formatter_class=_Help)
    named = parser.add_subparsers(required=True, metavar="COMMAND") if len(commands) > 1 else None
    for command in commands:
        own = named.add_parser(command.__name__, help=command.__doc__, formatter_class=_Help) if named else parser
        own.set_defaults(command=command)
        for name, argument in inspect.signature(command).parameters.items():
            option, default = "--" + name.replace("_", "-"), argument.default
            if argument.kind is inspect.Parameter.VAR_POSITIONAL:
                own.add_argument("words", nargs="*", metavar=name)
            elif isinstance(default, bool):
                own.add_argument(option, action="store_true", help=" ")
            elif isinstance(default, tuple):
                own.add_argument(option, nargs="+", type=type(default[0]), default=default, help=" ")
            else:
                own.add_argument(option, type=type(default), default=default, help=" ")
    options = vars(parser.parse_args())
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", file=sys.stderr)
    options.pop("command")(*options.pop("words", ()), **options)
