"""Settings of the training loop and of classification heads; the defaults are the published ones."""

from __future__ import annotations

from typing import Literal

from decvae.settings.base import Name, Section, setting


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


class SupervisedSettings(Section):
    """Classification head of a run with adaptation supervised; its sizes are the published ones.

    The paper names no dropout. mlp halves its width in the second layer, lstm has it in each direction.
    """

    factor: Name = setting("vowel", "Factor to tell, of frames (vowel) or of utterances (speaker).")
    branch: Literal["Z", "S", "Z+S"] = setting(
        "Z", "Latents that the head reads; Z+S sets every frame beside the vector of its utterance."
    )
    head: Literal["mlp", "cnn", "lstm", "transformer"] = setting(
        "mlp", "The head; all but mlp run over the frames in time."
    )
    hidden_dim: int = setting(192, "Width of the head.", ge=1)
    layers: int = setting(2, "Layers of lstm and transformer.", ge=1)
    attention_heads: int = setting(8, "Heads of transformer; divides hidden_dim.", ge=1)
    dropout: float = setting(0.1, "Share of hidden values dropped in training.", ge=0, lt=1)
    loss: Literal["cross_entropy", "focal", "label_smoothing"] = setting("cross_entropy", "Loss of the labels.")
    focal_gamma: float = setting(2.0, "Focus of the focal loss on hard rows; 0 is cross-entropy.", ge=0)
    smoothing: float = setting(0.1, "Probability that label_smoothing spreads over all classes.", ge=0, lt=1)
    class_weights: Literal["none", "balanced"] = setting(
        "none", "Weight of a class in the loss; balanced is the inverse of its frequency in training."
    )
    weight_decomposition: float = setting(0.1, "Weight of the decomposition loss in the total.", ge=0)
    weight_prior: float = setting(0.1, "Weight of the prior loss in the total.", ge=0)
    weight_classification: float = setting(0.8, "Weight of the classification loss in the total.", ge=0)
