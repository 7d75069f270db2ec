"""Configuration of DecVAE (Hugging Face form)."""

from __future__ import annotations

from typing import Any

from transformers import AutoConfig, PreTrainedConfig

from decvae.artifacts import as_plain
from decvae.settings.branches import FrameBranchSettings, SequenceBranchSettings
from decvae.settings.objective import LOSS_OPTIONS, ObjectiveSettings, with_objective

BRANCHES = ("dual", "Z", "S")
ABSENT = ("embedding", "zeros", "encoded")


class DecVAEConfig(PreTrainedConfig):
    """Architecture and objective of a DecVAE; the sizes are by default those of the published SimVowels model.

    Attributes
    ----------
    n_components : int
        Oscillatory components C of a frame, 2 to 12; of a sequence ``branch_s.n_components``.
    branches : {"dual", "Z", "S"}
    frame_length : int
        Values of one frame's input (400: a 25 ms waveform at 16 kHz, or 80 mel bands x 5 columns).
    branch_z : FrameBranchSettings
        Branch Z (:mod:`decvae.settings.branches`), given as such or as a dict of some of its keys. What is None, or not
        there, of its norms and of ``prior_weight`` is what the named objective says.
    branch_s : SequenceBranchSettings
        Branch S likewise.
    skip_connections : bool
        Around every layer of an encoder but the first, see :class:`decvae.models.encoders.EncoderLayer`.
    conv_kernel, conv_stride : list of int
        The wav2vec2 feature encoder: receptive field 400, total stride 320.
    projection_dim : int
        Width of the features on which the decomposition loss acts.
    absent : {"embedding", "zeros", "encoded"}
        Features of a component that a frame or sequence does not have: learned, one vector per component, zeros, or
        those of its constant input, which then also counts in the norms.
    project_components : bool
        Add the subspace OCs_proj, a learned combination of all components.
    objective : {"published", "corrected", "centred"}
        A named objective.
    loss : dict, optional
        Options of :class:`decvae.settings.objective.ObjectiveSettings` in place of the named ones; stored complete.
    loss_space : {"features", "latents"}, optional
        Where the decomposition loss acts: on the projected features (published; the heads then see the prior alone), or
        on the posterior means of X, OC1..OCC, which are what is evaluated. None: as the named objective says.
    classifier : dict or None
        The head of a fine-tuned model; see :mod:`decvae.models.classification`.
    preprocessing : dict
        How inputs were made (sampling rate, framing, decomposition, features); what ``DecVAEModel.encode`` goes by.
    """

    model_type = "decvae"

    def __init__(
        self,
        n_components: int = 3,
        branches: str = "dual",
        frame_length: int = 400,
        branch_z: FrameBranchSettings | dict[str, Any] | None = None,
        branch_s: SequenceBranchSettings | dict[str, Any] | None = None,
        conv_kernel: list[int] | None = None,
        conv_stride: list[int] | None = None,
        skip_connections: bool = False,
        projection_dim: int = 192,
        absent: str = "embedding",
        project_components: bool = False,
        layer_norm_eps: float = 1e-5,
        initializer_range: float = 0.02,
        objective: str = "centred",
        loss: dict[str, Any] | None = None,
        loss_space: str | None = None,
        preprocessing: dict[str, Any] | None = None,
        classifier: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        self.n_components = n_components
        self.branches = branches
        self.frame_length = frame_length
        self.conv_kernel = list(conv_kernel or [10, 3, 3, 3, 3, 2, 2])
        self.conv_stride = list(conv_stride or [5, 2, 2, 2, 2, 2, 2])
        self.skip_connections = skip_connections
        self.projection_dim = projection_dim
        self.absent = absent
        self.project_components = project_components
        self.layer_norm_eps = layer_norm_eps
        self.initializer_range = initializer_range
        self.objective = objective
        settings = ObjectiveSettings.named(objective, loss_space=loss_space, **(loss or {}))
        self.loss = {name: getattr(settings, name) for name in LOSS_OPTIONS}
        self.loss_space = settings.loss_space
        sections = {"branch_z": as_plain(branch_z), "branch_s": as_plain(branch_s)}
        named = with_objective({"objective": objective, **sections})
        self.branch_z = FrameBranchSettings.parse(named["branch_z"], "branch_z")
        self.branch_s = SequenceBranchSettings.parse({"n_components": n_components, **named["branch_s"]}, "branch_s")
        self.preprocessing = preprocessing or {}
        self.classifier = classifier
        super().__init__(**kwargs)
        self.check()

    def to_dict(self) -> dict[str, Any]:
        """As ``PreTrainedConfig.to_dict``, with the sections of the branches as dicts."""
        return {**super().to_dict(), "branch_z": self.branch_z.plain(), "branch_s": self.branch_s.plain()}

    def check(self) -> None:
        """Raise ValueError naming the first value that no DecVAE can have."""
        for branch in "ZS":
            if not 2 <= self.components(branch) <= 12:
                raise ValueError(f"n_components must be 2 to 12, found {self.components(branch)} of branch {branch}")
        for name, allowed in {"branches": BRANCHES, "absent": ABSENT}.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, found {getattr(self, name)!r}")
        layers = {f"{own.name}.conv_dim": own.conv_dim for own in (self.branch_z, self.branch_s)}
        for name, found in {**layers, "conv_stride": self.conv_stride}.items():
            if len(found) != len(self.conv_kernel):
                raise ValueError(f"{name} must name {len(self.conv_kernel)} layers, found {found}")
        heads = self.branch_s.attention_heads
        if self.has_s and self.branch_s.pooling == "attention" and self.projection_dim % heads:
            raise ValueError(f"branch_s.attention_heads ({heads}) must divide projection_dim ({self.projection_dim})")
        length = self.frame_length
        for kernel, stride in zip(self.conv_kernel, self.conv_stride, strict=True):
            length = (length - kernel) // stride + 1
        if length != 1:
            raise ValueError(f"a frame of {self.frame_length} values leaves {length} steps after the encoder, not 1")

    @property
    def objective_settings(self) -> ObjectiveSettings:
        """The objective with all its options."""
        return ObjectiveSettings(**self.loss, loss_space=self.loss_space)

    @property
    def has_z(self) -> bool:
        """Branch Z (frames) is present."""
        return self.branches in ("dual", "Z")

    @property
    def has_s(self) -> bool:
        """Branch S (sequences) is present."""
        return self.branches in ("dual", "S")

    def components(self, branch: str) -> int:
        """Oscillatory components of a branch ("Z" or "S")."""
        own = self.branch_s.n_components if branch == "S" else None
        return self.n_components if own is None else own

    def subspaces(self, branch: str) -> list[str]:
        """Names of the subspaces of a branch, in the order of ``mu``: X, OC1..OCC, then OCs_proj if projected."""
        return [
            "X",
            *(f"OC{c + 1}" for c in range(self.components(branch))),
            *(["OCs_proj"] if self.project_components else []),
        ]


AutoConfig.register(DecVAEConfig.model_type, DecVAEConfig)
