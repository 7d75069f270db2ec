"""What a study was made of, as a page: versions, runs, and the whole configuration."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version

import yaml

from decvae import __version__
from decvae.artifacts import settings_hash
from decvae.reporting.tables import table

LIBRARIES = ("torch", "transformers", "numpy", "scipy", "scikit-learn", "pandas", "umap-learn")
COLUMNS = ("label", "model", "objective", "corpus", "decomposition", "n_components", "input", "seed", "run")


def study_record(config: Mapping[str, object], runs: Sequence[Mapping[str, object]]) -> str:
    """The page in Markdown.

    Parameters
    ----------
    config : mapping
        The completed configuration.
    runs : sequence of mappings
        Columns that identify each run.
    """
    versions = {"decvae": __version__, "python": platform.python_version()}
    versions |= {name: version(name) for name in LIBRARIES}
    rows = [["" if run.get(column) is None else str(run[column]) for column in COLUMNS] for run in runs]
    return "\n".join(
        [
            "# Parameters and provenance\n",
            f"Configuration {settings_hash(config, 12)}, seed {config['seed']}, {len(runs)} runs.\n",
            table(["library", "version"], list(versions.items())),
            "## Runs\n",
            table(COLUMNS, rows),
            "## Configuration\n",
            f"```yaml\n{yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True).rstrip()}\n```\n",
        ]
    )
