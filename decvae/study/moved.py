"""Keys of runs that stand somewhere else now, for configurations of before."""

from __future__ import annotations

from collections.abc import Iterator

from decvae.study.keys import Settings

# Where a key of a run stands now, by where it stood once.
MOVED = {
    **{f"beta_{letter}": f"branch_{letter}.beta" for letter in "zs"},
    "n_components_seq": "branch_s.n_components",
    "loss.frames": "branch_z.frames",
    "loss.sequence_frames": "branch_s.frames",
    "loss.decomposition_weight_s": "branch_s.decomposition_weight",
    **{f"loss.prior_weight_{letter}": f"branch_{letter}.prior_weight" for letter in "zs"},
    "network.frame_encoder": "branch_z.encoder",
    "network.sequence_encoder": "branch_s.encoder",
    "network.sequence_pooling": "branch_s.pooling",
    "network.attention_heads": "branch_s.attention_heads",
    "network.feat_extract_norm": "branch_z.conv_norm",
    "network.dense_norm": "branch_z.dense_norm",
    "network.hidden_size": "branch_z.hidden_size",
    "network.intermediate_dim": "branch_s.hidden_size",
    **{
        f"{section}.{key}_{letter}": f"branch_{letter}.{key}"
        for section, keys in {
            "network": ("conv_dim", "dense_dim", "latent_dim"),
            "training": ("learning_rate", "scheduler", "scheduler_kwargs", "warmup_steps"),
        }.items()
        for key in keys
        for letter in "zs"
    },
}


def moved_keys(config: Settings) -> Iterator[str]:
    """A sentence on every such key of ``run_defaults`` and of the entries of ``runs``, sweeps expanded."""
    runs = config.get("runs", [])
    owners = {"run_defaults": config.get("run_defaults")}
    owners |= {f"runs[{place}]": run for place, run in enumerate(runs if isinstance(runs, list) else [])}
    for owner, values in owners.items():
        for old, new in MOVED.items():
            section, _, last = old.rpartition(".")
            found = values.get(section) if section and isinstance(values, dict) else values
            if isinstance(found, dict) and last in found:
                yield f"`{owner}.{old}` is `{new}` now: keys of one branch stand in a section of that branch."
