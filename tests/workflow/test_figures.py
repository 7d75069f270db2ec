"""Which figures a study has, from its configuration alone."""

import csv
import json
from pathlib import Path

import figures
import pytest
import yaml

from decvae.names.scores import drawn_scores, split_score
from decvae.settings.base import ConfigError
from decvae.study.configuration import load_config, validate_config
from decvae.study.runs import resolve_runs, select_runs, without_absent_corpora

ROOT = Path(__file__).resolve().parents[2]


def study(runs=None, **sections):
    """The study of the default configuration with other runs and sections."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text()) | sections
    if runs is not None:
        config["runs"] = runs
    return _study(validate_config(config))


def study_of(*overlays):
    """The study of the default configuration with overlays, as ``--configfile`` lays them over it."""
    return _study(load_config([ROOT / "config/config.yaml", *overlays]))


def _study(config):
    config = without_absent_corpora(config)
    found = resolve_runs(config)
    traversals = [(run, "traversal") for run in select_runs(found, config, "traversal")]
    return figures.Study(config, list(found.values()), traversals, select_runs(found, config, "embeddings"))


def names(*arguments, **sections):
    return set(figures.study_figures(study(*arguments, **sections)))


def betas(value):
    return {"branch_z": {"beta": value}, "branch_s": {"beta": value}}


@pytest.fixture
def corpora(tmp_path):
    """Sections of one corpus of every kind; nothing but the head of a manifest is read, so that empty folders do."""
    (tmp_path / "manifest.csv").write_text("path\n")
    kinds = ("timit", "voc_als", "iemocap", "folder")
    return {kind: {"kind": kind, "root": str(tmp_path)} for kind in kinds} | {"sim_vowels": {"kind": "sim_vowels"}}


def test_the_default_study_has_the_figures_of_simulated_vowels_only():
    places = {name.split("/")[0] for name in names()}
    assert places == {"fig2", "fig6", "si4", "si7", "si9", "si18", "si22", "si26"}


def test_a_corpus_brings_the_figures_of_the_paper_that_show_it(corpora):
    found = names([{"corpus": name, "label": name} for name in corpora], corpora=corpora)
    assert {
        *{f"fig{number}/{figure}" for number in range(2, 6) for figure in ("metrics_scatter", "metrics_bars")},
        *{f"fig{number}/embedding_inputs" for number in range(2, 6)},
        *{f"si7/metrics_scatter-{name}" for name in corpora if name != "folder"},
        *{f"si17/metrics_bars-{name}" for name in ("voc_als", "iemocap")},
        *{"fig6/latent_responses-timit", "fig6/response_maps-iemocap", "si18/latent_responses-sim_vowels"},
        *{"si22/training_curves", "si24/training_curves", "fig4/training_curves", "folder/training_curves"},
        *{f"si9/correlograms-{name}" for name in corpora if name not in ("timit", "sim_vowels")},
        *{f"corpora/{name}" for name in corpora if name != "sim_vowels"},
    } <= found
    # A folder of recordings without content labels has no metric figures; the shown corpus (TIMIT) has no generator.
    assert not {"folder/metrics_bars", "si4/generative_model"} & found


def test_other_runs_than_the_first_answer_in_the_supplement(corpora):
    runs = [
        {"corpus": name, "label": f"{name} {beta}", "branch_z": {"beta": beta}}
        for name in corpora
        for beta in (0.1, 1.0)
    ]
    found = names(runs, corpora=corpora)
    assert {f"{si}/latent_responses-{name}_1.0" for si, name in RESPONSES.items()} <= found


RESPONSES = {"si18": "sim_vowels", "si19": "timit", "si20": "voc_als", "si21": "iemocap"}


def test_a_corpus_without_root_has_no_figure(corpora):
    corpora["timit"]["root"] = None
    runs = [{"corpus": name, "label": name} for name in corpora]
    assert not {name for name in names(runs, corpora=corpora) if name.startswith("fig3") or "timit" in name}


def test_ablations_have_figures_where_the_paper_has_them(corpora):
    def sweep(corpus):
        return [
            *({"corpus": corpus, **betas(beta)} for beta in (0.0, 0.1, 1.0)),
            *({"corpus": corpus, "n_components": count} for count in (2, 4)),
            *({"corpus": corpus, "branch_z": {"frames": count}, "branch_s": {"frames": 0}} for count in (20, 40)),
        ]

    found = names([*sweep("sim_vowels"), *sweep("timit")], corpora=corpora)
    assert {
        *{"si10/metrics_bars-n_components", "si12/metrics_lines-beta", "si25/metrics_lines-frames"},
        *{"si14/metrics_bars-n_components", "si14/metrics_bars-beta", "si14/metrics_lines-frames"},
        *{"si23/training_curves-frames", "si23/training_curves-n_components", "si22/training_curves-beta"},
        *{f"si24/training_curves-{key}" for key in ("frames", "n_components", "beta")},
    } <= found


def test_a_series_holds_what_differs_in_one_setting_and_seed_only():
    runs = [
        *({**betas(beta), "seed": seed} for beta in (0.0, 1.0) for seed in (0, 1)),
        *({"objective": "corrected", "branch_z": {"beta": beta}} for beta in (0.0, 1.0)),
        {**betas(0.0), "n_components": 4},
        *[{"model": "ae"}, {"model": "vae"}, {"model": "beta_vae"}, {"model": "pca"}],
    ]
    runs = study(runs).runs
    series = figures.ablation_series(runs, "beta")
    assert {name: len(group) for name, group in series.items()} == {
        "DecVAE FD centred": 4,
        "DecVAE FD corrected": 2,
        "VAE": 3,
    }
    assert [len(group) for group in figures.ablation_series(runs, "n_components").values()] == [3]
    assert not figures.ablation_series(runs, "frames")


def test_seeds_of_a_setting_have_one_name():
    seeds = [{"label": "A", "sweep": {"seed": [0, 1]}}, {"label": "B", "sweep": {"seed": [0], "beta": [0.0, 1.0]}}]
    other = {"label": "A", "objective": "corrected", "sweep": {"seed": [2, 3]}}
    found = figures.study_figures(study([*seeds, other]))
    for name in ("fig2/metrics_bars", "fig2/metrics_scatter", "fig6/metrics_circular", "si22/training_curves"):
        labels = [run["label"] for run in found[name].shown["runs"]]
        assert labels == ["A", "A", "B (β=0)", "B (β=1)", *["A (4)"] * 2]
    default = study()
    shown = figures.study_figures(default)["fig2/metrics_bars"].shown["runs"]
    assert [(run["run"], run["label"]) for run in shown] == [(run.name, run.label) for run in default.runs]


def test_an_ablation_is_of_one_decomposition():
    bands = {"boundaries": {"source": "random"}}
    entries = [{"branch_z": {"beta": 0.0}}, {"branch_z": {"beta": 1.0}}, {"n_components": 4}]
    runs = [
        {**entry, "label": f"{place}{name}", "decomposition_overrides": own}
        for place, entry in enumerate(entries)
        for name, own in (("detected", {}), ("random", bands))
    ]
    found = study(runs).runs
    for key in ("beta", "n_components"):
        for group in figures.ablation_series(found, key).values():
            assert len({run.bands for run in group}) == 1
    assert len(figures.ablation_series(found, "beta")) == 2


def test_autoencoders_alone_are_no_ablation():
    assert not {name for name in names() if "-beta" in name and "metrics_lines" in name}


def test_runs_stand_beside_their_published_counterparts():
    default = study()
    assert [figures.published_name(default, run) for run in default.runs] == [
        "β-DecVAE FD",
        "-",  # fixed bands
        *["β-DecVAE FD"] * 2,
        *["AE", "VAE", "β-VAE", "PCA", "ICA", "-", "-"],  # nothing is published of kernel PCA
    ]
    others = [
        {"decomposition": "vmd"},
        {"decomposition": "ewt", "branch_z": {"beta": 1.0}},
        {"model": "vae", "input": "waveform"},
    ]
    waveform = study(others)
    assert [figures.published_name(waveform, run) for run in waveform.runs] == ["-", "DecVAE EWT", "VAE waveform"]


def test_a_published_mark_is_of_the_same_beta():
    names = {0.0: "DecAE FD", 0.05: "-", 0.1: "β-DecVAE FD", 1.0: "DecVAE FD", 5.0: "-"}
    runs = [betas(beta) for beta in names]
    swept = study([*runs, *({"model": "beta_vae", "branch_z": {"beta": beta}} for beta in (0.1, 5.0))])
    assert [figures.published_name(swept, run) for run in swept.runs] == [*names.values(), "β-VAE", "-"]


def test_a_published_mark_is_of_detected_bands():
    bands = {"boundaries": {"source": "random"}}
    runs = [{}, {"decomposition_overrides": bands}, {"model": "pca"}, {"decomposition": "ewt"}]
    study_of_bands = study([{"label": str(place), **run} for place, run in enumerate(runs)])
    marks = [figures.published_name(study_of_bands, run) for run in study_of_bands.runs]
    assert marks == ["β-DecVAE FD", "-", "PCA", "β-DecVAE EWT"]


def test_published_values_can_be_left_out():
    bars = {
        wanted: figures.study_figures(study(figures={"published": wanted}))["fig2/metrics_bars"]
        for wanted in (True, False)
    }
    assert set(bars[True].tables) == {"metrics", "published"}
    assert all("published_as" in run for run in bars[True].shown["runs"])
    assert set(bars[False].tables) == {"metrics"}
    assert not any("published_as" in run for run in bars[False].shown["runs"])


def test_zero_shot_runs_stand_beside_the_published_transfer(corpora):
    runs = [
        {"label": "source"},
        {"corpus": "voc_als", "label": "moved", "adaptation": "none", "start_from": {"run": "source"}},
    ]
    moved = study(runs, corpora=corpora)
    assert figures.published_name(moved, moved.runs[1]) == "β-DecVAE FD from sim_vowels"


def test_the_published_table_is_whole():
    """Each model of a figure has every score of that figure; shares are shares."""
    with figures.PUBLISHED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores = {}
    for row in rows:
        scores.setdefault((row["corpus"], row["model"]), set()).add(row["score"])
        assert 0 <= float(row["value"]) <= (1 if row["score"] != "total_correlation_norm" else 11), row
    for corpus, count in {"sim_vowels": 12, "timit": 10, "voc_als": 20, "iemocap": 15}.items():
        assert {len(found) for (name, _), found in scores.items() if name == corpus} == {count}
    # Text of the paper: 0.618 with FD and beta 1.
    value = {(r["corpus"], r["model"], r["score"]): float(r["value"]) for r in rows}
    assert value["sim_vowels", "DecVAE FD", "disentanglement"] == pytest.approx(0.618, abs=0.001)


def test_only_the_maps_that_the_configuration_asks_for_are_drawn():
    def maps(**own):
        wanted = {"branches": ["Z"], "views": ["all"], "pages": False, **own}
        found = study([{"label": "dual"}, {"label": "only S", "branches": "S"}], embeddings=wanted)
        pages = set(figures.map_pages(found))
        return {name.split("/")[1] for name in figures.study_figures(found) if "embedding" in name}, pages

    least = {"embedding_inputs", "embedding_latents-dual", "embedding_latents-only_s"}
    assert maps() == (least, set())
    assert maps(dimensions=[2, 3])[0] - least == {
        f"{name.split('-')[0]}_3d{name[len(name.split('-')[0]) :]}" for name in least
    }
    assert maps(branches=["Z", "S"])[0] - least == {"embedding_inputs_S", "embedding_latents_S-dual"}
    assert maps(views=["prior"])[0] == {"embedding_latents_prior-dual", "embedding_latents_prior-only_s"}
    assert maps(pages=True)[1] == {f"fig2/{name}" for name in least}


def test_captions_say_what_a_figure_shows():
    for figure in figures.study_figures(study()).values():
        caption = figure.caption
        assert "{" not in caption and caption.endswith(".") and (not figure.about or figure.about in caption)


def test_every_figure_has_a_family_with_script_and_caption():
    for figure in (*figures.study_figures(study()).values(), figures.COSTS):
        assert (ROOT / f"visualize_R/{figure.family}.R").is_file()
        assert (ROOT / f"workflow/report/{figure.family}.rst").is_file()
        assert figure.category in figures.PAPER["titles"].values()


def test_the_paper_names_scores_and_settings_that_there_are():
    kinds = figures.PAPER["kinds"].values()
    panels = [*figures.PAPER["planes"], *figures.PAPER["bubbles"]["before"], *figures.PAPER["bubbles"]["after"]]
    panels += [panel for own in kinds for panel in (*own.get("planes", ()), *own.get("bubbles", ()))]
    drawn = {score["name"] for score in drawn_scores()}
    for name in (*figures.PAPER["circles"], *(score for panel in panels for score in panel.split(":"))):
        assert split_score(name)[0] in drawn, name
    assert all(set(own.get("ablations", ())) <= set(figures.ABLATIONS) for own in kinds)
    places = {place.split("/")[0] for place in (own.get("main", "corpora") for own in kinds)}
    assert places <= set(figures.PAPER["titles"])


def test_a_figure_is_data():
    """What its JSON holds is read back as it was."""
    for figure in figures.study_figures(study()).values():
        for part in (figure.tables, figure.shown, figure.scores):
            assert json.loads(json.dumps(part)) == part
        assert bool(figure.scores) == figure.family.startswith("metrics")
        assert all(isinstance(path, str) for path in figure.inputs) and len(figure.inputs) >= len(figure.tables)


def test_a_mistake_in_the_look_is_an_error():
    with pytest.raises(ConfigError, match=r"figures.palette"):
        study(figures={"palette": "rainbow"})


def test_own_recordings_without_a_content_have_figures_of_scores(tmp_path):
    (tmp_path / "manifest.csv").write_text("path,split,mood\n")
    section = {"kind": "folder", "root": str(tmp_path)}
    found = names([{"corpus": "mine", "label": "own"}], corpora={"mine": section})
    assert "mine/metrics_bars" in found
    (tmp_path / "manifest.csv").write_text("path,split\n")
    assert "mine/metrics_bars" not in names([{"corpus": "mine", "label": "own"}], corpora={"mine": section})
