"""Where runs start: names, inheritance, what reaches a run, mistakes."""

import pytest

from decvae.artifacts import file_sha256
from decvae.settings.base import ConfigError
from decvae.study.configuration import validate_config
from decvae.study.runs import resolve_runs

CORPORA = {"five": {}, "eight": {"n_vowels": 8}}
SOURCE = {"label": "A", "branch_z": {"beta": 0.5, "latent_dim": 12}}


def runs_of(*entries, **sections):
    config = validate_config(
        {"corpora": CORPORA, "run_defaults": {"corpus": "five"}, "runs": list(entries), **sections}
    )
    return list(resolve_runs(config).values())


def from_a(**values):
    return {"start_from": {"run": "A"}, **values}


def test_a_run_without_source_has_no_settings_of_transfer():
    (run,) = runs_of({})
    assert not run.settings.keys() & {"start_from", "adaptation", "freeze", "supervised"}
    assert run.columns()["adaptation"] is None and run.columns()["start_from"] is None
    assert run.name == runs_of({"supervised": {"head": "cnn"}})[0].name


def test_an_adapted_run_is_named_after_its_source():
    adapted, source = runs_of(from_a(corpus="eight"), SOURCE)  # the source may come later
    assert adapted.source == source and adapted.is_trained
    assert adapted.settings["start_from"] == {"run": source.name, "checkpoint": "best"}
    assert adapted.label == "β-DecVAE FD centred adapted" and adapted.columns()["start_from"] == "A"
    assert adapted.settings["branch_z"]["latent_dim"] == 48  # its own
    other = runs_of(from_a(corpus="eight"), {**SOURCE, "seed": 1})[0]
    assert other.name != adapted.name
    last = runs_of({"corpus": "eight", "start_from": {"run": "A", "checkpoint": "last"}}, SOURCE)[0]
    assert last.name != adapted.name


def test_a_zero_shot_run_takes_its_settings_from_its_source():
    source, shot, again = runs_of(
        {**SOURCE, "seed": 3},
        from_a(corpus="eight", adaptation="none", label="B"),
        {"start_from": {"run": "B"}, "adaptation": "none", "decomposition": "ewt"},
    )
    assert shot.settings["network"] == source.settings["network"] and shot.beta_z == 0.5
    assert shot.settings["seed"] == 3 and shot.settings["corpus"] == "eight"
    assert not shot.settings.keys() & {"training", "loss", "freeze"}
    assert not shot.is_trained and shot.checkpoints(["init", "best", "every"]) == ["best"]
    assert again.source == shot and again.settings["network"] == source.settings["network"]
    assert (again.settings["decomposition"], again.settings["corpus"]) == ("ewt", "five")
    assert again.label == "β-DecVAE EWT centred zero-shot"
    before = shot.name
    assert runs_of({**SOURCE, "seed": 3}, from_a(corpus="eight", adaptation="none", label="C"))[1].name == before


@pytest.mark.parametrize("model", ["vae", "pca"])
def test_baselines_can_be_used_on_other_data(model):
    _, shot = runs_of({"label": "A", "model": model}, from_a(corpus="eight", adaptation="none"))
    assert shot.model == model and shot.label == f"{model.upper()} zero-shot" and not shot.is_trained


def test_supervised_settings_reach_the_heads_and_losses_that_have_them():
    def settings(**values):
        return runs_of({"adaptation": "supervised", "supervised": values})[0].settings["supervised"]

    assert not settings().keys() & {"layers", "attention_heads", "focal_gamma", "smoothing"}
    assert settings(head="lstm")["layers"] == 2 and "attention_heads" not in settings(head="lstm")
    assert settings(head="transformer")["attention_heads"] == 8
    alone = runs_of({"adaptation": "supervised", "branches": "Z", "supervised": {"head": "transformer"}})[0]
    assert alone.settings["supervised"]["attention_heads"] == 8  # the head's, not those that pool a sequence
    assert settings(loss="focal")["focal_gamma"] == 2.0
    assert settings(loss="label_smoothing")["smoothing"] == 0.1
    run = runs_of({"adaptation": "supervised", "supervised": {"head": "cnn"}})[0]
    assert run.label == "β-DecVAE FD centred vowel cnn" and run.columns()["adaptation"] == "supervised"


def test_runs_that_differ_by_seed_may_start_from_seeds_of_one_setting():
    seeds = [{"label": f"A{seed}", "seed": seed} for seed in (0, 1)]
    adapted = [{"corpus": "eight", "seed": seed, "start_from": {"run": f"A{seed}"}} for seed in (0, 1)]
    first, second = runs_of(*seeds, *adapted)[2:]
    assert first.setting == second.setting and first.name != second.name
    swept = {"label": "A", "sweep": {"seed": [0, 1]}}
    runs = runs_of(swept, {"corpus": "eight", "sweep": {"seed": [0, 1]}, "start_from": {"run": "A"}})
    assert [run.setting for run in runs] == ["A", "A", *["β-DecVAE FD centred adapted"] * 2]


def test_a_checkpoint_from_elsewhere_is_known_by_its_content(tmp_path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"one")
    entry = {"start_from": {"path": str(tmp_path)}}
    (run,) = runs_of(entry)
    assert run.settings["start_from"] == {"path": str(tmp_path), "sha256": file_sha256(weights)}
    assert run.columns()["start_from"] == str(tmp_path)
    weights.write_bytes(b"two")
    assert runs_of(entry)[0].name != run.name
    weights.unlink()
    with pytest.raises(ConfigError, match=r"`runs\[0\]\.start_from\.path` is .* no checkpoint folder"):
        runs_of(entry)


MISTAKES = {
    "unknown label": ([SOURCE, {"start_from": {"run": "AA"}}], r"`runs\[1\]\.start_from\.run` is 'AA'.*you mean `A`"),
    "unlabelled": ([{}, {"start_from": {"run": "β-DecVAE FD centred"}}], "give its source a label"),
    "itself": ([from_a(label="A")], "`start_from.run` of the run 'A' is itself"),
    "circle": (
        [from_a(label="B"), {"label": "A", "start_from": {"run": "B"}}],
        "goes in a circle: .*'A'.* <- .*'B'",
    ),
    "both": ([SOURCE, {"start_from": {"run": "A", "path": "x"}}], "needs either `run`"),
    "neither": ([{"start_from": {"checkpoint": "last"}}], "needs either `run`"),
    "checkpoint of a path": ([{"start_from": {"path": "x", "checkpoint": "last"}}], "one checkpoint already"),
    "nothing to use": ([{"adaptation": "none"}], r"say which in `runs\[0\]\.start_from`"),
    "own settings": (
        [SOURCE, from_a(adaptation="none", branch_z={"beta": 1.0})],
        r"\['branch_z'\], which a run without training takes from its source 'A'",
    ),
    "other model": ([SOURCE, from_a(model="vae")], r"`runs\[1\]\.model` is 'vae', but its source 'A' is of model 'dec"),
    "init of a linear model": (
        [{"label": "A", "model": "pca"}, {"start_from": {"run": "A", "checkpoint": "init"}, "adaptation": "none"}],
        "not trained and has `best` only",
    ),
    "linear model adapted": ([{"label": "A", "model": "pca"}, from_a(model="pca")], "fitted at once"),
    "supervised baseline": ([{"model": "vae", "adaptation": "supervised"}], "which only `model: decvae` can be"),
    "branch": (
        [{"branches": "Z", "adaptation": "supervised", "supervised": {"branch": "S"}}],
        r"supervised\.branch` is S, but the run's `branches` is Z",
    ),
    "head of sequences": (
        [{"adaptation": "supervised", "supervised": {"branch": "S", "head": "lstm"}}],
        "lstm, which runs over frames",
    ),
    "attention heads": (
        [{"adaptation": "supervised", "supervised": {"head": "transformer", "hidden_dim": 20}}],
        "does not divide `hidden_dim` 20",
    ),
    "no weight": (
        [{"adaptation": "supervised", "supervised": {"weight_classification": 0}}],
        "labels would not count",
    ),
}


@pytest.mark.parametrize(("entries", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_explained(entries, message):
    with pytest.raises(ConfigError, match=message) as caught:
        runs_of(*entries)
    assert len(caught.value.problems) == 1
