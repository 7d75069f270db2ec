"""What planning costs: the DAG of a sweep of N runs, ``python benchmarks/dag.py [N]`` (a multiple of 50, default 500).

Beside it, in the same process and interleaved: Snakemake alone on as many jobs with as many files each, without any
configuration, runs or input functions. Nothing is executed.
"""

import contextlib
import io
import re
import sys
import tempfile
import time
from pathlib import Path

import yaml
from snakemake.cli import main

ROOT = Path(__file__).resolve().parents[1]
REPEATS = 2
BARE = """
rule figures:
    default_target: True
    input:
        expand("results/{{n}}/4", n=range({chains})),


rule made:
    input:
        code={files!r},
        before=lambda w: f"results/{{w.n}}/{{int(w.k) - 1}}" if int(w.k) else [],
    output:
        "results/{{n}}/{{k}}",
    wildcard_constraints:
        n=r"\\d+",
        k=r"\\d",
    shell:
        "touch {{output}}"
"""


def sweep(n_runs: int) -> dict:
    """Two decompositions, five betas, five numbers of components, and seeds."""
    axes = {
        "overlays": [{"decomposition": "filter"}, {"decomposition": "ewt"}],
        "beta": [0.0, 0.1, 0.5, 1.0, 5.0],
        "n_components": [3, 4, 5, 6, 7],
        "seed": list(range(n_runs // 50)),
    }
    return {"runs": [{"objective": "centred", "sweep": axes}]}


def plan(*arguments: str) -> tuple[float, float, int]:
    """Wall and CPU seconds of a dry run, and its number of jobs."""
    output = io.StringIO()
    wall, cpu = time.perf_counter(), time.process_time()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output), contextlib.suppress(SystemExit):
        main(["figures", "-n", "--quiet", "rules", "--cores", "2", "--nolock", *arguments])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return wall, cpu, int(re.search(r"^total +(\d+)", output.getvalue(), re.MULTILINE).group(1))


def compare(n_runs: int) -> None:
    """Print both sides of every repetition and the ratio of their CPU seconds."""
    with tempfile.TemporaryDirectory() as folder:
        config, bare = Path(folder) / "sweep.yaml", Path(folder) / "Snakefile"
        config.write_text(yaml.safe_dump(sweep(n_runs)))
        ours = ["--snakefile", str(ROOT / "workflow/Snakefile"), "--directory", folder]
        ours += ["--configfile", str(ROOT / "config/config.yaml"), str(config)]
        jobs = plan(*ours)[2]
        files = [str(path) for path in sorted((ROOT / "decvae").rglob("*.py"))[:30]]
        bare.write_text(BARE.format(chains=jobs // 5, files=files))
        for _ in range(REPEATS):
            wall, cpu, jobs = plan(*ours)
            bare_wall, bare_cpu, bare_jobs = plan("--snakefile", str(bare), "--directory", folder)
            print(
                f"{n_runs} runs, {jobs} jobs: {wall:.1f} s, {cpu:.1f} CPU s;  Snakemake alone, {bare_jobs} jobs: "
                f"{bare_wall:.1f} s, {bare_cpu:.1f} CPU s;  ratio {cpu / bare_cpu:.2f}"
            )


if __name__ == "__main__":
    compare(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
