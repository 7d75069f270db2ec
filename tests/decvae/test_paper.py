"""The study of the paper has the published settings: values of its configuration files, copied by hand."""

import pytest

from decvae.study.configuration import load_config
from decvae.study.runs import resolve_runs
from tests.decvae.configurations import ROOT

# Published name, ours, and the value of the published SimVowels configurations (DecVAE, autoencoders).
DECVAE = [
    ("per_device_train_batch_size", "training.batch_size", 16),
    ("num_train_epochs", "training.max_epochs", 150),
    ("learning_rate[0]", "branch_z.learning_rate", 8e-5),
    ("learning_rate[1]", "branch_s.learning_rate", 1e-4),
    ("lr_scheduler_type[0]", "branch_z.scheduler", "constant_with_warmup"),
    ("lr_scheduler_type[1]", "branch_s.scheduler", "linear"),
    ("num_warmup_steps", "branch_z.warmup_steps", 5000),
    ("num_warmup_steps", "branch_s.warmup_steps", 5000),
    ("weight_decay", "training.weight_decay", 1e-4),
    ("adam_beta1", "training.adam_beta1", 0.5),
    ("adam_beta2", "training.adam_beta2", 0.999),
    ("adam_epsilon", "training.adam_epsilon", 1e-6),
    ("clip_grad_value", "training.clip_norm", 2.0),
    ("early_stop_patience_epochs", "training.early_stopping_patience", 5),
    ("saving_steps / steps per epoch", "training.checkpoint_epochs", 2500 // (4000 // 16)),
    ("early_stop_warmup_steps / steps per epoch", "training.early_stopping_warmup_epochs", 28000 // (4000 // 16)),
    ("conv_dim_z", "branch_z.conv_dim", [512] * 7),
    ("conv_dim_s", "branch_s.conv_dim", [192] * 7),
    ("hidden_size", "branch_z.hidden_size", 512),
    ("proj_codevector_dim_z", "network.projection_dim", 192),
    ("proj_intermediate_dim", "branch_s.hidden_size", 512),
    ("z_latent_dim", "branch_z.latent_dim", 48),
    ("s_latent_dim", "branch_s.latent_dim", 24),
    ("attention_heads_s", "branch_s.attention_heads", 6),
    ("project_OCs", "network.project_components", True),
    ("max_frames_per_batch", "branch_z.frames", 100),
    ("decomp_loss_s_weight, which nothing reads", "branch_s.decomposition_weight", 1.0),
    ("(the code itself, with mel)", "network.absent", "encoded"),
    ("divergence_type", "loss.divergence", "js"),
    ("prior_reg_weighting_z", "branch_z.prior_weight", 10.0),
    ("prior_reg_weighting_s", "branch_s.prior_weight", 400.0),
    ("input_type", "input", "mel"),
    ("NoC_seq", "branch_s.n_components", 3),
    ("seed", "seed", 0),
]
AUTOENCODER = [
    ("per_device_train_batch_size", "training.batch_size", 8),
    ("num_train_epochs", "training.max_epochs", 150),
    ("learning_rate", "branch_z.learning_rate", 1e-4),
    ("lr_scheduler_type", "branch_z.scheduler", "linear"),
    ("num_warmup_steps", "branch_z.warmup_steps", 10000),
    ("early_stop_warmup_steps / steps per epoch", "training.early_stopping_warmup_epochs", 56000 // (4000 // 8)),
    ("clip_grad_value", "training.clip_norm", 1.0),
    ("vae_fc_dims", "autoencoder.widths", [2048, 1024, 512, 512, 512, 256, 256]),
    ("vae_z_dim", "autoencoder.latent_dim", 48),
]
# Of the corpora: the run, and what differs from the above.
CORPORA = [
    ("TIMIT EWT (β=0)", "per_device_train_batch_size", "training.batch_size", 1),
    ("TIMIT EWT (β=0)", "num_warmup_steps", "branch_z.warmup_steps", 8650),
    ("TIMIT EWT (β=0)", "early_stop_warmup_steps / 3458", "training.early_stopping_warmup_epochs", 41568 // 3458),
    ("TIMIT EWT (β=0)", "project_OCs", "network.project_components", False),
    ("TIMIT EWT (β=0)", "z_latent_dim", "branch_z.latent_dim", 64),
    ("TIMIT EWT (β=0)", "s_latent_dim", "branch_s.latent_dim", 32),
    ("TIMIT EWT (β=0)", "max_frames_per_batch", "branch_z.frames", 178),
    ("TIMIT EWT (β=0)", "NoC", "n_components", 4),
    ("TIMIT EWT (β=0)", "NoC_seq", "branch_s.n_components", 5),
    ("TIMIT VAE", "vae_z_dim", "autoencoder.latent_dim", 64),
    ("TIMIT VAE", "num_warmup_steps", "branch_z.warmup_steps", 8660),
    ("TIMIT VAE", "early_stop_warmup_steps / 433", "training.early_stopping_warmup_epochs", 41568 // 433),
    ("IEMOCAP from TIMIT without 1F", "per_device_train_batch_size", "training.batch_size", 8),
    ("IEMOCAP from TIMIT without 1F", "learning_rate", "branch_z.learning_rate", 5e-6),
    ("IEMOCAP from TIMIT without 1F", "lr_scheduler_type", "branch_s.scheduler", "constant"),
    ("IEMOCAP from TIMIT without 1F", "num_train_epochs", "training.max_epochs", 25),
    ("IEMOCAP from TIMIT without 1F", "max_frames_per_batch", "branch_z.frames", 175),
]
# Section `decomposition` (VMD's init 2 is random).
DECOMPOSITION = [
    ("(the code itself)", "preset", "published"),
    ("(the code itself)", "peaks.search", "published"),
    ("(the code itself)", "absent_place", "published"),
    ("ewt_filter_length", "ewt.smoothing_bins", 10),
    ("notch_band_low", "notch.lower_hz", 55.0),
    ("notch_band_high", "notch.upper_hz", 70.0),
    ("lower_speech_freq", "peaks.lower_hz", 50.0),
    ("higher_speech_freq", "peaks.upper_hz", 5000.0),
    ("detection_intervals", "peaks.n_intervals", 5),
    ("power_law", "peaks.power_law", 0.8),
    ("N_peaks_to_select", "peaks.peaks_per_interval", 6),
    ("global_thres", "peaks.global_threshold", 0.001),
    ("prom_thres", "peaks.prominence_threshold", 0.01),
    ("min_distance", "peaks.min_distance_hz", 150.0),
    ("peak_bandwidth", "peaks.bandwidth_hz", 200.0),
    ("buttord", "filter.order", 2),
    ("emd_spline_kind", "emd.spline", "pchip"),
    ("emd_max_iter", "emd.max_iterations", 1000),
    ("emd_energy_ratio_thr", "emd.energy_ratio_threshold", 0.005),
    ("emd_std_thr", "emd.std_threshold", 0.1),
    ("emd_svar_thr", "emd.scaled_variance_threshold", 0.01),
    ("emd_extrema_detection", "emd.extrema", "simple"),
    ("vmd_alpha", "vmd.alpha", 1500.0),
    ("vmd_tol", "vmd.tolerance", 1e-8),
    ("vmd_init", "vmd.init", "random"),
    ("ewt_completion", "ewt.completion", False),
    ("ewt_filter", "ewt.smoothing", "gaussian"),
    ("ewt_filter_sigma", "ewt.smoothing_sigma_bins", 2.0),
]


@pytest.fixture(scope="module")
def paper():
    return load_config([ROOT / "config/config.yaml", ROOT / "config/paper.yaml"])


def value_of(settings, key):
    for part in key.split("."):
        settings = settings[part]
    return settings


@pytest.fixture(scope="module")
def runs(paper):
    return {run.label: run for run in resolve_runs(paper).values()}


@pytest.mark.parametrize(("published", "key", "value"), DECVAE)
def test_decvae(runs, published, key, value):
    assert value_of(runs["published EWT (β=1)"].settings, key) == value


@pytest.mark.parametrize(("published", "key", "value"), AUTOENCODER)
@pytest.mark.parametrize("label", ["AE", "VAE", "β-VAE (βz=40)"])
def test_autoencoders(runs, label, published, key, value):
    assert value_of(runs[label].settings, key) == value


@pytest.mark.parametrize(("label", "published", "key", "value"), CORPORA)
def test_corpora_of_speech(runs, label, published, key, value):
    assert value_of(runs[label].settings, key) == value


def test_zero_shot_runs_have_the_settings_of_their_source(runs):
    for label, source in (
        ("VOC-ALS from SimVowels EWT (β=1)", "C=4 EWT (β=1)"),
        ("VOC-ALS VAE from TIMIT", "TIMIT VAE"),
    ):
        run = runs[label]
        assert run.source is runs[source] and run.adaptation == "none" and run.settings["corpus"] == "voc_als"


def test_every_speaker_is_left_out_once(paper, runs):
    for label in ("IEMOCAP from SimVowels", "IEMOCAP from TIMIT", "IEMOCAP VAE from TIMIT", "IEMOCAP PCA"):
        folds = [run.settings["corpus"] for name, run in runs.items() if name.startswith(f"{label} without")]
        tests = [paper.corpora[fold].test_speakers for fold in folds]
        assert sorted(tests) == [(f"Ses0{session}{letter}",) for session in range(1, 6) for letter in "FM"]
        assert all(
            paper.corpora[fold].dev_speakers[0][:5] == out[0][:5] for fold, out in zip(folds, tests, strict=True)
        )


@pytest.mark.parametrize(("published", "key", "value"), DECOMPOSITION)
def test_decompositions(paper, published, key, value):
    assert value_of(paper.decomposition.plain(), key) == value


def test_corpus(paper):
    corpus = paper.corpora["sim_vowels"]
    assert (corpus.snr_db, corpus.n_vowels, corpus.utterance_seconds) == (15.0, 5, 4.0)
    assert corpus.n_utterances.plain() == {"train": 4000, "dev": 500, "test": 300}


def test_ablations(runs):
    """The settings of the exported results: decompositions by betas, components, shares of frames, branches."""
    simulated = [run.settings for run in runs.values() if run.settings["corpus"] == "sim_vowels"]
    published = [own for own in simulated if own.get("objective") == "published"]
    grid = {
        (own["decomposition"], own["n_components"], own.get("branch_z", {}).get("frames"), own["branches"])
        for own in published
    }
    betas = {0.0, 0.1, 1.0, 5.0, 10.0, 20.0, 40.0}
    whole = [
        own
        for own in published
        if own["branches"] == "dual" and own["n_components"] == 3 and own["branch_z"]["frames"] == 100
    ]
    assert {(own["decomposition"], own["branch_z"]["beta"]) for own in whole} == {
        (method, beta) for method in ("filter", "ewt", "vmd", "emd") for beta in betas
    }
    assert {("filter", 3, f"{share}%", "dual") for share in (10, 20, 30, 40, 60, 70, 80, 90)} <= grid
    assert {(method, c, 100, "dual") for method in ("filter", "ewt") for c in (2, 3, 4)} <= grid
    assert {own["branch_s"]["beta"] for own in published if own["branches"] == "S"} == {0.0, 0.1, 1.0}
