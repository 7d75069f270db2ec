"""The record of a study."""

import yaml

from decvae.artifacts import settings_hash
from decvae.reporting.record import study_record


def test_the_record_holds_the_whole_configuration():
    config = {"seed": 3, "runs": [{"model": "vae", "label": "β-VAE"}]}
    page = study_record(config, [{"label": "β-VAE", "model": "vae", "run": "vae-s3", "seed": 3, "objective": None}])
    assert yaml.safe_load(page.split("```yaml\n")[1].split("```")[0]) == config
    assert "| β-VAE | vae |  |" in page and settings_hash(config, 12) in page and "seed 3, 1 runs" in page
