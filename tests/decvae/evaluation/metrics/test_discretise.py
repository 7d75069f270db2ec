import numpy as np

from decvae.evaluation.metrics.discretise import discretise


def test_bins_equal_the_reference_expression():
    z = np.random.default_rng(0).normal(size=(500, 4))
    expected = [np.digitize(code, np.histogram(code, 30)[1][:-1]) for code in z.T]
    assert np.array_equal(discretise(z), np.stack(expected, axis=1))


def test_bins_run_from_one_to_n_bins():
    bins = discretise(np.linspace(-1, 3, 101)[:, None], n_bins=4)[:, 0]
    assert bins.tolist() == [1] * 25 + [2] * 25 + [3] * 25 + [4] * 26


def test_float32_and_float64_codes_share_their_bins():
    z = np.random.default_rng(1).normal(size=(1000, 3)).astype(np.float32)
    assert np.array_equal(discretise(z), discretise(z.astype(np.float64)))
