"""Labels of runs: as in the paper, told apart by what differs, with and without seeds."""

import pytest

from tests.decvae.configurations import only, runs_of


@pytest.mark.parametrize(
    ("entry", "label"),
    [
        ({"branch_z": {"beta": 0}, "branch_s": {"beta": 0}}, "DecAE FD centred"),
        ({"branch_z": {"beta": 1}, "decomposition": "ewt"}, "DecVAE EWT centred"),
        ({"branch_z": {"beta": 5}, "decomposition": "vmd", "objective": "corrected"}, "β-DecVAE VMD corrected"),
        ({"branches": "S", "branch_s": {"beta": 1}, "decomposition": "emd"}, "DecVAE EMD centred"),
        ({"model": "ae"}, "AE"),
        ({"model": "vae"}, "VAE"),
        ({"model": "beta_vae"}, "β-VAE"),
        ({"model": "pca"}, "PCA"),
        ({"model": "ica"}, "ICA"),
        ({"model": "raw"}, "raw mel"),
        ({"model": "raw", "input": "waveform"}, "raw waveform"),
        ({"label": "my run"}, "my run"),
    ],
)
def test_labels_are_those_of_the_paper(entry, label):
    assert only(entry).label == label


def test_runs_of_one_name_are_told_apart_by_what_differs():
    entries = [{"branch_z": {"beta": beta}, "branch_s": {"beta": beta}} for beta in (5, 10, 0)]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (β=5)",
        "β-DecVAE FD centred (β=10)",
        "DecAE FD centred",
    ]
    entries = [{}, {"n_components": 4}, {"n_components": 4, "seed": 1}]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (C=3, seed=0)",
        "β-DecVAE FD centred (C=4, seed=0)",
        "β-DecVAE FD centred (C=4, seed=1)",
    ]
    entries = [{"branch_s": {"n_components": 4, "latent_dim": 9}}, {"branch_z": {"frames": 50, "latent_dim": 9}}]
    assert [run.label for run in runs_of(*entries)] == [
        "β-DecVAE FD centred (frames=100, latent_dim_z=48, C_seq=4, latent_dim_s=9)",
        "β-DecVAE FD centred (frames=50, latent_dim_z=9, C_seq=3, latent_dim_s=24)",
    ]


def test_a_setting_is_called_as_its_runs_without_the_seed():
    runs = runs_of({}, {"seed": 1}, {"n_components": 4}, {"label": "mine"} | {"n_components": 5})
    assert [run.setting for run in runs] == [*["β-DecVAE FD centred (C=3)"] * 2, "β-DecVAE FD centred (C=4)", "mine"]
    assert [run.columns()["setting"] for run in runs] == [run.setting for run in runs]
    one, again = runs_of({"label": "A"}, {"label": "B", "seed": 1})
    assert (one.setting, again.setting) == ("A", "A")  # the first of them names all


def test_settings_of_equal_names_are_numbered():
    bands = {"decomposition_overrides": {"vmd": {"alpha": 50.0}}}
    one, other = runs_of({"decomposition": "vmd"}, {"decomposition": "vmd", "seed": 1, **bands})
    assert (one.setting, other.setting) == ("β-DecVAE VMD centred", "β-DecVAE VMD centred (2)")
