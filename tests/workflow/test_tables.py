"""Which tables of results a study has, and what they show."""

import pytest
import tables

from decvae.settings.base import ConfigError
from decvae.study.runs import resolve_runs
from tests.decvae.configurations import valid

BOTH = {"protocols": ["sound", "published"]}


def study(*runs, **sections):
    config = valid(runs=list(runs), **sections)
    return config, list(resolve_runs(config).values())


def test_every_corpus_with_frame_latents_has_a_table_and_with_both_protocols_another():
    frames, sequences = {"objective": "centred"}, {"branches": "S", "objective": "corrected"}
    config, runs = study(frames, sequences)
    folder = f"results/tables/{runs[0].corpus_id}"
    assert tables.result_tables(config, runs) == [f"{folder}.md", f"{folder}.tex"]
    assert tables.result_tables(config, runs[1:]) == []
    config, runs = study(frames, evaluation=BOTH)
    assert tables.result_tables(config, runs)[2:] == [f"{folder}-protocols.md", f"{folder}-protocols.csv"]
    assert tables.result_tables(study(frames, evaluation={**BOTH, "branches": ["S"]})[0], runs) == []


def test_tables_show_the_scores_of_figures():
    config, runs = study({}, evaluation=BOTH, figures={"checkpoint": "best"})
    shown = tables.shown_scores(config)
    assert shown["protocol"] == "sound" and shown["checkpoint"] == "best"
    compared = tables.compared_scores(config, runs[0].corpus_id, "sim_vowels")
    assert compared == {"corpus": runs[0].corpus_id, "kind": "sim_vowels"} | {
        key: value for key, value in shown.items() if key != "protocol"
    }


def test_a_study_compares_its_first_decvae_with_all_others():
    config, runs = study({"model": "vae"}, {"seed": 1}, {"seed": 2}, {"model": "raw"}, evaluation=BOTH)
    assert tables.study_page(config, runs) == f"results/tables/{runs[0].corpus_id}-study.md"
    found = tables.studied_runs(runs, runs[0].corpus_id)
    assert found["reference"] == runs[1].setting == runs[2].setting
    assert found["settings"].keys() == {run.setting for run in runs}
    assert found["settings"][found["reference"]]["bands"] == "detected"


@pytest.mark.parametrize(("run", "protocols"), [({}, ["sound"]), ({"model": "vae"}, ["sound", "published"])])
def test_without_a_reference_or_both_protocols_there_is_no_study(run, protocols):
    with pytest.raises(ConfigError, match=r"needs a DecVAE .* both protocols"):
        tables.study_page(*study(run, evaluation={"protocols": protocols}))
