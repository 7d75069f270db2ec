"""Labels of runs: names as in the paper, with what tells runs of one name apart."""

from __future__ import annotations

from collections.abc import Sequence

from decvae.names.models import MODELS, PAIRED_KEYS, decvae_name
from decvae.settings.branches import SECTIONS
from decvae.study.keys import Settings, dotted
from decvae.study.lineage import lineage_label

# How labels call a key; others by their last part, those of a branch with its letter.
LABEL_SYMBOLS = {
    "beta": "β",
    "branch_z.beta": "βz",
    "branch_s.beta": "βs",
    "n_components": "C",
    "branch_s.n_components": "C_seq",
    "branch_z.frames": "frames",
    "branch_s.frames": "sequence_frames",
}


def name_in_label(key: str) -> str:
    """How labels call a key of a run.

    >>> name_in_label("branch_z.beta"), name_in_label("branch_s.latent_dim"), name_in_label("loss.pairing")
    ('βz', 'latent_dim_s', 'pairing')
    """
    section, _, last = key.rpartition(".")
    return LABEL_SYMBOLS.get(key, f"{last}_{section[-1]}" if section in SECTIONS.values() else last)


def labels_of(settings: list[Settings], given: list[str | None], *left_out: str) -> list[str]:
    """Given labels, or names as in the paper with whatever settings, but those left out, tell runs apart."""
    labels = [label or "" for label in given]
    groups: dict[str, dict[int, Settings]] = {}
    for place, own in enumerate(settings):
        if not labels[place]:
            groups.setdefault(_base_label(own), {})[place] = dotted(own)
    for name, group in groups.items():
        first = next(iter(group.values()))
        differing = {key for flat in group.values() for key in first.keys() | flat if flat.get(key) != first.get(key)}
        differing -= set(left_out)
        for place, flat in group.items():
            labels[place] = name + _differences(flat, [key for key in flat if key in differing])
    return labels


def unseeded_labels(swept: Sequence[str | None], resolved: list[Settings], settings: list[Settings]) -> list[str]:
    """Labels, those of sweeps or others, without the seeds of the runs and of those that they start from."""
    given = [name or full["label"] for name, full in zip(swept, resolved, strict=True)]
    names = {full["label"]: name for full, name in zip(resolved, given, strict=True) if full["label"]}
    sourced = [
        {**own, "start_from": {**own["start_from"], "run": names[own["start_from"]["run"]]}}
        if own.get("start_from", {}).get("run") in names
        else own
        for own in settings
    ]
    return labels_of(sourced, given, "seed")


def _base_label(settings: Settings) -> str:
    model = settings["model"]
    if model == "raw":
        name = f"raw {settings['input']}"
    elif model != "decvae":
        name = MODELS[model].label
    else:
        name = decvae_series(settings, (settings.get("branch_z") or settings["branch_s"])["beta"])
    return name + lineage_label(settings)


def decvae_series(settings: Settings, beta: float | None) -> str:
    """Name of a DecVAE by its beta, decomposition, objective and kind of encoder."""
    dense = " dense" if has_dense_encoder(settings) else ""
    return f"{decvae_name(beta, settings['decomposition'])} {settings['objective']}{dense}"


def has_dense_encoder(settings: Settings) -> bool:
    """The frames of a DecVAE are encoded by fully connected layers."""
    return settings.get("branch_z", {}).get("encoder") == "dense"


def _differences(flat: Settings, keys: list[str]) -> str:
    for name, pair in reversed(PAIRED_KEYS.items()):
        if set(pair) <= set(keys) and len({flat[key] for key in pair}) == 1:
            flat = {**flat, name: flat[pair[0]]}
            keys = [name, *(key for key in keys if key not in pair)]
    values = {name_in_label(key): f"{flat[key]:g}" if isinstance(flat[key], float) else flat[key] for key in keys}
    return f" ({', '.join(f'{name}={value}' for name, value in values.items())})" if values else ""
