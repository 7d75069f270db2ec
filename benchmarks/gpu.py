"""What a GPU gives: a training step beside its floor and a plain loop, and the decompositions beside the CPU.

``python benchmarks/gpu.py [--json FILE]``, on a machine whose GPU torch can use (about two minutes). With
``--device cpu --small`` it runs anywhere in its small form, to see that it works.

Two ceilings are measured first: a large copy (bytes read and written) and a large matrix product in every precision.
The floor of a step is its multiplications at that rate.
"""

import argparse
import contextlib
import json
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode
from training import PlainDecVAE, draw, only, random_batch

from decvae.decomposition.decompose import decompose
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_pretraining import DecVAEForPreTraining

PRECISIONS = ("float32", "tf32", "bf16")


def seconds(call: Callable[[], object], device: str, turns: int) -> float:
    """Median wall time of ``call``, in seconds, after three calls to warm up."""
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    for _ in range(3):
        call()
    times = []
    for _ in range(turns):
        wait()
        start = time.perf_counter()
        call()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@contextlib.contextmanager
def precision(name: str, device: str):
    """Matrix products of float32, TF32 or bfloat16 (autocast) inside the block."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = name == "tf32"
    with torch.autocast(device, dtype=torch.bfloat16, enabled=name == "bf16"):
        yield


def ceilings(device: str, size: int) -> dict[str, float]:
    """Measured rates: bytes/s of a copy, and operations/s of a matrix product in every precision."""
    source = torch.randn(size * size * 4, device=device)
    target = torch.empty_like(source)
    rates = {"copy": 2 * source.nbytes / seconds(lambda: target.copy_(source), device, 10)}
    a, b = (torch.randn(size, size, device=device) for _ in range(2))
    for name in PRECISIONS:
        with precision(name, device):
            rates[name] = 2 * size**3 / seconds(lambda: a @ b, device, 10)
    return rates


def step_of(model: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> Callable[[], None]:
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step


def training_steps(device: str, rates: dict[str, float], small: bool, turns: int) -> list[dict[str, object]]:
    """A row per precision and kind of step: seconds, frames/s, share of the floor, peak memory."""
    utterances, length, wanted = (2, 1.0, 50) if small else (16, 4.0, 100)
    sizes = {"branch_z": {"conv_dim": [32] * 7}, "branch_s": {"conv_dim": [16] * 7}} if small else {}
    batch = random_batch(utterances, length)
    share = round(100 * wanted / batch["frame_mask"].shape[1])
    drawn = draw(batch, share)
    batch = {name: value.to(device) for name, value in batch.items()}
    torch.manual_seed(0)
    model = DecVAEForPreTraining(DecVAEConfig(objective="centred", **sizes)).to(device)
    plain, drawn = PlainDecVAE(model), drawn.to(device)
    few = only(batch, drawn)
    with FlopCounterMode(display=False) as counter:
        model(**few).loss.backward()
    operations = counter.get_total_flops()
    kinds = {"decvae": lambda: model(**few).loss, "plain loop": lambda: plain(drawn, **batch)}
    compiled = DecVAEForPreTraining(model.config).to(device)
    for branch in (compiled.decvae.branch_z, compiled.decvae.branch_s):
        branch.encoder.compile()
    if not small:
        kinds["compiled"] = lambda: compiled(**few).loss
    rows = []
    for name in PRECISIONS:
        for kind, loss in kinds.items():
            if device == "cuda":
                torch.cuda.reset_peak_memory_stats()
            owner = compiled if kind == "compiled" else model
            try:
                with precision(name, device), torch.device(device):
                    took = seconds(step_of(owner, loss), device, 3 if kind == "plain loop" else turns)
            except RuntimeError as error:  # the compiler's own failures, which differ from one torch to the next
                print(f"{name} {kind}: {type(error).__name__}: {str(error).strip().splitlines()[0]}", flush=True)
                continue
            peak = torch.cuda.max_memory_allocated() / 2**20 if device == "cuda" else float("nan")
            floor = operations / rates[name]
            rows.append(
                {  # frames_per_s counts the frames in the loss
                    "precision": name,
                    "step": kind,
                    "ms": 1e3 * took,
                    "frames_per_s": drawn.numel() / took,
                    "of_floor": floor / took,
                    "peak_mib": peak,
                }
            )
    return rows


def decompositions(device: str, small: bool) -> list[dict[str, object]]:
    """Frames per second of every method, on the GPU and on all cores of the CPU."""
    frames = np.random.default_rng(0).standard_normal((200 if small else 20_000, 400))
    workers = torch.get_num_threads()
    rows = []
    for method in ("filter", "ewt", "vmd"):
        some = frames[: len(frames) // 10] if method == "vmd" else frames
        row: dict[str, object] = {"method": method}
        for name, options in (("cpu", {"workers": workers}), (device, {"engine": "torch", "device": device})):
            decompose(some[:64], method, 3, **options)
            start = time.perf_counter()
            decompose(some, method, 3, **options)
            row[f"torch_{name}" if "engine" in options else "batched_cpu"] = len(some) / (time.perf_counter() - start)
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda", choices=["cuda", "cpu"])
    parser.add_argument("--small", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--json", metavar="FILE", help="also write the numbers here")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.exit(1, "torch.cuda.is_available() is False here: run it where torch sees a GPU, or with --device cpu\n")
    card = torch.cuda.get_device_name() if options.device == "cuda" else "CPU"
    rates = ceilings(options.device, 512 if options.small else 8192)
    found = {
        "card": card,
        "torch": torch.__version__,
        "rates": rates,
        "steps": training_steps(options.device, rates, options.small, options.turns),
        "decompositions": decompositions(options.device, options.small),
    }
    print(f"{card}, torch {torch.__version__}: copy {rates['copy'] / 1e12:.2f} TB/s, ", end="")
    print(", ".join(f"{name} {rates[name] / 1e12:.1f} TFLOP/s" for name in PRECISIONS))
    for row in [*found["steps"], *found["decompositions"]]:
        print("  ".join(f"{k} {v:,.3g}" if isinstance(v, float) else f"{v}" for k, v in row.items()))
    if options.json:
        with open(options.json, "w") as file:
            json.dump(found, file, indent=1)


if __name__ == "__main__":
    main()
