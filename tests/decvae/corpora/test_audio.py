"""Files are read whole or not at all, whatever their headers say."""

import numpy as np
import pytest
import soundfile

from decvae.corpora.audio import AudioInfo, Unusable, audio_info, read_audio

RATE = 16000


def tone(seconds, level=0.3):
    return level * np.sin(2 * np.pi * 440 * np.arange(round(seconds * RATE)) / RATE)


def write_mp3(path, audio, tag=True):
    """An MP3 of variable bit rate, with the tag that says how long it is, or without."""
    soundfile.write(path, audio, RATE, format="MP3", bitrate_mode="VARIABLE", compression_level=0.1)
    if not tag:
        data = path.read_bytes()
        place = max(data.find(b"Xing", 0, 4096), data.find(b"Info", 0, 4096))
        assert place > 0
        path.write_bytes(data[data.find(data[:2], place) :])


@pytest.mark.parametrize(("suffix", "promise"), [("ogg", ""), ("mp3", " of 4.000 s"), ("flac", " of 4.000 s")])
def test_half_a_file_is_cut_short(tmp_path, suffix, promise):
    path = tmp_path / f"whole.{suffix}"
    audio = tone(4) + 0.05 * np.random.default_rng(0).normal(size=4 * RATE)
    write_mp3(path, audio) if suffix == "mp3" else soundfile.write(path, audio, RATE)
    assert audio_info(path) == AudioInfo(RATE, 4.0)
    half = tmp_path / f"half.{suffix}"
    data = path.read_bytes()
    half.write_bytes(data[: len(data) // 2])
    found = audio_info(half)
    assert isinstance(found, Unusable) and found.kind == "audio cut short"
    assert found.detail.endswith(f" s{promise}") and 0.5 < float(found.detail.split()[1]) < 2.5


def test_an_mp3_without_a_tag_is_read_whole(tmp_path):
    audio = np.concatenate([np.random.default_rng(0).normal(size=RATE), np.zeros(5 * RATE), tone(4)])
    path = tmp_path / "a.mp3"
    write_mp3(path, 0.2 * audio, tag=False)
    assert abs(soundfile.info(path).duration - 10) > 1  # what the first frame says
    found = audio_info(path)
    assert found.rate == RATE and found.seconds == pytest.approx(10, abs=0.2)
    assert np.std(read_audio(path, 7.0, 9.0, RATE)) == pytest.approx(0.2 * 0.3 / np.sqrt(2), rel=0.05)
    assert np.std(read_audio(path, 2.0, 5.0, RATE)) < 1e-3


def test_flac_of_unknown_length_is_read_whole(tmp_path):
    path, audio = tmp_path / "a.flac", tone(2)
    soundfile.write(path, audio, RATE)
    data = bytearray(path.read_bytes())
    data[21:26] = bytes([data[21] & 0xF0, 0, 0, 0, 0])  # the number of samples
    path.write_bytes(data)
    assert audio_info(path) == AudioInfo(RATE, 2.0)
    np.testing.assert_allclose(read_audio(path, 0.5, 1.5, RATE), audio[8000:24000], atol=1e-4)


def test_parts_of_any_format_are_where_they_should_be(tmp_path):
    audio = np.concatenate([tone(1), np.zeros(RATE), tone(1)])
    for suffix in ("wav", "flac", "ogg", "mp3"):
        path = tmp_path / f"a.{suffix}"
        soundfile.write(path, audio, RATE)
        assert np.std(read_audio(path, 1.2, 1.8, RATE)) < 0.01 < 0.2 < np.std(read_audio(path, 2.2, 2.8, RATE))


def test_channels_out_of_phase_are_refused_and_one_can_be_taken(tmp_path):
    path = tmp_path / "a.wav"
    soundfile.write(path, np.stack([tone(1), -tone(1)], axis=1), RATE)
    with pytest.raises(ValueError, match="2 channels are out of phase: their mean is constant"):
        read_audio(path, 0, 1, RATE)
    np.testing.assert_allclose(read_audio(path, 0, 1, RATE, channel=2), -tone(1), atol=1e-4)
    with pytest.raises(ValueError, match="`channel` is 3, but the file has 2"):
        read_audio(path, 0, 1, RATE, channel=3)
    soundfile.write(path, np.stack([tone(1), np.zeros(RATE)], axis=1), RATE)
    np.testing.assert_allclose(read_audio(path, 0, 1, RATE), tone(1) / 2, atol=1e-4)
