"""Print the parameters of a DecVAE by module: ``python -m decvae.models.auto [CHECKPOINT]``."""

import argparse

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_decvae import DecVAEModel
from decvae.models.parameters import parameter_counts, parameter_table


def main(arguments: list[str] | None = None) -> None:
    """Print the number of parameters of every module of a DecVAE."""
    parser = argparse.ArgumentParser(prog="python -m decvae.models.auto", description=main.__doc__)
    parser.add_argument("checkpoint", nargs="?", help="folder with a config.json (default: the published architecture)")
    folder = parser.parse_args(arguments).checkpoint
    config = DecVAEConfig(branch_z={"conv_norm": "batch"}) if folder is None else DecVAEConfig.from_pretrained(folder)
    print(parameter_table(parameter_counts(DecVAEModel(config))))


if __name__ == "__main__":
    main()
