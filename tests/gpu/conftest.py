"""Tests of the GPU paths. They need a GPU that torch can use and are skipped, with this reason, where there is none.

pytest tests/gpu -m gpu
"""

from pathlib import Path

import pytest
import torch

from tests.decvae.conftest import run_settings, study  # noqa: F401  (fixtures)

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    missing = pytest.mark.skip(reason="needs a GPU that torch can use (torch.cuda.is_available() is False)")
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.gpu)
            if not torch.cuda.is_available():
                item.add_marker(missing)


@pytest.fixture(autouse=True)
def exact_float32():
    """Float32 products of full precision, unless a test asks for TF32; what was set before comes back."""
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    yield
    torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
