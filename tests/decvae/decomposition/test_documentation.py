import re
from pathlib import Path

import numpy as np

from decvae.settings.decomposition import DecompositionSettings

PAGE = (Path(__file__).resolve().parents[3] / "docs/decomposition.md").read_text()


def test_examples_of_the_page_run():
    names = {}
    first, second = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    exec(first, names)
    np.testing.assert_allclose(names["result"].centre_hz, [400, 1500, 3000], rtol=0.05)
    assert names["result"].components.shape == (3, 4000)
    exec(second, names)
    assert names["result"].components.shape == (100, 4, 400)


def test_settings_of_the_page_exist():
    sections = {"boundaries", "filter", "ewt", "vmd", "emd"}
    for section, keys in re.findall(r"`(\w+): \{([^}]*)\}`", PAGE):
        assert section in sections
        for key in re.findall(r"(\w+):", keys):
            assert hasattr(getattr(DecompositionSettings(), section), key), key
