"""Miniature corpora, built once in a session and only if a test asks for them."""

import pytest

from tests.corpora.build import build


@pytest.fixture(scope="session")
def mini_corpus(tmp_path_factory):
    """Function of a corpus name and options of its builder; returns the root of the tree."""
    built = {}

    def find(name, **options):
        key = (name, *sorted(options.items()))
        if key not in built:
            built[key] = build(tmp_path_factory.mktemp("corpora"), name, **options)
        return built[key]

    return find
