"""DecVAE with a classification head: fine-tuned on a factor of every frame or of the whole utterance."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers import AutoModelForAudioClassification, AutoModelForAudioFrameClassification
from transformers.utils import ModelOutput

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.heads import TEMPORAL_HEADS, Head, classification_loss
from decvae.models.modeling_decvae import GIVEN, BranchOutput, DecVAEOutput
from decvae.models.modeling_pretraining import DecVAEForPreTraining, DecVAEForPreTrainingOutput
from decvae.settings.training import SupervisedSettings


@dataclass
class DecVAEClassifierOutput(ModelOutput):
    """Loss, its detached parts and the logits.

    Attributes
    ----------
    loss : () tensor or None
        Weighted sum of the decomposition, prior and classification losses; None without labels.
    parts : {"BRANCH/quantity": () tensor} or None
        Those of pre-training and ``all/classification``.
    logits : (B, F, n_classes) or (B, n_classes)
        Of every frame, or of every utterance.
    labels : as given
    z, s : BranchOutput or None
    """

    loss: Tensor | None = None
    parts: dict[str, Tensor] | None = None
    logits: Tensor = GIVEN
    labels: Tensor | None = None
    z: BranchOutput | None = None
    s: BranchOutput | None = None


class DecVAEForClassification(DecVAEForPreTraining):
    """What the two classes below share; ``config.classifier`` says how the head is built and trained.

    Its keys: ``supervised``, values of :class:`decvae.settings.training.SupervisedSettings`; and, if it has
    ``class_weights``, ``class_weights``, a list. Class names are ``config.id2label``.

    Raises
    ------
    ValueError
        If the configuration has no ``classifier``; for a branch that the model lacks, or a head that needs frames where
        there are none.
    """

    pooled: bool

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__(config)
        if config.classifier is None:
            raise ValueError("the configuration has no `classifier`, which says what the head is and what it learns")
        self.supervised = settings = SupervisedSettings.parse(config.classifier["supervised"], "classifier.supervised")
        branch = settings.branch
        if ("Z" in branch and not config.has_z) or ("S" in branch and not config.has_s):
            raise ValueError(
                f"a head on branch {branch} needs it in the model, whose `branches` is {config.branches!r}"
            )
        if branch == "S" and (settings.head in TEMPORAL_HEADS or not self.pooled):
            raise ValueError(
                f"branch S has one vector per utterance and no frames: head {settings.head!r} of a factor of "
                f"{'utterances' if self.pooled else 'frames'} needs branch Z or Z+S"
            )
        widths = {
            "Z": (config.components("Z") + 1) * config.branch_z.latent_dim,
            "S": (config.components("S") + 1) * config.branch_s.latent_dim,
        }
        inputs = sum(widths[letter] for letter in branch.split("+"))
        # The name of the branch puts the head into that branch's optimiser.
        self.classifier = nn.ModuleDict(
            {f"branch_{branch[0].lower()}": Head(inputs, len(config.id2label or ()), settings)}
        )
        self.post_init()

    def forward(  # type: ignore[override]
        self, frame_mask: Tensor | None = None, labels: Tensor | None = None, **inputs: Tensor
    ) -> DecVAEClassifierOutput:
        """Logits and, with labels, the loss of one batch.

        Parameters
        ----------
        frame_mask : (B, F) bool
            Real frames; padding is at the end. Needed by branch Z.
        labels : (B, F) or (B,) int, optional
            Classes of frames or utterances; -100 for those without.
        **inputs
            As :meth:`decvae.models.modeling_decvae.DecVAEModel.forward`.
        """
        if labels is None:
            encoded = self.decvae(frame_mask=frame_mask, **inputs)
            return DecVAEClassifierOutput(logits=self._logits(encoded, frame_mask), z=encoded.z, s=encoded.s)
        output = super().forward(frame_mask=frame_mask, **inputs)
        logits = self._logits(output, frame_mask)
        settings, weights = self.supervised, (self.config.classifier or {}).get("class_weights")
        classification = classification_loss(
            logits,
            labels,
            kind=settings.loss,
            focal_gamma=settings.focal_gamma,
            smoothing=settings.smoothing,
            class_weights=None if weights is None else logits.new_tensor(weights),
        )
        loss = (
            settings.weight_decomposition * output.decomposition
            + settings.weight_prior * output.prior
            + settings.weight_classification * classification
        )
        parts = {**output.parts, "all/classification": classification.detach()}
        return DecVAEClassifierOutput(loss=loss, parts=parts, logits=logits, labels=labels, z=output.z, s=output.s)

    def _logits(self, output: DecVAEOutput | DecVAEForPreTrainingOutput, frame_mask: Tensor | None) -> Tensor:
        config, branch, mask = self.config, self.supervised.branch, frame_mask
        vectors: list[Tensor] = []
        if "Z" in branch and output.z is not None:
            vectors.append(output.z.mu[..., : config.n_components + 1, :].flatten(-2))
        if "S" in branch and output.s is not None:
            sequence = output.s.mu[:, : config.components("S") + 1].flatten(-2).unsqueeze(1)
            if vectors:
                sequence = sequence.expand(-1, vectors[0].shape[1], -1)
            else:
                mask = torch.ones(sequence.shape[:2], dtype=torch.bool, device=sequence.device)
            vectors.append(sequence)
        (head,) = self.classifier.values()
        return head(torch.cat(vectors, dim=-1), mask, self.pooled)


class DecVAEForFrameClassification(DecVAEForClassification):
    """DecVAE with a head on the latents [X, OC1..OCC] of every frame (vowel, phoneme)."""

    pooled = False


class DecVAEForSequenceClassification(DecVAEForClassification):
    """DecVAE with a head on the latents of the whole utterance (speaker, emotion): frames are averaged in the head."""

    pooled = True


AutoModelForAudioFrameClassification.register(DecVAEConfig, DecVAEForFrameClassification)
AutoModelForAudioClassification.register(DecVAEConfig, DecVAEForSequenceClassification)
