"""Why results are stale: which setting, which source file, which lost result; and how many jobs follow from each.

    python workflow/lib/why.py figures --configfile config/paper.yaml

The arguments are those of ``snakemake``; nothing is executed. Snakemake's own dry run says why each job would run; here
jobs that only follow from others are left out, code is named by file, and settings by key, with the value that they had
in the nearest result that is there.
"""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from figures import shown_decompositions  # noqa: E402

from decvae.settings.base import ConfigError  # noqa: E402
from decvae.study.configuration import load_config  # noqa: E402
from decvae.study.keys import dotted  # noqa: E402
from decvae.study.runs import (  # noqa: E402
    StudyConfiguration,
    corpus_settings,
    decomposition_id,
    resolve_runs,
    without_absent_corpora,
)

FOLLOWS = "Input files updated by another job"
# Rules whose results carry a hash of settings in their names, and the wildcard that it is in.
NAMED_BY_SETTINGS = {
    "simulate_corpus": "corpus",
    "simulate_traversal_set": "corpus",
    "ingest_corpus": "corpus",
    "decompose_split": "decomposition",
    "pretrain_model": "run",
    "finetune_model": "run",
    "adopt_checkpoint": "run",
}


@dataclass(frozen=True)
class Job:
    """A job of a dry run: its rule, its files, its wildcards, and Snakemake's reason."""

    rule: str
    outputs: list[str]
    wildcards: dict[str, str]
    reason: str


@dataclass(frozen=True)
class Record:
    """What Snakemake noted of a result: its rule, and the representations of its params."""

    rule: str
    params: list[str]


def planned_jobs(text: str) -> list[Job]:
    """Jobs of Snakemake's dry run, as it prints them."""
    jobs = []
    for rule, body in re.findall(r"^(?:local)?rule (\w+):\n((?: {4}.*\n)*)", text, re.MULTILINE):
        fields = dict(re.findall(r"^ {4}(\w+): (.*)$", body, re.MULTILINE))
        wildcards = dict(pair.split("=", 1) for pair in fields.get("wildcards", "").split(", ") if "=" in pair)
        if "output" in fields:
            jobs.append(Job(rule, fields["output"].split(", "), wildcards, fields.get("reason", "")))
    return jobs


def explain(
    jobs: list[Job],
    recorded: dict[str, Record],
    settings: dict[str, Any],
    leaves: dict[str, Any],
    root: Path,
) -> list[str]:
    """Causes as sentences with the jobs they make stale at once, and last the jobs that follow from these.

    Parameters
    ----------
    recorded : dict
        What Snakemake noted of the results that are there, by path; see :func:`records`.
    settings : dict
        Present settings by the value of a wildcard; see :func:`present_settings`.
    leaves : dict
        Single values that rules take from the configuration, by dotted key.
    root : path
        Folder of the project.
    """
    causes: dict[str, Counter[str]] = {}
    examples: dict[str, str] = {}
    follow: Counter[str] = Counter()
    for job in jobs:
        found = list(_causes(job, recorded, settings, leaves, root))
        for cause, example in found:
            causes.setdefault(cause, Counter())[job.rule] += 1
            examples.setdefault(cause, f" (against {example})" if example else "")
        follow[job.rule] += not found
    lines = [f"{cause}{examples[cause]}\n    {_counted(rules)}" for cause, rules in causes.items()]
    if follow := +follow:
        lines.append(f"What hangs on these:\n    {_counted(follow)}")
    return lines


def _counted(rules: Counter[str]) -> str:
    return ", ".join(f"{rule} ({count})" for rule, count in sorted(rules.items()))


def _causes(
    job: Job, recorded: dict[str, Record], settings: dict[str, Any], leaves: dict[str, Any], root: Path
) -> Iterator[tuple[str, str]]:
    """(cause, result that it was compared with or nothing); none for a job that only follows from others."""
    reasons = [reason.partition(": ")[::2] for reason in re.split(r"; (?=[A-Z])", job.reason)]
    follows = any(name == FOLLOWS for name, _ in reasons)
    lists_runs = follows or job.rule == "describe_figure"  # which names the tables of its runs, and hangs on none
    for name, detail in reasons:
        if name == "Updated input files":
            for path in detail.split(", "):
                yield f"Changed: {os.path.relpath(path, root) if os.path.isabs(path) else path}", ""
        elif name.startswith("Params have changed"):
            yield from ((f"Changed setting: {change}", "") for change in _changed_params(detail, leaves, lists_runs))
        elif name == "Missing output files" and not follows:
            yield _missing(job, detail, recorded, settings)
        elif not follows:
            yield f"{name}: {detail}" if detail else name, ""


def _changed_params(detail: str, leaves: dict[str, Any], lists_runs: bool) -> Iterator[str]:
    """Changed params by key; of a job that follows from others, or describes them, without what lists all runs."""
    match = re.search(r"before: (.*) now: (.*?) *$", detail)
    before, now = (_values(match[1]), _values(match[2])) if match else ([], [])
    if lists_runs:
        before, now = _without_runs(before), _without_runs(now)
    sections = [_merged(values) for values in (before, now)]
    single = [[value for value in values if not _is_section(value)] for values in (before, now)]
    for key, (old, new) in _differing(*sections).items():
        full = [leaf for leaf, value in leaves.items() if leaf.endswith(f".{key}") and value == new]
        yield f"{full[0] if len(full) == 1 else key} {old!r} -> {new!r}"
    if any(single):
        old, new = (", ".join(map(repr, values)) or "nothing" for values in single)
        yield f"{''.join(_keys_of(value, leaves) for value in single[1])}{old} -> {new}"


def _is_section(value: Any) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(item, (dict, list)) for item in value)
    )


def _without_runs(values: list[Any]) -> list[Any]:
    """Values without what changes with any of the runs: something for each of them, and paths of their results."""
    own = [value for value in values if not _is_table(value)]
    sections = [value if not isinstance(value, dict) else {**value, "runs": None} for value in own]
    return [value for value in sections if value != {"runs": None}]


def _is_table(value: Any) -> bool:
    if isinstance(value, dict):
        paths = re.findall(r"'([^']*)'", str(list(value.values())))
        of_runs = all(re.search(r"-s\d+-[0-9a-f]{6}$", key) for key in value)
        return of_runs or (bool(paths) and all(path.endswith(".csv") for path in paths))
    return _is_section(value)


def _merged(values: list[Any]) -> dict[str, Any]:
    """All sections as one; of a list of them each under the label of its run, or its place."""
    merged: dict[str, Any] = {}
    for value in filter(_is_section, values):
        if isinstance(value, dict):
            merged.update(value)
        else:
            merged.update({_name_of(item, place): item for place, item in enumerate(value)})
    return merged


def _name_of(item: Any, place: int) -> str:
    return str(item["run"]) if isinstance(item, dict) and "run" in item else str(place)


def _values(text: str) -> list[Any]:
    """Values from their representations; as one text if they cannot be read."""
    text = text.replace("<nonexistent>", "None")
    try:
        return list(ast.literal_eval(f"[{text}]"))
    except (ValueError, SyntaxError):
        return [text]


def _keys_of(value: Any, leaves: dict[str, Any]) -> str:
    """Keys of the configuration that have this value, if they are few: ``figures.dpi``."""
    keys = [key for key, found in leaves.items() if found == value and type(found) is type(value)]
    return " or ".join(keys) + " " if 0 < len(keys) <= 3 else ""


def _missing(job: Job, detail: str, recorded: dict[str, Record], settings: dict[str, Any]) -> tuple[str, str]:
    """A result of settings that no result has yet, compared with the nearest one; or a result that is lost."""
    name = job.wildcards.get(NAMED_BY_SETTINGS.get(job.rule, ""), "")
    if name not in settings or any(path in recorded for path in job.outputs):
        return f"Missing: {detail}", ""
    others = [
        (len(differing), path, differing)
        for path, record in recorded.items()
        if record.rule == job.rule and (old := _settings_of(record)) is not None
        if (differing := _differing(old, settings[name]))
    ]
    if not others:
        return f"New: {name}", ""
    _, path, differing = min(others, key=lambda other: other[:2])
    return f"Changed setting: {_shown(differing)}", path


def _settings_of(record: Record) -> dict[str, Any] | None:
    """The settings among the params of a job: the largest section."""
    sections = [value for text in record.params for value in _values(text) if isinstance(value, dict)]
    return max(sections, key=len, default=None)


def _differing(old: dict[str, Any], new: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    before, now = dotted(old), dotted(new)
    keys = [key for key in {**before, **now} if before.get(key) != now.get(key)]
    return {key: (before.get(key), now.get(key)) for key in keys}


def _shown(differing: dict[str, tuple[Any, Any]]) -> str:
    return ", ".join(f"{key} {old!r} -> {new!r}" for key, (old, new) in differing.items())


def records(folder: Path) -> dict[str, Record]:
    """What Snakemake noted (rule, params) of every result that is still there, by its path below ``folder``."""
    found: dict[str, Record] = {}
    for path in (folder / ".snakemake/metadata").rglob("*"):
        if path.is_file():
            name = "".join(part.removeprefix("@") for part in path.relative_to(folder / ".snakemake/metadata").parts)
            try:
                record, output = json.loads(path.read_text()), base64.b64decode(name, altchars=b"-_").decode()
            except ValueError:
                continue  # no record of an output
            if (folder / output).exists():
                found[output] = Record(record.get("rule"), record.get("params") or [])
    return found


def present_settings(config: StudyConfiguration) -> dict[str, Any]:
    """Settings of every corpus, decomposition and run of a configuration, by the names that they have in paths."""
    runs = resolve_runs(config)
    return {
        **{decomposition_id(own): own for own in shown_decompositions(config).values()},
        **{run.decomposition_id: run.decomposition for run in runs.values()},
        **{run.corpus_id: corpus_settings(config, run.settings["corpus"]) for run in runs.values()},
        **{name: run.settings for name, run in runs.items()},
    }


def main(arguments: list[str]) -> int:
    """Print the causes; returns Snakemake's exit code."""
    command = [sys.executable, "-m", "snakemake", *arguments, "--dry-run", "--cores", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr, file=sys.stderr)
        return done.returncode
    overlays = []
    if "--configfile" in arguments:
        rest = arguments[arguments.index("--configfile") + 1 :]
        overlays = rest[: next((place for place, word in enumerate(rest) if word.startswith("-")), len(rest))]
    config = without_absent_corpora(load_config([ROOT / "config/config.yaml", *overlays]))
    jobs = planned_jobs(done.stdout)
    leaves = dotted(config.model_dump(mode="json", include={"seed", "evaluation", "embeddings", "figures"}))
    lines = explain(jobs, records(Path.cwd()), present_settings(config), leaves, ROOT)
    print("\n".join(lines) if lines else "Nothing is stale.")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except ConfigError as error:
        sys.exit(str(error))
