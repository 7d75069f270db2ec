"""Configuration of DecVAE (Hugging Face form)."""

from __future__ import annotations

from typing import Any

from transformers import PreTrainedConfig

from decvae.settings.objective import LOSS_OPTIONS, NORM_OPTIONS, ObjectiveSettings

BRANCHES = ("dual", "Z", "S")
FRAME_ENCODERS = ("conv", "dense")
NORMS = ("group", "layer", "batch", "batch_running", "instance")
DENSE_NORMS = NORMS[1:]
SEQUENCE_ENCODERS = ("conv", "fc")
POOLINGS = ("attention", "lstm", "average", "max")
ABSENT = ("embedding", "zeros")


class DecVAEConfig(PreTrainedConfig):
    """Architecture and objective of a DecVAE; the defaults are the published SimVowels model.

    Attributes
    ----------
    n_components, n_components_seq : int
        Oscillatory components C of frames (branch Z) and of sequences (branch S), 2 to 12.
    branches : {"dual", "Z", "S"}
    frame_length : int
        Values of one frame's input (400: a 25 ms waveform at 16 kHz, or 80 mel bands x 5 columns).
    frame_encoder : {"conv", "dense"}
        Encoder of branch Z: the seven convolutions, or fully connected layers over the whole frame, which cost a
        tenth on a CPU.
    sequence_encoder : {"conv", "fc"}
        Encoder of branch S: the seven convolutions, or fully connected layers over abutting frames.
    conv_dim_z, conv_dim_s : list of int
        Channels of the seven convolution layers of each branch.
    dense_dim_z, dense_dim_s : list of int
        Widths of the fully connected layers of each branch.
    skip_connections : bool
        Around every layer of an encoder but the first, see :class:`decvae.models.encoders.EncoderLayer`.
    sequence_pooling : {"attention", "lstm", "average", "max"}
        How branch S makes one vector of the steps of a sequence; padding never counts.
    feat_extract_norm : {"group", "layer", "batch", "batch_running", "instance"}
        Norm of branch Z's convolutions and of its feature projection. ``group`` and ``layer`` are those of wav2vec2;
        group: statistics of each channel over time, after the first convolution only (the projection then has layer
        norm); layer: over channels at every step, after each convolution; it hides the level of each mel band.
        ``batch`` (published), ``batch_running`` and ``instance``: statistics of each channel and level over frames and
        time, see :class:`decvae.models.norms.LevelNorm`. Branch S has layer norm, whose statistics do not see padding.
    dense_norm : {"layer", "batch", "batch_running", "instance"}
        The same where branch Z has fully connected layers.
    conv_kernel, conv_stride : list of int
        The wav2vec2 feature encoder: receptive field 400, total stride 320.
    hidden_size : int
        Width of the feature projection of branch Z.
    intermediate_dim : int
        Inner width of the projectors that end in ``projection_dim``.
    projection_dim : int
        Width of the features on which the decomposition loss acts.
    latent_dim_z, latent_dim_s : int
        Width of every subspace of each branch.
    attention_heads : int
        Heads of ``sequence_pooling: attention``; must divide ``projection_dim``.
    absent : {"embedding", "zeros"}
        Features of a component that a frame or sequence does not have: learned, one vector per component, or zeros.
    project_components : bool
        Add the subspace OCs_proj, a learned combination of all components.
    objective : {"published", "corrected", "centred"}
        A named objective.
    loss : dict, optional
        Options of :class:`decvae.settings.objective.ObjectiveSettings` in place of the named ones; stored complete.
    loss_space : {"features", "latents"}, optional
        Where the decomposition loss acts: on the projected features (published; the heads then see the prior alone), or
        on the posterior means of X, OC1..OCC, which are what is evaluated. None: as the named objective says.
    beta_z, beta_s : float
        Weights of the prior terms, at least 0.
    decomposition_weight_s : float
        Weight of branch S's decomposition loss beside branch Z's.
    classifier : dict or None
        The head of a fine-tuned model; see :mod:`decvae.models.classification`.
    preprocessing : dict
        How inputs were made (sampling rate, framing, decomposition, features); what ``DecVAEModel.encode`` goes by.
    """

    model_type = "decvae"

    def __init__(
        self,
        n_components: int = 3,
        n_components_seq: int = 3,
        branches: str = "dual",
        frame_length: int = 400,
        frame_encoder: str = "conv",
        sequence_encoder: str = "conv",
        dense_dim_z: list[int] | None = None,
        dense_dim_s: list[int] | None = None,
        conv_dim_z: list[int] | None = None,
        conv_dim_s: list[int] | None = None,
        feat_extract_norm: str | None = None,
        dense_norm: str | None = None,
        conv_kernel: list[int] | None = None,
        conv_stride: list[int] | None = None,
        skip_connections: bool = False,
        sequence_pooling: str = "attention",
        hidden_size: int = 512,
        intermediate_dim: int = 512,
        projection_dim: int = 192,
        latent_dim_z: int = 48,
        latent_dim_s: int = 24,
        attention_heads: int = 6,
        absent: str = "embedding",
        project_components: bool = False,
        layer_norm_eps: float = 1e-5,
        initializer_range: float = 0.02,
        objective: str = "centred",
        loss: dict[str, Any] | None = None,
        loss_space: str | None = None,
        beta_z: float = 0.1,
        beta_s: float = 0.1,
        decomposition_weight_s: float = 1.0,
        preprocessing: dict[str, Any] | None = None,
        classifier: dict[str, Any] | None = None,
        **kwargs,
    ):
        self.n_components = n_components
        self.n_components_seq = n_components_seq
        self.branches = branches
        self.frame_length = frame_length
        self.frame_encoder = frame_encoder
        self.sequence_encoder = sequence_encoder
        self.dense_dim_z = list(dense_dim_z or [512, 512])
        self.dense_dim_s = list(dense_dim_s or [192, 192])
        self.conv_dim_z = list(conv_dim_z or [512] * 7)
        self.conv_dim_s = list(conv_dim_s or [192] * 7)
        self.conv_kernel = list(conv_kernel or [10, 3, 3, 3, 3, 2, 2])
        self.conv_stride = list(conv_stride or [5, 2, 2, 2, 2, 2, 2])
        self.skip_connections = skip_connections
        self.sequence_pooling = sequence_pooling
        self.hidden_size = hidden_size
        self.intermediate_dim = intermediate_dim
        self.projection_dim = projection_dim
        self.latent_dim_z = latent_dim_z
        self.latent_dim_s = latent_dim_s
        self.attention_heads = attention_heads
        self.absent = absent
        self.project_components = project_components
        self.layer_norm_eps = layer_norm_eps
        self.initializer_range = initializer_range
        self.objective = objective
        settings = ObjectiveSettings.named(
            objective,
            loss_space=loss_space,
            feat_extract_norm=feat_extract_norm,
            dense_norm=dense_norm,
            **(loss or {}),
        )
        self.loss = {name: getattr(settings, name) for name in LOSS_OPTIONS}
        self.loss_space = settings.loss_space
        self.feat_extract_norm = settings.feat_extract_norm
        self.dense_norm = settings.dense_norm
        self.beta_z = beta_z
        self.beta_s = beta_s
        self.decomposition_weight_s = decomposition_weight_s
        self.preprocessing = preprocessing or {}
        self.classifier = classifier
        super().__init__(**kwargs)
        self.check()

    def check(self) -> None:
        """Raise ValueError naming the first value that no DecVAE can have."""
        for name in ("n_components", "n_components_seq"):
            if not 2 <= getattr(self, name) <= 12:
                raise ValueError(f"{name} must be 2 to 12, found {getattr(self, name)}")
        choices = {
            "branches": BRANCHES,
            "frame_encoder": FRAME_ENCODERS,
            "feat_extract_norm": NORMS,
            "dense_norm": DENSE_NORMS,
            "sequence_encoder": SEQUENCE_ENCODERS,
            "sequence_pooling": POOLINGS,
            "absent": ABSENT,
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, found {getattr(self, name)!r}")
        for name in ("conv_dim_z", "conv_dim_s", "conv_stride"):
            if len(getattr(self, name)) != len(self.conv_kernel):
                raise ValueError(f"{name} must name {len(self.conv_kernel)} layers, found {getattr(self, name)}")
        for name in ("beta_z", "beta_s", "decomposition_weight_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be at least 0, found {getattr(self, name)}")
        attends = self.has_s and self.sequence_pooling == "attention"
        if attends and self.projection_dim % self.attention_heads:
            raise ValueError(
                f"attention_heads ({self.attention_heads}) must divide projection_dim ({self.projection_dim})"
            )
        length = self.frame_length
        for kernel, stride in zip(self.conv_kernel, self.conv_stride, strict=True):
            length = (length - kernel) // stride + 1
        if length != 1:
            raise ValueError(f"a frame of {self.frame_length} values leaves {length} steps after the encoder, not 1")

    @property
    def objective_settings(self) -> ObjectiveSettings:
        """The objective with all its options."""
        others = {name: getattr(self, name) for name in ("loss_space", *NORM_OPTIONS)}
        return ObjectiveSettings(**self.loss, **others)

    @property
    def has_z(self) -> bool:
        """Branch Z (frames) is present."""
        return self.branches in ("dual", "Z")

    @property
    def has_s(self) -> bool:
        """Branch S (sequences) is present."""
        return self.branches in ("dual", "S")

    def subspaces(self, branch: str) -> list[str]:
        """Names of the subspaces of a branch, in the order of ``mu``: X, OC1..OCC, then OCs_proj if projected."""
        count = self.n_components if branch == "Z" else self.n_components_seq
        return ["X", *(f"OC{c + 1}" for c in range(count)), *(["OCs_proj"] if self.project_components else [])]
