"""What a study cost: the benchmark files of all jobs as one table. ``python -m decvae.reporting.costs [RESULTS]``.

Jobs that ran at the same time add up to more than the wall time. Energy is not among what Snakemake measures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import pandas as pd

from decvae.artifacts import ArtifactError
from decvae.reporting.tables import table

# Columns of Snakemake's benchmark files, and ours: seconds, MiB, and mean CPU load in percent of one core.
MEASURED = {
    "s": "seconds",
    "cpu_time": "cpu_seconds",
    "max_pss": "memory_mib",
    "io_in": "read_mib",
    "io_out": "written_mib",
    "mean_load": "load_percent",
}


def job_costs(benchmarks: str | Path) -> pd.DataFrame:
    """One row for every job: its rule, its name within the rule, the columns of :data:`MEASURED`, and when it ended.

    The end, in seconds since 1970, is the time of the benchmark file. Memory is that of the job with its children,
    shared pages divided among those that share them. A quantity that a job was too short to be measured in is missing.

    Parameters
    ----------
    benchmarks : path
        ``results/benchmarks``.

    Raises
    ------
    ArtifactError
        If there are no benchmark files, or one of them is not one.
    """
    folder, rows = Path(benchmarks), []
    for path in sorted(folder.rglob("*.tsv")):
        measured = pd.read_csv(path, sep="\t", na_values="-")
        if missing := sorted(set(MEASURED) - set(measured.columns)):
            raise ArtifactError(f"{path} is no benchmark file of Snakemake: it has no columns {missing}. Delete it.")
        rule, *name = path.relative_to(folder).with_suffix("").parts
        rows.append({"rule": rule, "job": "/".join(name), **measured[list(MEASURED)].iloc[-1].rename(MEASURED)})
        rows[-1]["ended"] = path.stat().st_mtime
    if not rows:
        raise ArtifactError(f"no benchmark files under {folder}; run the workflow first (snakemake figures --cores 8)")
    return pd.DataFrame(rows)


def rule_costs(jobs: pd.DataFrame) -> pd.DataFrame:
    """One row for every rule, the most costly first: sums of times and volumes, the longest job, the largest memory."""
    rules = jobs.groupby("rule", sort=False).agg(
        jobs=("job", "size"),
        seconds=("seconds", "sum"),
        longest_seconds=("seconds", "max"),
        cpu_seconds=("cpu_seconds", "sum"),
        memory_mib=("memory_mib", "max"),
        read_mib=("read_mib", "sum"),
        written_mib=("written_mib", "sum"),
    )
    return rules.sort_values("seconds", ascending=False, kind="stable").reset_index()


def busy_seconds(jobs: pd.DataFrame) -> float:
    """Wall time in which at least one of the jobs ran; pauses between two calls of Snakemake do not count.

    >>> busy_seconds(pd.DataFrame({"seconds": [10.0, 5.0, 2.0], "ended": [110.0, 112.0, 500.0]}))
    14.0
    """
    total, until = 0.0, float("-inf")
    for seconds, end in sorted(zip(jobs["seconds"], jobs["ended"], strict=True), key=lambda job: job[1] - job[0]):
        total += max(0.0, end - max(end - seconds, until))
        until = max(until, end)
    return total


def summary(jobs: pd.DataFrame, cores: int) -> str:
    """The table by rule, and a sentence on wall time, CPU time and what the cores had left.

    Parameters
    ----------
    jobs : DataFrame
        Of :func:`job_costs`.
    cores : int
        That the machine has.
    """
    wall, cpu = busy_seconds(jobs), jobs["cpu_seconds"].sum()
    minutes, seconds = divmod(round(wall), 60)
    idle = f"{max(0.0, 1 - cpu / (wall * cores)):.0%}" if wall > 0 else "none"
    return (
        f"{as_markdown(rule_costs(jobs))}\n{len(jobs)} jobs ran for {minutes} min {seconds} s and took {cpu:.0f} CPU "
        f"seconds; idle share of {cores} cores: {idle}.\n"
    )


def as_markdown(rules: pd.DataFrame) -> str:
    """Rules with rounded numbers and a last row for all of them, as Markdown.

    >>> jobs = pd.DataFrame({"rule": ["a"], "jobs": [2], "seconds": [3.2], "memory_mib": [float("nan")]})
    >>> print(as_markdown(jobs), end="")
    | rule | jobs | seconds | memory mib |
    | --- | --- | --- | --- |
    | a | 2 | 3 |  |
    | all | 2 | 3 |  |
    """
    numbers = rules.drop(columns="rule")
    largest = [name for name in numbers if name.startswith(("longest", "memory"))]
    total = numbers.sum(min_count=1)
    total[largest] = numbers[largest].max()
    rows = [*rules.itertuples(index=False), ("all", *total)]
    body = [[rule, *("" if pd.isna(value) else f"{value:.0f}" for value in values)] for rule, *values in rows]
    return table([name.replace("_", " ") for name in rules.columns], body)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("results", nargs="?", type=Path, default=Path("results"), help="folder (default: results)")
    print(summary(job_costs(parser.parse_args().results / "benchmarks"), os.cpu_count() or 1), end="")
