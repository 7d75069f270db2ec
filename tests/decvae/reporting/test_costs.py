"""Costs of a study from the benchmark files of its jobs."""

import pandas as pd
import pytest

from decvae.artifacts import ArtifactError
from decvae.reporting.costs import as_markdown, job_costs, rule_costs, summary

HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def write(folder, name, seconds, memory, cpu):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:00\t1\t1\t1\t{memory}\t0.5\t0.25\t90\t{cpu}\n")


@pytest.fixture
def benchmarks(tmp_path):
    write(tmp_path, "pretrain_model/a.tsv", 10.0, 400.0, 9.0)
    write(tmp_path, "pretrain_model/b.tsv", 30.0, 300.0, 25.0)
    write(tmp_path, "encode_checkpoint/a/best/test.tsv", 2.0, "-", 1.0)
    write(tmp_path, "merge_metrics.tsv", 1.0, 80.0, 0.5)
    return tmp_path


def test_every_job_is_a_row(benchmarks):
    jobs = job_costs(benchmarks).set_index(["rule", "job"])
    assert len(jobs) == 4
    assert jobs.loc[("encode_checkpoint", "a/best/test"), "seconds"] == 2.0
    assert pd.isna(jobs.loc[("encode_checkpoint", "a/best/test"), "memory_mib"])
    assert jobs.loc[("merge_metrics", ""), "cpu_seconds"] == 0.5


def test_rules_are_sums_and_maxima_the_most_costly_first(benchmarks):
    rules = rule_costs(job_costs(benchmarks)).set_index("rule")
    assert list(rules.index) == ["pretrain_model", "encode_checkpoint", "merge_metrics"]
    found = rules.loc["pretrain_model"].to_dict()
    assert found == {
        "jobs": 2,
        "seconds": 40.0,
        "longest_seconds": 30.0,
        "cpu_seconds": 34.0,
        "memory_mib": 400.0,
        "read_mib": 1.0,
        "written_mib": 0.5,
    }
    last = as_markdown(rules.reset_index()).splitlines()[-1]
    assert last == "| all | 4 | 43 | 30 | 36 | 400 | 2 | 1 |"


def test_the_summary_counts_time_in_which_jobs_ran_once(benchmarks):
    jobs = job_costs(benchmarks)
    jobs["ended"] = jobs["job"].map({"a": 1010.0, "b": 1030.0, "a/best/test": 1500.0, "": 1501.0})
    last = summary(jobs, 2).splitlines()[-1]
    # a and b from 1000 to 1030, the two others one after the other from 1498 to 1501
    assert last == "4 jobs ran for 0 min 33 s and took 36 CPU seconds; idle share of 2 cores: 46%."


def test_what_is_no_benchmark_is_refused(benchmarks):
    (benchmarks / "other.tsv").write_text("a\tb\n1\t2\n")
    with pytest.raises(ArtifactError, match=r"other\.tsv is no benchmark file"):
        job_costs(benchmarks)
    with pytest.raises(ArtifactError, match="run the workflow first"):
        job_costs(benchmarks / "nothing")
