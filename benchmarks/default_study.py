"""What a finished study cost, by rule, as a Markdown table: ``python benchmarks/default_study.py [RESULTS]``.

Reads the benchmark files that every rule writes; jobs that ran at the same time add up to more than the wall time.
"""

import sys
from pathlib import Path

import pandas as pd


def cost_table(results: Path) -> pd.DataFrame:
    """Jobs, seconds (total, longest), CPU seconds and largest memory (MiB, with children) of every rule."""
    rows = []
    for path in sorted((results / "benchmarks").rglob("*.tsv")):
        rule = path.relative_to(results / "benchmarks").parts[0].removesuffix(".tsv")
        measured = pd.read_csv(path, sep="\t", na_values="-")
        rows.append({"rule": rule, **measured[["s", "cpu_time", "max_pss"]].iloc[-1].to_dict()})
    if not rows:
        raise SystemExit(f"no benchmark files under {results / 'benchmarks'}; run the workflow first")
    grouped = pd.DataFrame(rows).groupby("rule", sort=False)
    table = pd.DataFrame(
        {
            "jobs": grouped.size(),
            "seconds": grouped.s.sum(),
            "longest": grouped.s.max(),
            "CPU seconds": grouped.cpu_time.sum(),
            "memory (MiB)": grouped.max_pss.max(),
        }
    )
    return table.sort_values("seconds", ascending=False).round(0).astype("Int64").reset_index()


if __name__ == "__main__":
    costs = cost_table(Path(sys.argv[1] if len(sys.argv) > 1 else "results"))
    header = "| " + " | ".join(costs.columns) + " |"
    print(header, "|" + "---|" * len(costs.columns), sep="\n")
    for row in costs.itertuples(index=False):
        print("| " + " | ".join(map(str, row)) + " |")
