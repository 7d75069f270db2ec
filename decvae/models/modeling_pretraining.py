"""DecVAE with its self-supervised objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import AutoModelForPreTraining
from transformers.utils import ModelOutput

from decvae.models.configuration_decvae import DecVAEConfig
from decvae.models.distributed import gather_rows
from decvae.models.modeling_decvae import GIVEN, BranchOutput, DecVAEModel, DecVAEPreTrainedModel
from decvae.models.objective import decomposition_loss, prior_loss
from decvae.models.published_objective import gradient_divisor, published_decomposition_loss, published_prior_loss
from decvae.models.variance import between_component_share


@dataclass
class DecVAEForPreTrainingOutput(ModelOutput):
    """Total loss, its parts, and the branches' outputs.

    Attributes
    ----------
    loss : () tensor
        ``decomposition + prior``.
    decomposition, prior : () tensor
        Sums over the branches of the weighted decomposition losses and of the beta-weighted prior losses.
    parts : {"BRANCH/quantity": () tensor}
        Detached: decomposition, prior (without beta), divergence_* and cross_entropy_* of positive and negative pairs,
        between_component_share of every branch; probability_* where it is not the mean divergence.
    gradient_divisor : () tensor, optional
        What training divides the gradients by (objective option ``gradient_scale``).
    """

    loss: Tensor = GIVEN
    decomposition: Tensor = GIVEN
    prior: Tensor = GIVEN
    parts: dict[str, Tensor] = GIVEN
    gradient_divisor: Tensor | None = None
    z: BranchOutput | None = None
    s: BranchOutput | None = None


class DecVAEForPreTraining(DecVAEPreTrainedModel):
    """DecVAE with its self-supervised objective, which is computed in float64 whatever the precision of training.

    In float32 the divergence of nearly equal levels cancels: a loss of 12.762 for branch S came out as 12.750.
    """

    def __init__(self, config: DecVAEConfig) -> None:
        super().__init__(config)
        self.decvae = DecVAEModel(config)
        self.objective = config.objective_settings
        # Components that branch S weighs its pairs by and has a prior for, if not its own.
        is_dual = self.decvae.branch_z is not None and self.decvae.branch_s is not None
        by_frames = is_dual and self.objective.sequence_components == "frames"
        self.sequence_components = config.n_components if by_frames else None
        self._freeze_heads()
        self.post_init()

    def _without_prior(self, branch: str) -> list[int]:
        """Components of a branch that have no prior because frames have fewer, counted from 1."""
        if branch == "Z" or self.sequence_components is None:
            return []
        return list(range(self.sequence_components + 1, self.config.components("S") + 1))

    def _freeze_heads(self) -> None:
        """Heads without a prior: nothing trains them; left to the optimiser, weight decay alone would move them."""
        for name, branch in (("Z", self.decvae.branch_z), ("S", self.decvae.branch_s)):
            if branch is not None:
                for place in [*([] if self.objective.prior_on_x else [0]), *self._without_prior(name)]:
                    branch.subspaces.logvar[place].requires_grad_(False)
                    branch.subspaces.mean[place].requires_grad_(self.objective.loss_space == "latents")

    def forward(self, frame_mask: Tensor | None = None, **inputs: Tensor) -> DecVAEForPreTrainingOutput:
        """Loss of one batch.

        Parameters
        ----------
        frame_mask : (B, F) bool
            Frames that are real and enter the loss and statistics of the norms.
        **inputs
            As :meth:`DecVAEModel.forward`.

        Raises
        ------
        ValueError
            If an input of a branch is missing.
        """
        output = self.decvae(frame_mask=frame_mask, **inputs)
        # In training, every process computes the loss of the whole batch; processes validate on batches of their own.
        whole = gather_rows if self.training else _as_it_is
        parts: dict[str, Tensor] = {}
        losses, masks = [], []
        if output.z is not None:
            if frame_mask is None:
                raise ValueError("the loss of branch Z needs `frame_mask`")
            z = BranchOutput(*map(whole, output.z.to_tuple()))
            masks.append(whole(frame_mask))
            losses.append(self._branch_loss("Z", z, masks[-1], whole(inputs["frames_present"]), parts))
        if output.s is not None:
            s = BranchOutput(*map(whole, output.s.to_tuple()))
            present = whole(inputs["sequence_present"])
            masks.append(torch.ones(len(present), dtype=torch.bool, device=present.device))
            losses.append(self._branch_loss("S", s, masks[-1], present, parts))
        decomposition, prior = (sum(values) for values in zip(*losses, strict=True))
        return DecVAEForPreTrainingOutput(
            loss=decomposition + prior,
            decomposition=decomposition,
            prior=prior,
            parts=parts,
            gradient_divisor=gradient_divisor(masks, self.objective),
            z=output.z,
            s=output.s,
        )

    def _branch_loss(
        self, branch: str, output: BranchOutput, mask: Tensor, present: Tensor, parts: dict[str, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Weighted decomposition loss and weighted prior loss of one branch; its parts go into ``parts``."""
        config, objective = self.config, self.objective
        space = output.features if objective.loss_space == "features" else output.mu
        levels = space.movedim(-2, 0)[: present.shape[-1] + 1].double()  # of the latents, without OCs_proj
        present = present.movedim(-1, 0)
        latents = (output.mu.double(), output.logvar.double())
        with torch.autocast(mask.device.type, enabled=False):
            if objective.has_published_loss:
                weighed_as = self.sequence_components if branch == "S" else None
                decomposition = published_decomposition_loss(
                    levels[0], levels[1:], mask, objective, present=present, weighed_as=weighed_as
                )
                prior = published_prior_loss(*latents, mask, objective, self._without_prior(branch))
            else:
                decomposition = decomposition_loss(
                    levels[0],
                    levels[1:],
                    mask,
                    present=present,
                    divergence=objective.divergence,
                    centring=objective.centring,
                    temperature=objective.temperature,
                )
                prior = prior_loss(*latents, mask)
        own = config.branch_z if branch == "Z" else config.branch_s
        beta = own.beta * own.prior_weight
        weight = 1.0 if branch == "Z" else config.branch_s.decomposition_weight
        with torch.no_grad():
            share = between_component_share(levels[1:].flatten(1, -2), (present & mask).flatten(1))
        named = {
            "decomposition": decomposition.loss,
            "prior": prior,
            "divergence_positive": decomposition.divergence_positive,
            "divergence_negative": decomposition.divergence_negative,
            "cross_entropy_positive": decomposition.cross_entropy_positive,
            "cross_entropy_negative": decomposition.cross_entropy_negative,
            "between_component_share": share,
        }
        if objective.frame_reduction == "sum_clamp" or objective.units == "nats":
            named["probability_positive"] = decomposition.probability_positive
            named["probability_negative"] = decomposition.probability_negative
        parts.update({f"{branch}/{name}": value.detach() for name, value in named.items()})
        return weight * decomposition.loss, beta * prior


def _as_it_is(values: Tensor) -> Tensor:
    return values


AutoModelForPreTraining.register(DecVAEConfig, DecVAEForPreTraining)
