"""The cache under real processes: killed writers and several readers at once; and without the library."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from decvae.artifacts import provenance
from decvae.corpora.store import Utterance, write_corpus
from decvae.decomposition.cache import DecompositionCache, write_cache
from decvae.settings.decomposition import DecompositionSettings

ROOT = Path(__file__).resolve().parents[3]
LENGTHS = [8000 + 137 * k for k in range(24)]
# Slow enough to be killed between blocks: every frame iterates to the limit.
SETTINGS = {"method": "vmd", "n_components": 4, "n_components_seq": 3, "vmd": {"tolerance": 1e-15}}
JOB = """
import sys
from decvae.decomposition import cache
from decvae.settings.decomposition import DecompositionSettings
cache._BLOCK = 2
corpus, path, state = sys.argv[1:]
settings = DecompositionSettings.parse({settings})
cache.write_cache(corpus, "train", path, settings, seed=5, state_dir=state)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory, make_vowel):
    rng = np.random.default_rng(0)
    audios = [0.1 * make_vowel(rng, n).astype(np.float32) for n in LENGTHS]
    path = tmp_path_factory.mktemp("corpus") / "corpus.h5"
    utterances = [Utterance(id=f"u{i}", audio=audio) for i, audio in enumerate(audios)]
    write_corpus(
        path, {"train": utterances}, corpus="toy", sampling_rate=16000, class_names={}, provenance=provenance({}, 0)
    )
    return path


def start(corpus, path):
    code = JOB.format(settings=SETTINGS)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, str(corpus), str(path), str(path.with_suffix(".state"))]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def shards(path):
    return len(list(path.with_suffix(".state").glob("train-*.h5")))


def test_a_job_killed_at_three_random_points_gives_the_same_file(corpus, tmp_path):
    undisturbed, killed = tmp_path / "undisturbed.h5", tmp_path / "killed.h5"
    assert start(corpus, undisturbed).wait(timeout=120) == 0
    rng = random.Random(int.from_bytes(os.urandom(4)))
    for least in sorted(rng.sample(range(1, 11), 3)):
        job = start(corpus, killed)
        deadline = time.monotonic() + 120
        while shards(killed) < least:
            assert job.poll() is None and time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(rng.uniform(0, 0.05))  # anywhere in the work on the next block
        job.send_signal(signal.SIGKILL)
        assert job.wait() == -signal.SIGKILL
        assert not killed.exists()
    assert start(corpus, killed).wait(timeout=120) == 0
    assert killed.read_bytes() == undisturbed.read_bytes()
    assert not killed.with_suffix(".state").exists()


READER = """
import json, os, sys
import numpy as np
from decvae.decomposition.cache import DecompositionCache
with DecompositionCache(sys.argv[1]) as cache:
    order = np.random.default_rng(os.getpid()).permutation(len(cache))  # an order of its own
    print(json.dumps({int(i): [float(cache.frames(i).sum()), float(cache.sequence(i).sum())] for i in order}))
"""


@pytest.mark.parametrize("storage", ["float32", "float16"])
def test_several_processes_read_at_once(corpus, tmp_path, storage):
    path = tmp_path / "cache.h5"
    settings = DecompositionSettings(method="ewt", storage=storage)
    write_cache(corpus, "train", path, settings, seed=0, state_dir=tmp_path / "state")
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", READER, str(path)]
    with DecompositionCache(path) as cache:
        readers = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
        expected = {str(i): [float(cache.frames(i).sum()), float(cache.sequence(i).sum())] for i in range(len(cache))}
        for reader in readers:
            assert json.loads(reader.communicate(timeout=120)[0]) == expected
            assert reader.returncode == 0


def test_float16_takes_two_thirds_and_keeps_three_digits(corpus, tmp_path):
    paths = {storage: tmp_path / f"{storage}.h5" for storage in ("float32", "float16")}
    for storage, path in paths.items():
        settings = DecompositionSettings(method="filter", storage=storage)
        write_cache(corpus, "train", path, settings, seed=0, state_dir=tmp_path / "state")
    assert paths["float16"].stat().st_size < 0.65 * paths["float32"].stat().st_size
    with DecompositionCache(paths["float32"]) as full, DecompositionCache(paths["float16"]) as half:
        assert half.frames(3).dtype == half.sequence(3).dtype == np.float32
        np.testing.assert_allclose(half.frames(3), full.frames(3), rtol=1e-3, atol=1e-6)
        np.testing.assert_allclose(half.sequence(3), full.sequence(3), rtol=1e-3, atol=1e-6)
        np.testing.assert_array_equal(half.quantity("frame", "nrmse"), full.quantity("frame", "nrmse"))


def test_the_file_is_read_by_h5py_alone(corpus, tmp_path):
    """The example of docs/corpora.md."""
    path = tmp_path / "cache.h5"
    write_cache(corpus, "train", path, DecompositionSettings(), seed=0, state_dir=tmp_path / "state")
    blocks = (ROOT / "docs/corpora.md").read_text().split("```python\n")[1:]
    example = next(block for block in blocks if block.startswith("import h5py")).split("```")[0]
    names = {}
    exec(example.replace("results/decompositions/CORPUS/DECOMPOSITION/test.h5", str(path)), names)
    with DecompositionCache(path) as cache:
        np.testing.assert_array_equal(names["x_frames"], cache.frames(3)[:, 0])
        np.testing.assert_array_equal(names["components"], cache.frames(3)[:, 1:])
        np.testing.assert_array_equal(np.vstack([names["x"], names["sequence"]]), cache.sequence(3))


def test_samples_are_compressed_without_loss_and_x_is_stored_once(corpus, tmp_path):
    path = tmp_path / "cache.h5"
    write_cache(corpus, "train", path, DecompositionSettings(), seed=0, state_dir=tmp_path / "state")
    with h5py.File(path) as file:
        stored = 0
        for name in ("signal", "frames/components", "sequences/components"):
            assert file[name].is_virtual and file[name].dtype == np.float32
            for place, block in file["blocks"].items():
                part = block[name]
                assert (part.compression, part.shuffle) == ("gzip", True), place
                assert part.id.get_storage_size() < 0.9 * part.nbytes
                stored += part.size
        samples = sum(LENGTHS)
        assert stored == samples + 3 * 400 * int(file["frames/offsets"][-1]) + 3 * samples
