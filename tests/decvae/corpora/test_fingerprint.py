"""What makes a corpus stale: every file that is read, and no other."""

import pytest

from decvae.corpora.recordings import AUDIO_FILES, tree_fingerprint


@pytest.fixture
def tree(tmp_path):
    """A tree whose parts are links, as of TIMIT on another disk."""
    for part in ("TRAIN", "TEST"):
        home = tmp_path / "disk" / part / "DR1"
        home.mkdir(parents=True)
        (home / "SA1.WAV").write_bytes(b"audio")
        (home / "SA1.PHN").write_text("0 1 a")
        (tmp_path / "root").mkdir(exist_ok=True)
        (tmp_path / "root" / part).symlink_to(tmp_path / "disk" / part)
    return tmp_path / "root"


def test_linked_parts_are_seen(tree):
    before = tree_fingerprint(tree, "timit")
    (tree / "TEST/DR1/SA1.PHN").write_text("0 1 b")
    changed = tree_fingerprint(tree, "timit")
    (tree / "TRAIN/DR1/SA1.WAV").write_bytes(b"longer audio")
    assert len({before, changed, tree_fingerprint(tree, "timit")}) == 3
    (tree / "TRAIN").unlink()
    (tree / "TEST").unlink()
    assert tree_fingerprint(tree, "timit") not in (before, changed)


def test_a_link_to_a_folder_above_is_followed_once(tree):
    before = tree_fingerprint(tree, "timit")
    (tree / "TRAIN/DR1/loop").symlink_to(tree)
    assert tree_fingerprint(tree, "timit") == before


@pytest.mark.parametrize("suffix", [*AUDIO_FILES, ".csv", ".TextGrid"])
def test_every_kind_of_file_that_is_read_counts(tmp_path, suffix):
    before = tree_fingerprint(tmp_path, "folder")
    (tmp_path / f"a{suffix}").write_text("x")
    first = tree_fingerprint(tmp_path, "folder")
    (tmp_path / f"a{suffix}").write_text("xy")
    (tmp_path / "notes.md").write_text("not read")
    (tmp_path / ".hidden.wav").write_text("not read")
    assert len({before, first, tree_fingerprint(tmp_path, "folder")}) == 3
