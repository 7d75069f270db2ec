"""What a GPU gives: a training step beside its floor and a plain loop, and the decompositions beside the CPU.

``python benchmarks/gpu.py [--json FILE]``, on a machine whose GPU torch can use (about two minutes). With
``--device cpu --small`` it runs anywhere in its small form, to see that it works.

Two ceilings are measured first: a large copy (bytes read and written) and a large matrix product in every precision.
The floor of a step is its multiplications at that rate.
"""

import contextlib
from collections.abc import Callable
from json import dumps
from pathlib import Path
from statistics import median

import numpy as np
import torch
from _measure import command_line, timed
from training import PlainDecVAE, draw, flops, only, random_batch

from decvae.decomposition.decompose import decompose
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_pretraining import DecVAEForPreTraining

PRECISIONS = ("float32", "tf32", "bf16")


def seconds(call: Callable[[], object], device: str, turns: int) -> float:
    """Median wall time of ``call``, in seconds, after three calls to warm up."""
    wait = torch.cuda.synchronize if device == "cuda" else (lambda: None)
    for _ in range(3):
        call()
    wait()
    return median(timed(lambda: (call(), wait())).wall for _ in range(turns))


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
    operations = flops(lambda: model(**few).loss.backward())
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
            row = {"precision": name, "step": kind, "ms": 1e3 * took}
            row["frames_per_s"] = drawn.numel() / took  # frames in the loss
            rows.append(row | {"of_floor": operations / rates[name] / took, "peak_mib": peak})
    return rows


def decompositions(device: str, small: bool) -> list[dict[str, object]]:
    """Frames per second of every method, on the GPU and on all cores of the CPU."""
    frames = np.random.default_rng(0).standard_normal((200 if small else 20_000, 400))
    engines = {"batched_cpu": {"workers": torch.get_num_threads()}}
    engines[f"torch_{device}"] = {"engine": "torch", "device": device}
    rows = []
    for method in ("filter", "ewt", "vmd"):
        some = frames[: len(frames) // 10] if method == "vmd" else frames
        rows.append({"method": method})
        for name, options in engines.items():
            decompose(some[:64], method, 3, **options)
            rows[-1][name] = len(some) / timed(lambda: decompose(some, method, 3, **options)).wall  # noqa: B023
    return rows


def gpu(device: str = "cuda", small: bool = False, turns: int = 20, json: str = "") -> None:
    """Print all measurements; with a file ``json`` also write them there."""
    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("torch.cuda.is_available() is False here: run it where torch sees a GPU, or with --device cpu")
    card = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    rates = ceilings(device, 512 if small else 8192)
    steps, methods = training_steps(device, rates, small, turns), decompositions(device, small)
    print(f"{card}, torch {torch.__version__}: copy {rates['copy'] / 1e12:.2f} TB/s, ", end="")
    print(", ".join(f"{name} {rates[name] / 1e12:.1f} TFLOP/s" for name in PRECISIONS))
    for row in [*steps, *methods]:
        print("  ".join(f"{k} {v:,.3g}" if isinstance(v, float) else f"{v}" for k, v in row.items()))
    if json:
        found = {"card": card, "torch": torch.__version__, "rates": rates, "steps": steps, "decompositions": methods}
        Path(json).write_text(dumps(found, indent=1))


if __name__ == "__main__":
    command_line(__doc__, gpu)
