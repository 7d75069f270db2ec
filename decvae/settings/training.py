"""Settings of the training loop; the defaults are the published SimVowels run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TrainingSettings:
    """Optimisation, but the learning rates: those are of each branch (:mod:`decvae.settings.branches`).

    Attributes
    ----------
    batch_size : int
        Utterances per optimiser step, over all processes and accumulated parts.
    accumulation : int
        Parts of a batch whose gradients are averaged before the optimiser steps; less memory, more time. The mean of
        the parts' losses is the loss of the whole batch if each mean in it runs over equally many items in every part
        (the same number of frames drawn, no component absent) and no statistic is taken over the batch (not with the
        centred objective, nor with a batch norm).
    max_epochs : int
    weight_decay, adam_beta1, adam_beta2, adam_epsilon : float
        Of AdamW.
    clip_norm : float
        Largest norm of the gradient of all parameters.
    validation_epochs, checkpoint_epochs : int
        Epochs between validations and between periodic checkpoints.
    checkpoint_steps, state_steps : int
        Steps between further periodic checkpoints, and between states to resume from besides that of every validation;
        0: none.
    keep_checkpoints : int
        Periodic checkpoints kept beside init, best and last: as many by epoch and as many by step.
    log_steps : int
        Steps over which a logged value is the mean.
    early_stopping_patience : int
        Validations without improvement after which training stops; 0: never.
    early_stopping_min_improvement : float
        Relative improvement over the best validation loss so far that counts.
    early_stopping_warmup_epochs : int
        Epochs before which training never stops.
    precision : {"no", "bf16", "fp16"}
    gradient_checkpointing : bool
        Compute activations again in the backward pass instead of keeping them.
    compile : bool
        Compile the model by ``torch.compile`` (of a DecVAE the encoders): minutes at the start of a run, and again for
        batches of another shape; meant for GPUs.
    workers : int
        Processes that read batches ahead (0: none).
    """

    batch_size: int = 16
    accumulation: int = 1
    max_epochs: int = 150
    weight_decay: float = 1e-4
    adam_beta1: float = 0.5
    adam_beta2: float = 0.999
    adam_epsilon: float = 1e-6
    clip_norm: float = 2.0
    validation_epochs: int = 1
    checkpoint_epochs: int = 10
    checkpoint_steps: int = 0
    state_steps: int = 500
    keep_checkpoints: int = 3
    log_steps: int = 1
    early_stopping_patience: int = 5
    early_stopping_min_improvement: float = 0.002
    early_stopping_warmup_epochs: int = 112
    precision: str = "no"
    gradient_checkpointing: bool = False
    compile: bool = False
    workers: int = 0
