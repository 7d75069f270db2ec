"""Compile the loops of decomposition and scoring once, at set-up, instead of in the first job that meets each.

    python workflow/lib/compile_kernels.py

numba keeps what it compiles in `__pycache__` beside the sources, for this processor; where that folder cannot be
written, or on a machine of another kind, the first jobs compile as they come.
"""

import numpy as np

from decvae.decomposition.cache import decompose_utterance
from decvae.evaluation.metrics.boosting import fit_histogram
from decvae.evaluation.metrics.mutual_information import adjusted_mutual_information, mutual_information_score
from decvae.evaluation.metrics.sap import code_accuracies
from decvae.settings.decomposition import METHODS, DecompositionSettings

FS = 16000


def compile_kernels() -> None:
    """Decompose a tenth of a second by every method, and score a hundred rows."""
    rng = np.random.default_rng(0)
    signal = rng.standard_normal(FS // 10)
    for method in METHODS:
        decompose_utterance(signal, FS, DecompositionSettings(method=method), rng)
    codes, labels = rng.standard_normal((100, 3)).astype(np.float32), np.arange(100) % 3
    fit_histogram(codes, labels, 3, seed=0)[1](codes)
    code_accuracies(codes, labels, codes, labels)
    mutual_information_score(codes)
    adjusted_mutual_information(np.digitize(codes, [-1.0, 0.0, 1.0]), labels[:, None])


if __name__ == "__main__":
    compile_kernels()
