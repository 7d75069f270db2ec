"""Parameters of a DecVAE, counted by module: ``python -m decvae.models.parameters [CHECKPOINT]`` prints them."""

from __future__ import annotations

import argparse

from torch import nn

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_decvae import DecVAEModel

BRANCHES = {"branch_z": "Z", "branch_s": "S"}


def parameter_counts(model: DecVAEModel) -> dict[str, int]:
    """Parameters of every part of both branches, heads by subspace; the values add up to those of the model.

    >>> from decvae.models.configuration_decvae import DecVAEConfig
    >>> counts = parameter_counts(DecVAEModel(DecVAEConfig()))
    >>> counts["Z projector"], counts["Z heads of OC1"]
    (361152, 18528)
    """
    counts: dict[str, int] = {}
    for name, branch in BRANCHES.items():
        for part, module in getattr(model, name).named_children() if getattr(model, name) is not None else ():
            if part != "subspaces":
                counts[f"{branch} {_TITLES[part]}"] = _count(module)
                continue
            heads = zip(model.config.subspaces(branch), module.mean, module.logvar, strict=True)
            counts |= {f"{branch} heads of {subspace}": _count(*pair) for subspace, *pair in heads}
            if module.combine is not None:
                counts[f"{branch} combination of components"] = _count(module.combine)
            if module.absent is not None:
                counts[f"{branch} features of absent components"] = module.absent.numel()
    return counts


_TITLES = {
    "encoder": "encoder",
    "feature_norm": "feature norm",
    "feature_projection": "feature projection",
    "project": "projector",
    "pool": "pooling",
    "norm": "pooling norm",
}


def _count(*modules: nn.Module) -> int:
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def parameter_table(counts: dict[str, int]) -> str:
    """The counts and their sum as aligned lines of text."""
    rows = {**counts, "total": sum(counts.values())}
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {count:>12,}" for name, count in rows.items())


def main(arguments: list[str] | None = None) -> None:
    """Print the number of parameters of every module of a DecVAE."""
    parser = argparse.ArgumentParser(prog="python -m decvae.models.parameters", description=main.__doc__)
    parser.add_argument("checkpoint", nargs="?", help="folder with a config.json (default: the published architecture)")
    folder = parser.parse_args(arguments).checkpoint
    config = DecVAEConfig(branch_z={"conv_norm": "batch"}) if folder is None else DecVAEConfig.from_pretrained(folder)
    print(parameter_table(parameter_counts(DecVAEModel(config))))


if __name__ == "__main__":
    main()
