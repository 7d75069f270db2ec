"""One job per GPU: claims by real processes over made-up devices."""

import multiprocessing
import os
import signal
import subprocess
import time

import pytest

from decvae.training.gpu import DeviceError, claim_device, visible_devices

fork = multiprocessing.get_context("fork")
QUICK = {"poll_seconds": 0.01}


@pytest.fixture(autouse=True)
def no_scheduler(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


@pytest.fixture
def fake_smi(tmp_path, monkeypatch):
    """Put an `nvidia-smi` that prints and returns what the test wants in front of PATH."""

    def install(output, status=0):
        script = tmp_path / "nvidia-smi"
        script.write_text(f"#!/bin/sh\nprintf '{output}'\nexit {status}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    return install


def work(lock_dir, events):
    with claim_device(1, devices=["0", "1"], lock_dir=lock_dir, **QUICK) as device:
        name = os.environ["CUDA_VISIBLE_DEVICES"]
        events.put((time.monotonic(), "start", name, device))
        time.sleep(0.1)
        events.put((time.monotonic(), "stop", name, device))


def test_workers_share_devices_without_overlap(tmp_path):
    events = fork.Queue()
    workers = [fork.Process(target=work, args=(tmp_path, events)) for _ in range(7)]
    for worker in workers:
        worker.start()
    seen = sorted(events.get(timeout=30) for _ in range(2 * len(workers)))
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert {device for *_, device in seen} == {"cuda"}
    for name in ("0", "1"):
        kinds = [kind for _, kind, found, _ in seen if found == name]
        assert kinds == ["start", "stop"] * (len(kinds) // 2)
        assert len(kinds) >= 4  # both devices are used again and again


def hold(lock_dir, held):
    with claim_device(1, devices=["0"], lock_dir=lock_dir, **QUICK):
        held.set()
        time.sleep(60)


def test_a_killed_job_frees_its_device(tmp_path):
    held = fork.Event()
    holder = fork.Process(target=hold, args=(tmp_path, held))
    holder.start()
    assert held.wait(30)
    other = fork.Process(target=work_once, args=(tmp_path, free := fork.Event()))
    other.start()
    assert not free.wait(0.2)  # waits as long as the holder lives
    os.kill(holder.pid, signal.SIGKILL)
    assert free.wait(30)
    holder.join()
    other.join()


def work_once(lock_dir, free):
    with claim_device(1, devices=["0"], lock_dir=lock_dir, **QUICK):
        free.set()


def test_an_error_in_the_block_frees_the_device_and_restores_the_environment(tmp_path):
    for _ in range(2):
        with pytest.raises(RuntimeError), claim_device(1, devices=["3"], lock_dir=tmp_path, **QUICK):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "3"
            raise RuntimeError
        assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_no_request_and_no_gpu_both_mean_the_cpu(tmp_path):
    for requested, devices in ((0, ["0"]), (1, [])):
        with claim_device(requested, devices=devices, lock_dir=tmp_path) as device:
            assert device == "cpu"
            assert os.environ["CUDA_VISIBLE_DEVICES"] == ""
    assert not list(tmp_path.iterdir())


def test_a_scheduler_with_one_device_wins(tmp_path, monkeypatch, fake_smi):
    fake_smi(r"0\n1\n2\n")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    with claim_device(1, lock_dir=tmp_path / "locks") as device:
        assert device == "cuda"
        assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"
    assert not (tmp_path / "locks").exists()  # without a lock


def test_of_several_visible_devices_one_is_claimed(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    with claim_device(1, lock_dir=tmp_path) as first:
        assert (first, os.environ["CUDA_VISIBLE_DEVICES"]) == ("cuda", "4")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "4,5"


def test_a_scheduler_with_as_many_devices_as_wanted_wins(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    with claim_device(2, 2, lock_dir=tmp_path / "locks") as device:
        assert (device, os.environ["CUDA_VISIBLE_DEVICES"]) == ("cuda", "GPU-a,GPU-b")
    assert not (tmp_path / "locks").exists()


def test_several_devices_are_claimed_at_once(tmp_path):
    with claim_device(2, 2, devices=["0", "1", "2"], lock_dir=tmp_path, **QUICK) as device:
        assert (device, os.environ["CUDA_VISIBLE_DEVICES"]) == ("cuda", "0,1")
        with claim_device(1, devices=["0", "1", "2"], lock_dir=tmp_path, **QUICK):
            assert os.environ["CUDA_VISIBLE_DEVICES"] == "2"


def work_on_two(lock_dir, events, number):
    with claim_device(2, 2, devices=["0", "1", "2"], lock_dir=lock_dir, **QUICK):
        names = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
        events.put((time.monotonic(), "start", number, names))
        time.sleep(0.05)
        events.put((time.monotonic(), "stop", number, names))


def test_jobs_on_two_devices_each_never_share_one_nor_wait_for_ever(tmp_path):
    events = fork.Queue()
    workers = [fork.Process(target=work_on_two, args=(tmp_path, events, number)) for number in range(5)]
    for worker in workers:
        worker.start()
    seen = sorted(events.get(timeout=30) for _ in range(2 * len(workers)))
    for worker in workers:
        worker.join()
    # Two of three: no two jobs can overlap at all.
    assert [kind for _, kind, _, _ in seen] == ["start", "stop"] * 5
    assert {number for _, _, number, _ in seen} == set(range(5))


def test_the_claim_lasts_as_long_as_a_process_that_inherited_it(tmp_path):
    with claim_device(1, devices=["0"], lock_dir=tmp_path, **QUICK):
        child = subprocess.Popen(["sleep", "60"], close_fds=False)
    other = fork.Process(target=work_once, args=(tmp_path, free := fork.Event()))
    other.start()
    assert not free.wait(0.2)
    child.kill()
    child.wait()
    assert free.wait(30)
    other.join()


@pytest.mark.parametrize(
    ("arguments", "visible", "says"),
    [
        ((0, 1, "cuda"), "0", "given no GPU .*--resources gpu=1"),
        ((1, 1, "cuda"), "", "machine shows no GPU .*CUDA_VISIBLE_DEVICES is ''.*nvidia-smi"),
        ((1, 2, "auto"), "0,1", "2 processes need a GPU each, but this job was given 1 .*--resources gpu=2"),
        ((2, 2, "auto"), "0", "the machine shows 1: .*lower execution.processes"),
    ],
)
def test_a_gpu_that_cannot_be_had_is_an_error_that_says_how_to_mend_it(tmp_path, monkeypatch, arguments, visible, says):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    with pytest.raises(DeviceError, match=says), claim_device(*arguments, lock_dir=tmp_path):
        pass


def test_the_cpu_on_request_though_there_are_gpus(tmp_path):
    with claim_device(1, 1, "cpu", devices=["0"], lock_dir=tmp_path) as device:
        assert (device, os.environ["CUDA_VISIBLE_DEVICES"]) == ("cpu", "")


@pytest.mark.parametrize(
    ("value", "expected"), [("", []), ("-1", []), ("1", ["1"]), ("0, 2", ["0", "2"]), ("GPU-ab,-1,3", ["GPU-ab"])]
)
def test_visible_devices_follow_the_environment(monkeypatch, value, expected):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert visible_devices() == expected


def test_visible_devices_ask_nvidia_smi(fake_smi):
    fake_smi(r"0\n1\n")
    assert visible_devices() == ["0", "1"]


def test_a_driver_that_fails_means_no_devices(fake_smi, caplog):
    fake_smi("NVIDIA-SMI has failed", status=9)
    assert visible_devices() == []
    assert "NVIDIA-SMI has failed" in caplog.text


def test_a_machine_without_driver_has_no_devices(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert visible_devices() == []
