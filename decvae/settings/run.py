"""Settings of a run: one trained model."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainValidator
from pydantic_core import PydanticCustomError

from decvae.settings.base import Distinct, Items, Section, setting
from decvae.settings.branches import Widths
from decvae.settings.decomposition import Method, SharedDecomposition
from decvae.settings.evaluation import Checkpoint
from decvae.settings.objective import FrameBranch, LossSettings, SequenceBranch
from decvae.settings.training import SupervisedSettings, TrainingSettings


class NetworkSettings(Section):
    """Sizes and choices of DecVAE that both branches share."""

    skip_connections: bool = setting(False, "Skip connections around every layer of an encoder but the first.")
    projection_dim: int = setting(192, "Size of the features in the decomposition loss.", ge=1)
    absent: Literal["embedding", "zeros", "encoded"] = setting(
        "embedding",
        "Features of a component that is not there: learned ones, zeros, or what the encoder makes of its constant "
        "input (published, with mel).",
    )
    project_components: bool = setting(False, "Also learn one latent of all components (OCs_proj).")


class AutoencoderSettings(Section):
    """Sizes of the autoencoders ae, vae and beta_vae."""

    widths: Widths = setting(
        [2048, 1024, 512, 512, 512, 256, 256], "Widths of the encoder's layers; the decoder mirrors them."
    )
    latent_dim: int = setting(48, "Latent size.", ge=1)


class LinearSettings(Section):
    """Settings of the baselines pca, ica and kpca."""

    n_components: int = setting(20, "Components kept.", ge=1)


class KernelSettings(Section):
    """Settings of kernel PCA (Gaussian kernel)."""

    n_landmarks: int = setting(2000, "Training frames drawn to fit on; time grows with the cube.", ge=2)
    gamma: float | None = setting(
        None, "1 / (2 width^2) of the kernel; null takes 1 / (values of a frame x their variance).", gt=0
    )


class StartSettings(Section):
    """A checkpoint whose weights a run starts from."""

    run: str | None = setting(None, "Label of another entry of `runs`.")
    checkpoint: Checkpoint = setting(
        "best", "Which of that run's checkpoints: init, best, last or a periodic one such as epoch-0010."
    )
    path: str | None = setting(None, "Folder of any other checkpoint, with config.json and model.safetensors.")


def _mapping(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise PydanticCustomError("model_type", "a section of keys")
    return value


class RunSettings(Section):
    """One run; an entry of `runs` has the keys that differ from `run_defaults`."""

    corpus: str = setting("sim_vowels", "One of `corpora`.")
    model: Literal["decvae", "ae", "vae", "beta_vae", "pca", "ica", "kpca", "raw"] = setting(
        "decvae", "The model; ae and vae are the autoencoder with beta 0 and 1, raw is the input itself."
    )
    label: str | None = setting(None, "Name in figures; null makes one from the settings, as in the paper.")
    objective: Literal["published", "corrected", "centred"] = setting(
        "centred",
        "Objective of DecVAE; the named value of `loss_space`, of every key of `loss`, and of norms and `prior_weight` "
        "of the branches that is null.",
    )
    loss_space: Literal["features", "latents"] | None = setting(
        None,
        "Where DecVAE's decomposition loss acts: on the projected features or on the posterior means; null is "
        "features.",
    )
    decomposition: Method = setting(
        "filter", "How signals are decomposed; filter bank (FD), empirical wavelets, variational or empirical modes."
    )
    # Checked once it is laid over `decomposition`.
    decomposition_overrides: Annotated[
        dict[str, Any],
        PlainValidator(_mapping, json_schema_input_type=SharedDecomposition),
        Field(json_schema_extra={"partial": True}),
    ] = setting({}, "Keys of `decomposition` (but device) that are different for a run, such as its boundaries.")
    n_components: int = setting(
        3, "Components of a frame; and of a sequence, unless `branch_s.n_components` says otherwise.", ge=2, le=12
    )
    input: Literal["mel", "waveform", "fft"] = setting("mel", "Input of the model.")
    branches: Literal["dual", "Z", "S"] = setting(
        "dual", "Latents of DecVAE; Z of frames, S of sequences, or both (dual)."
    )
    seed: int = setting(0, "Seed of weights, batches and sampling; `seed` is added to it.", ge=0)
    sweep: dict[
        str,
        Annotated[
            Items[Any],
            Field(
                min_length=1,
                description="Values of one axis: a key of a run such as seed or branch_z.frames, beta for both priors, "
                "or overlays (sections to lay over the entry).",
            ),
        ],
    ] = setting(
        {},
        "Axes to cross: one run for every combination of their values; in `run_defaults`, for every entry whose model "
        "has a use for the key.",
    )
    start_from: StartSettings | None = setting(
        None,
        "A checkpoint whose weights the run starts from, wherever name and shape agree; null starts from scratch.",
    )
    adaptation: Literal["none", "objective", "supervised"] = setting(
        "objective",
        "How a run is trained; not at all (zero-shot: the source as it is, with its settings), by the objective of its "
        "model, or by labels, too.",
    )
    freeze: Distinct[str] = setting(
        (),
        "Parts that training leaves alone, such as encoder_z, project_z, subspaces_z, branch_s (a wrong name lists "
        "all).",
    )
    supervised: SupervisedSettings = setting(
        SupervisedSettings(), "Classification head of a run with adaptation supervised."
    )
    branch_z: FrameBranch = setting(
        FrameBranch(),
        "Branch Z of DecVAE, latents of frames; beta, frames, learning rate and schedule are those of the "
        "autoencoders, too.",
    )
    branch_s: SequenceBranch = setting(SequenceBranch(), "Branch S of DecVAE, latents of sequences.")
    network: NetworkSettings = setting(NetworkSettings(), "Sizes and choices of DecVAE that both branches share.")
    loss: LossSettings = setting(LossSettings(), "Options of DecVAE's loss; one that is null is what `objective` says.")
    autoencoder: AutoencoderSettings = setting(AutoencoderSettings(), "Sizes of the autoencoders ae, vae and beta_vae.")
    linear: LinearSettings = setting(LinearSettings(), "Settings of the baselines pca, ica and kpca.")
    kernel: KernelSettings = setting(KernelSettings(), "Settings of kernel PCA (Gaussian kernel).")
    training: TrainingSettings = setting(TrainingSettings(), "Optimisation of all models that are trained by steps.")
