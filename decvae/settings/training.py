"""Settings of the training loop; the defaults are the published SimVowels run."""

from __future__ import annotations

from typing import Literal

from decvae.settings.base import Section, setting


class TrainingSettings(Section):
    """Optimisation, but the learning rates: those are of each branch (:mod:`decvae.settings.branches`).

    Where gradients are accumulated, the mean of the parts' losses is the loss of the whole batch if each mean in it
    runs over equally many items in every part (the same number of frames drawn, no component absent) and no statistic
    is taken over the batch (not with the centred objective, nor with a batch norm).
    """

    batch_size: int = setting(16, "Utterances per optimiser step, over all processes and accumulated parts.", ge=1)
    accumulation: int = setting(
        1, "Parts of a batch whose gradients are averaged before the optimiser steps; less memory.", ge=1
    )
    max_epochs: int = setting(150, "Passes over the training split at most.", ge=1)
    weight_decay: float = setting(0.0001, "Decoupled weight decay.", ge=0)
    adam_beta1: float = setting(0.5, "First moment's decay in AdamW.", ge=0, lt=1)
    adam_beta2: float = setting(0.999, "Second moment's decay in AdamW.", ge=0, lt=1)
    adam_epsilon: float = setting(1e-06, "Epsilon of AdamW.", gt=0)
    clip_norm: float = setting(2.0, "Largest norm of the gradient.", gt=0)
    validation_epochs: int = setting(1, "Epochs between validations.", ge=1)
    checkpoint_epochs: int = setting(10, "Epochs between periodic checkpoints.", ge=1)
    checkpoint_steps: int = setting(0, "Steps between further periodic checkpoints (step-NNNNNN); 0 for none.", ge=0)
    keep_checkpoints: int = setting(
        3, "Periodic checkpoints kept besides init, best and last: as many by epoch and as many by step.", ge=0
    )
    state_steps: int = setting(
        500, "Steps between states to resume from besides that of every validation; 0 for none.", ge=0
    )
    log_steps: int = setting(1, "Steps over which a logged value is the mean.", ge=1)
    early_stopping_patience: int = setting(
        5, "Validations without improvement before training stops; 0 never stops.", ge=0
    )
    early_stopping_min_improvement: float = setting(
        0.002, "Relative improvement of the validation loss that counts.", ge=0
    )
    early_stopping_warmup_epochs: int = setting(112, "Epochs in which training never stops.", ge=0)
    precision: Literal["no", "bf16", "fp16"] = setting(
        "no", 'Mixed precision of training; "no" (in quotes) is float32.'
    )
    gradient_checkpointing: bool = setting(
        False, "Compute activations again in the backward pass instead of keeping them; less memory."
    )
    compile: bool = setting(False, "Compile the encoders by torch.compile, which takes minutes at the start; for GPUs.")
    workers: int = setting(0, "Processes that read batches ahead; 0 reads in the training process.", ge=0)
