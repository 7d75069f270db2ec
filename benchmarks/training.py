"""Time and memory of a training step, beside a plain implementation of the same computation.

``python benchmarks/training.py step``: forward, backward and optimiser of the default architecture (dual, C=3, centred)
on 4 utterances of 1 s, on two threads. The peer has the same weights and loops over levels, utterances and pairs, with
``conv1d`` and ``torch.optim.AdamW`` as they come. Both sides run in turns in one process; the peak of memory is that
of a process of its own for each side. With ``--share 50`` half of the frames are drawn into the loss: the peer encodes
all of them and draws afterwards, as the published code does. The last line is the floor of either side: the time of the
step's multiplications at the rate of the widest convolution alone.
``python benchmarks/training.py features``: batches read from a feature file, or computed from the decomposition when
they are needed.
"""

import copy
import tempfile
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import median

import numpy as np
import torch
from _measure import command_line, header, in_own_process, in_turns, peak_mib, row, timed, times_less
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from decvae.corpora.simvowels import simulate
from decvae.decomposition.cache import write_cache
from decvae.features.batches import Batch, decvae_batch
from decvae.features.extract import write_features
from decvae.features.store import FeatureFile
from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.modeling_pretraining import DecVAEForPreTraining
from decvae.settings.branches import FrameBranchSettings, SequenceBranchSettings
from decvae.settings.corpora import SimVowelsSettings
from decvae.settings.decomposition import DecompositionSettings
from decvae.settings.features import FeatureSettings
from decvae.settings.training import TrainingSettings
from decvae.training.optimisation import make_optimizer, parameter_groups

SIDES = ("decvae", "plain")
KINDS = ("wall", "cpu")
BRANCHES = {"z": FrameBranchSettings(), "s": SequenceBranchSettings()}
FRAME, HOP, RATE = 400, 320, 16_000


def random_batch(n_utterances: int = 4, seconds: float = 1.0, n_components: int = 3) -> Batch:
    """Inputs of the right shape; their values do not matter to time or memory."""
    generator = torch.Generator().manual_seed(0)
    samples = int(seconds * RATE)
    n_frames = (samples - FRAME) // HOP + 1
    levels = (n_components + 1,)
    return {
        "frames": torch.randn((n_utterances, n_frames, *levels, FRAME), generator=generator),
        "frames_present": torch.rand((n_utterances, n_frames, n_components), generator=generator) > 0.05,
        "frame_mask": torch.ones((n_utterances, n_frames), dtype=torch.bool),
        "sequence": torch.randn((n_utterances, *levels, samples), generator=generator),
        "sequence_lengths": torch.full((n_utterances,), samples),
        "sequence_present": torch.ones((n_utterances, n_components), dtype=torch.bool),
    }


def draw(batch: Batch, share: int) -> torch.Tensor:
    """Frames (B, n) of each utterance that enter the loss: ``share`` percent of them, sorted."""
    utterances, n_frames = batch["frame_mask"].shape
    generator, wanted = torch.Generator().manual_seed(1), round(n_frames * share / 100)
    drawn = [torch.randperm(n_frames, generator=generator)[:wanted].sort().values for _ in range(utterances)]
    return torch.stack(drawn)


def only(batch: Batch, drawn: torch.Tensor) -> Batch:
    """The batch with the drawn frames alone, as :func:`decvae.features.batches.decvae_batch` reads it."""
    rows = torch.arange(len(drawn)).unsqueeze(1)
    return {name: value[rows, drawn] if name.startswith("frame") else value for name, value in batch.items()}


class PlainDecVAE(nn.Module):
    """The loss of ``DecVAEForPreTraining`` (default architecture, centred), in loops over its own modules."""

    def __init__(self, model: DecVAEForPreTraining):
        super().__init__()
        self.decvae, self.config = model.decvae, model.config

    def forward(self, drawn: torch.Tensor, **batch: torch.Tensor) -> torch.Tensor:
        """Loss of one batch, as a scalar, on the ``drawn`` frames."""
        z = [
            [self._frames(batch["frames"][i, :, level]) for level in range(self.config.n_components + 1)]
            for i in range(len(batch["frames"]))
        ]
        z = [[values[drawn[i]] for values in levels] for i, levels in enumerate(z)]
        frames_present = torch.stack([there[drawn[i]] for i, there in enumerate(batch["frames_present"])])
        s = [
            [self._sequence(batch["sequence"][i, level]) for level in range(self.config.components("S") + 1)]
            for i in range(len(batch["sequence"]))
        ]
        config, present = self.config, batch["sequence_present"].unsqueeze(1)
        loss = self._branch_loss(self.decvae.branch_z.subspaces, z, frames_present, config.branch_z.beta)
        return loss + self._branch_loss(self.decvae.branch_s.subspaces, s, present, config.branch_s.beta)

    def _frames(self, frames: torch.Tensor) -> torch.Tensor:
        branch = self.decvae.branch_z
        hidden = frames.unsqueeze(1)
        for place, layer in enumerate(branch.encoder.layers):
            hidden = self._convolve(layer.transform, hidden)
            if place == 0:
                norm = layer.norm
                hidden = F.group_norm(hidden, hidden.shape[1], norm.weight, norm.bias, norm.eps)
            hidden = F.gelu(hidden)
        return branch.project(branch.feature_projection(branch.feature_norm(hidden.squeeze(2))))

    def _sequence(self, sequence: torch.Tensor) -> torch.Tensor:
        branch = self.decvae.branch_s
        hidden = sequence.view(1, 1, -1)
        for layer in branch.encoder.layers:
            hidden = F.gelu(layer.norm(self._convolve(layer.transform, hidden).transpose(1, 2)).transpose(1, 2))
        steps = branch.project(hidden.transpose(1, 2))
        return branch.norm(branch.pool(steps, torch.tensor([steps.shape[1]])))

    @staticmethod
    def _convolve(conv: nn.Conv1d, hidden: torch.Tensor) -> torch.Tensor:
        return F.conv1d(hidden, conv.weight, conv.bias, conv.stride)

    @staticmethod
    def _branch_loss(subspaces: nn.Module, features: list, present: torch.Tensor, beta: float) -> torch.Tensor:
        prior, rows = 0.0, 0
        for i, levels in enumerate(features):
            for level in range(1, len(levels)):
                absent = subspaces.absent[level - 1].expand_as(levels[level])
                levels[level] = torch.where(present[i, :, level - 1 : level], levels[level], absent)
            rows += len(levels[0])
            for level, values in enumerate(levels):
                mu, logvar = subspaces.mean[level](values), subspaces.logvar[level](values)
                prior = prior + (-0.5 * (1 + logvar - mu**2 - logvar.exp())).sum() / len(levels)
        n_levels = len(features[0])
        there = [[torch.ones(len(x[0]), dtype=torch.bool), *present[i].T] for i, x in enumerate(features)]
        centred = [[None] * n_levels for _ in features]
        for level in range(n_levels):
            valid = torch.cat([x[level][there[i][level]] for i, x in enumerate(features)])
            mean, variance = valid.mean(0), valid.var(0, correction=0)
            for i, levels in enumerate(features):
                centred[i][level] = (levels[level] - mean) / torch.sqrt(variance + 1e-5)
        terms = {True: [], False: []}
        for k, other in combinations(range(n_levels), 2):
            entropies = []
            for i, levels in enumerate(centred):
                both = there[i][k] & there[i][other]
                p, q = levels[k][both].softmax(-1), levels[other][both].softmax(-1)
                m = (p + q) / 2
                divergence = 0.5 * ((p * (p / m).log2()).sum(-1) + (q * (q / m).log2()).sum(-1)).mean()
                entropies.append(-torch.log((1 - divergence if k == 0 else divergence) + 1e-7))
            terms[k == 0].append(torch.stack(entropies).mean())
        decomposition = torch.stack(terms[True]).mean() + torch.stack(terms[False]).mean()
        return decomposition + beta * prior / rows


class Step:
    """One side: a training step as a call, which returns the loss."""

    def __init__(self, side: str, model: DecVAEForPreTraining, share: int):
        settings = TrainingSettings()
        self.model = model if side == "decvae" else PlainDecVAE(model)
        groups = parameter_groups(self.model)
        self.optimizers = [
            make_optimizer(own, settings, BRANCHES[name]) if side == "decvae" else torch.optim.AdamW(own, lr=1e-4)
            for name, own in groups.items()
        ]
        batch = random_batch()
        drawn = draw(batch, share)
        self.batch = only(batch, drawn) if side == "decvae" else {"drawn": drawn, **batch}
        self.side, self.clip = side, settings.clip_norm

    def __call__(self) -> float:
        loss = self.model(**self.batch)
        loss = loss.loss if self.side == "decvae" else loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        return float(loss.detach())


def build() -> DecVAEForPreTraining:
    """The default architecture with the norm of convolutions that the peer knows."""
    torch.manual_seed(0)
    return DecVAEForPreTraining(DecVAEConfig(objective="centred", branch_z={"conv_norm": "group"})).train()


def step(turns: int = 9, threads: int = 2, share: int = 100) -> None:
    """Print times, CPU seconds, memory and losses of both sides; ``share`` percent of the frames are in the loss."""
    torch.set_num_threads(threads)
    model = build()
    sides = {side: Step(side, copy.deepcopy(model), share) for side in SIDES}
    losses = {side: run() for side, run in sides.items()}  # also warms up
    timings = in_turns(turns, **sides)
    header("side", "loss", "s per step", "CPU s per step")
    for side, found in timings.items():
        row(side, f"{losses[side]:.6f}", *(f"{median(getattr(one, kind) for one in found):.3f}" for kind in KINDS))
    for kind in KINDS:
        ours, plain = ([getattr(one, kind) for one in timings[side]] for side in SIDES)
        print(f"{kind}: {times_less(plain, ours, 2)} x less, {turns} turns")
    print(f"difference of the losses {abs(losses['decvae'] - losses['plain']):.1e}", flush=True)
    for side in SIDES:
        print(f"peak of {side}, MiB: {in_own_process(memory, side, threads, share):.0f}", flush=True)
    rate = convolution_rate(turns)
    for side, run in sides.items():
        operations = flops(run)
        print(f"{side}: {operations / 1e9:.0f} GFLOP, at {rate / 1e9:.0f} GFLOP/s at least {operations / rate:.3f} s")


def flops(call: Callable[[], object]) -> int:
    """Multiplications and additions of a call."""
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()


def convolution_rate(turns: int) -> float:
    """Multiplications and additions per second of the second layer alone: 128 signals of 79 steps, 512 channels."""
    images = torch.randn(128, 1, 79, 512).permute(0, 3, 1, 2)
    weight = torch.randn(512, 512, 1, 3)
    alone = partial(F.conv2d, images, weight, stride=(1, 2))
    return flops(alone) / min(timed(alone).wall for _ in range(turns + 1))


def memory(side: str, threads: int, share: int) -> float:
    """Peak of resident memory in MiB that three steps add to the process, its batch and its model."""
    torch.set_num_threads(threads)
    run = Step(side, build(), share)
    before = peak_mib()
    for _ in range(3):
        run()
    return peak_mib() - before


def features(turns: int = 9, batch_size: int = 16) -> None:
    """Print how long a batch takes from cached features, and with features computed from the decomposition."""
    with tempfile.TemporaryDirectory() as folder:
        corpus, cache = Path(folder) / "corpus.h5", Path(folder) / "cache.h5"
        counts = {"train": 4 * batch_size, "dev": 10, "test": 10}
        simulate(corpus, SimVowelsSettings.parse({"n_utterances": counts, "utterance_seconds": 4.0}), seed=0)
        write_cache(corpus, "train", cache, DecompositionSettings(), seed=0, state_dir=Path(folder) / "state")
        header("input", "cached, s per batch", "on the fly, s per batch")
        for kind in ("waveform", "mel"):
            path = Path(folder) / f"{kind}.h5"
            fly = timed(write_features, cache, path, kind, FeatureSettings()).cpu * batch_size / counts["train"]
            data, rng = FeatureFile(path), np.random.default_rng(0)
            drawn = [rng.choice(len(data), batch_size, replace=False) for _ in range(turns)]
            row(kind, f"{median(timed(decvae_batch, data, rows, 'dual').cpu for rows in drawn):.3f}", f"{fly:.3f}")


if __name__ == "__main__":
    command_line(__doc__, step, features)
