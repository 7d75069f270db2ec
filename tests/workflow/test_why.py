"""Why results are stale, in words."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "workflow" / "lib"))
import why


def ask(project, *arguments):
    command = [sys.executable, "workflow/lib/why.py", "figures", *arguments]
    done = subprocess.run(command, cwd=project.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_nothing_is_stale(finished):
    assert ask(finished) == "Nothing is stale.\n"


def test_settings_by_key_and_code_by_file_and_what_hangs_on_them(finished):
    finished.edit(
        "config/config.yaml", "{objective: corrected, branch_z: {", "{objective: corrected, branch_z: {beta: 0.5, "
    )
    finished.edit("config/config.yaml", "seed: 0", "seed: 0\ndecomposition: {vmd: {alpha: 900.0}}\nfigures: {dpi: 150}")
    finished.edit("decvae/analysis/traversal.py", "numpy", "numpy  # edited")
    causes = dict(zip(*2 * [iter(ask(finished).splitlines())], strict=True))
    found = {cause.partition(" (against ")[0]: jobs.strip() for cause, jobs in causes.items()}
    assert found["Changed setting: branch_z.beta 0.1 -> 0.5"] == "pretrain_model (1)"
    assert found["Changed setting: vmd.alpha 1500.0 -> 900.0"] == "decompose_split (1)"
    assert found["Changed setting: figures.dpi 300 -> 150"].startswith("describe_figure (")
    assert not [cause for cause in found if ".csv" in cause or "runs" in cause]
    assert "traverse_latents" in found["Changed: decvae/analysis/traversal.py"]
    assert "score_checkpoint (2)" in found["What hangs on these:"]
    (nearest,) = [cause for cause in causes if "branch_z.beta" in cause]
    assert "(against results/runs/sim_vowels-decvae_corrected_dense-" in nearest


def test_a_lost_result_and_a_new_label(finished):
    lost = finished.root / "results/metrics/metrics.csv"
    lost.rename(lost.with_name("elsewhere"))
    try:
        finished.edit("config/config.yaml", "{model: pca}", "{model: pca, label: principal}")
        said = ask(finished)
        assert "Missing: results/metrics/metrics.csv\n    merge_metrics (1)" in said
        assert ".label 'PCA' -> 'principal'\n    merge_metrics (1)" in said
    finally:
        lost.with_name("elsewhere").rename(lost)


DRY_RUN = """
[Tue]
localrule figures:
    input: a.png
    reason: Input files updated by another job: a.png

[Tue]
rule draw:
    input: b.csv, visualize_R/draw.R
    output: a.png, a.pdf
    reason: Updated input files: visualize_R/draw.R, b.csv; Params have changed since last execution: Union of \
exclusive params before and now across all output: before: 300 now: 150
    wildcards: place=fig2, run=x
"""


@pytest.mark.parametrize("reason", ["", "; Input files updated by another job: b.csv"])
def test_a_dry_run_is_read(reason, tmp_path):
    (job,) = why.planned_jobs(DRY_RUN)
    assert (job.rule, job.outputs, job.wildcards) == ("draw", ["a.png", "a.pdf"], {"place": "fig2", "run": "x"})
    job = why.Job(job.rule, job.outputs, job.wildcards, job.reason + reason)
    assert why.explain([job], {}, {}, {"figures.dpi": 150, "seed": 0}, tmp_path) == [
        "Changed: visualize_R/draw.R\n    draw (1)",
        "Changed: b.csv\n    draw (1)",
        "Changed setting: figures.dpi 300 -> 150\n    draw (1)",
    ]


def test_a_description_names_what_it_shows_and_not_its_runs(tmp_path):
    """Names of runs and of their tables change with any setting of a run, which is named where the run is made."""
    before, now = (
        f"{{'quality': ['results/vmd-{number}.csv']}}, {{'dpi': {dpi}, 'width_mm': 183}}, "
        f"{{'runs': [{{'run': '{number}', 'label': 'A'}}], 'shown': 'all'}}"
        for number, dpi in ((1, 300), (2, 150))
    )
    reason = f"Params have changed since last execution: Union of exclusive params: before: {before} now: {now}"
    job = why.Job("describe_figure", ["a.json"], {"figure": "a"}, reason)
    found = why.explain([job], {}, {}, {"figures.dpi": 150}, tmp_path)
    assert found == ["Changed setting: figures.dpi 300 -> 150\n    describe_figure (1)"]
