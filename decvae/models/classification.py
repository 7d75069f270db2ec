"""DecVAE with a classification head: fine-tuned on a factor of every frame or of the whole utterance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoModelForAudioClassification, AutoModelForAudioFrameClassification
from transformers.utils import ModelOutput

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.heads import TEMPORAL_HEADS, Head, HeadSettings, classification_loss
from decvae.models.modeling_decvae import GIVEN, BranchOutput, DecVAEOutput
from decvae.models.modeling_pretraining import DecVAEForPreTraining, DecVAEForPreTrainingOutput

CLASSIFIED = ("Z", "S", "Z+S")


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

    Its keys: ``factor``; ``branch`` (Z, S, or Z+S: every frame's latents beside those of its utterance); ``head``, the
    values of :class:`decvae.models.heads.HeadSettings`; ``loss``, the keyword arguments of
    :func:`decvae.models.heads.classification_loss`, class weights as a list; ``weights`` of the three terms:
    ``decomposition``, ``prior``, ``classification``. Class names are ``config.id2label``.

    Raises
    ------
    ValueError
        If the configuration has no ``classifier``; for a branch that the model lacks, a head that needs frames where
        there are none, or an unknown head.
    """

    pooled: bool

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__(config)
        branch, settings = self.supervised["branch"], HeadSettings(**self.supervised["head"])
        if branch not in CLASSIFIED:
            raise ValueError(f"classifier.branch must be one of {CLASSIFIED}, found {branch!r}")
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

    @property
    def supervised(self) -> dict[str, Any]:
        """``config.classifier``."""
        if self.config.classifier is None:
            raise ValueError("the configuration has no `classifier`, which says what the head is and what it learns")
        return self.config.classifier

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
        options = dict(self.supervised["loss"])
        if options.get("class_weights") is not None:
            options["class_weights"] = logits.new_tensor(options["class_weights"])
        classification = classification_loss(logits, labels, **options)
        weights = self.supervised["weights"]
        loss = (
            weights["decomposition"] * output.decomposition
            + weights["prior"] * output.prior
            + weights["classification"] * classification
        )
        parts = {**output.parts, "all/classification": classification.detach()}
        return DecVAEClassifierOutput(loss=loss, parts=parts, logits=logits, labels=labels, z=output.z, s=output.s)

    def _logits(self, output: DecVAEOutput | DecVAEForPreTrainingOutput, frame_mask: Tensor | None) -> Tensor:
        config, branch, mask = self.config, self.supervised["branch"], frame_mask
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
