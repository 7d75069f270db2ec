"""Latent responses on the controlled set."""

import json

import numpy as np
import pandas as pd

from decvae.analysis.traversal import cell_statistics, eta_squared, response_tables
from decvae.evaluation.encode import SplitFiles, encode_splits
from decvae.training.pretrain import pretrain_run


def test_cell_statistics_equal_pandas_and_empty_cells_are_nan():
    rng = np.random.default_rng(0)
    values, cells = rng.standard_normal((40, 3)), rng.integers(4, size=40)
    mean, sd, count = cell_statistics(values, cells, 5)
    grouped = pd.DataFrame(values).groupby(cells)
    np.testing.assert_allclose(mean[:4], grouped.mean())
    np.testing.assert_allclose(sd[:4], grouped.std())
    assert count.tolist() == [*grouped.size(), 0]
    assert np.isnan(mean[4]).all()
    assert np.isnan(sd[4]).all()


def test_eta_squared_at_its_limits():
    codes = np.repeat([3, 7, 9], 20)
    values = np.stack([codes.astype(float), np.tile([0.0, 1.0], 30), np.ones(60)], axis=1)
    np.testing.assert_allclose(eta_squared(values, codes), [1, 0, 0], atol=1e-12)


def test_responses_of_a_run(study, run_settings, tmp_path):
    run_settings["training"]["max_epochs"] = 1
    pretrain_run(run_settings, study.features["train"], study.features["dev"], tmp_path, device="cpu", fingerprint="x")
    latents = tmp_path / "traversal.h5"
    own = SplitFiles("traversal", study.features["traversal"], study.traversal, latents)
    encode_splits(tmp_path, "best", [own])
    content, table = response_tables(latents, ["vowel", "speaker"])
    assert len(content["cells"]) == 5 * 6
    assert set(content["subspaces"]) == {"X", "OC1", "OC2", "OC3"}
    json.dumps(content, allow_nan=False)
    assert np.array(content["subspaces"]["OC2"]["mean"]).shape == (30, 6)
    eta = np.array([content["subspaces"]["X"]["eta_squared"][name] for name in ("vowel", "speaker")])
    assert ((eta >= 0) & (eta <= 1)).all()
    assert len(table) == 4 * 30 * 6
    row = table[(table.subspace == "X") & (table.dimension == 2)].iloc[7]
    assert row["mean"] == content["subspaces"]["X"]["mean"][7][2]
    assert (row.factor_vowel, row.factor_speaker) == content["cells"][7] == ("e", "0.805")
