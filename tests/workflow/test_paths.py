"""Where artifacts lie."""

import re
from types import SimpleNamespace

import paths

from tests.workflow.conftest import ROOT

PATTERNS = {name: value for name, value in vars(paths).items() if name.isupper() and isinstance(value, str)}
RUN = SimpleNamespace(name="r", corpus_id="c", decomposition_id="d", input="mel")


def test_every_pattern_has_a_path_of_its_own_below_results():
    assert len(set(PATTERNS.values())) == len(PATTERNS)
    assert all(path.startswith("results/") for path in PATTERNS.values())


def test_a_run_fills_in_what_it_determines():
    assert paths.of_run(paths.FEATURES, RUN, split="dev") == "results/features/c/d/mel/dev.h5"
    assert paths.of_run(paths.LATENTS, RUN, checkpoint="best", split="dev") == "results/latents/r/best/dev.h5"


def test_controlled_sets_have_files_of_their_own():
    assert paths.of_corpus("c", "train") == paths.of_corpus("c", "test") == "results/corpora/c.h5"
    assert paths.of_corpus("c", "traversal_vowel") == "results/corpora/c-traversal_vowel.h5"


def test_rules_spell_out_no_path_of_a_result():
    """But those of logs and benchmarks, which are named after their rules."""
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        spelled = re.findall(r'"results/(?!logs/|benchmarks/)[^"]*"', path.read_text())
        assert not spelled or path.name in ("figures.smk", "costs.smk"), (path.name, spelled)
