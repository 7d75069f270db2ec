"""What reaches a run: of all settings those that its model, its branches and its choices have a use for."""

from __future__ import annotations

from decvae.names.models import AUTOENCODERS, FIXED_BETA
from decvae.settings.branches import OBJECTIVE_KEYS, OPTIMISATION_KEYS, SECTIONS
from decvae.settings.objective import FRAME_OPTIONS, with_objective
from decvae.study.keys import Settings, chosen, merge, without
from decvae.study.lineage import lineage_settings

# Keys of a run, whole or by section, that reach every model, and those that reach some.
_COMMON_KEYS = ("corpus", "model", "decomposition", "n_components", "input", "seed")
_MODEL_KEYS: dict[str, tuple[str, ...]] = {
    "decvae": ("objective", "loss_space", "branches", "branch_z", "branch_s", "network", "loss", "training"),
    **dict.fromkeys(
        AUTOENCODERS, ("autoencoder", "training", *(f"branch_z.{key}" for key in ("beta", *OPTIMISATION_KEYS)))
    ),
    "pca": ("linear",),
    "ica": ("linear",),
    "kpca": ("linear", "kernel"),
    "raw": (),
}
_SOME_MODELS_SECTIONS = {key.partition(".")[0] for keys in _MODEL_KEYS.values() for key in keys}
# Keys of a section that one of its choices leaves without use.
_UNUSED: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    ("branch_z", "encoder"): {"dense": ("conv_dim", "conv_norm"), "conv": ("dense_dim", "dense_norm")},
    ("branch_s", "encoder"): {"fc": ("conv_dim",), "conv": ("dense_dim",)},
    ("branch_s", "pooling"): dict.fromkeys(("lstm", "average", "max"), ("attention_heads",)),
}


def reaches(model: str, key: str) -> bool:
    """A key of a run, such as ``branch_z.frames``, has a use in runs of this model."""
    if model in FIXED_BETA and key == "branch_z.beta":
        return False
    section, own = key.partition(".")[0], _MODEL_KEYS.get(model, ())
    return section not in _SOME_MODELS_SECTIONS or section in own or key in own


def component_counts(full: Settings) -> tuple[int, int]:
    """Components of frames and of sequences in settings with defaults."""
    own = full["branch_s"]["n_components"]
    return full["n_components"], full["n_components"] if own is None else own


def run_settings(full: Settings, master_seed: int) -> Settings:
    """The settings that reach a run of its model and branches."""
    model = full["model"]
    own = chosen(full, (*_COMMON_KEYS, *_MODEL_KEYS[model])) | {"seed": full["seed"] + master_seed}
    if model in FIXED_BETA:
        own = merge(own, {"branch_z": {"beta": FIXED_BETA[model]}})
    if model == "raw":
        own["linear"] = {"n_components": 0}  # nothing is reduced
    if model == "decvae":
        own = _of_its_branches(with_objective(own))
    if full["adaptation"] == "none":
        of_training = (*OBJECTIVE_KEYS[1:], *OPTIMISATION_KEYS)
        keys = [f"{section}.{key}" for section in SECTIONS.values() for key in of_training]
        own = without(own, "training", "loss", *keys)
    return own | lineage_settings(full)


def _of_its_branches(settings: Settings) -> Settings:
    """A DecVAE's settings without the section of an absent branch, and what its choices leave without use."""
    unused = {
        "Z": ["branch_s", "loss.sequence_components"],
        "S": ["branch_z", *(f"loss.{key}" for key in (*FRAME_OPTIONS, "sequence_components"))],
    }
    keys = unused.get(settings["branches"], [])
    for (section, choice), others in _UNUSED.items():
        keys += [f"{section}.{key}" for key in others.get(settings[section][choice], ())]
    sequences = {"n_components": settings["n_components"], **settings["branch_s"]}
    return without({**settings, "branch_s": sequences}, *keys)
