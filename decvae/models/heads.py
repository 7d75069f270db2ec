"""Classification heads on latents, and their losses."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from decvae.settings.training import SupervisedSettings

IGNORED = -100  # label of a padded or unlabelled row, as in torch and transformers


def masked_mean(hidden: Tensor, mask: Tensor) -> Tensor:
    """Mean over the real frames: (B, F, width), (B, F) bool -> (B, width); 0 for a row without any."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)
    return (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)


class MLPBody(nn.Sequential):
    """Two layers on every frame alone. Shape: (B, F, in) -> (B, F, hidden_dim / 2)."""

    def __init__(self, inputs: int, settings: SupervisedSettings) -> None:
        hidden, self.width = settings.hidden_dim, max(1, settings.hidden_dim // 2)
        drop = nn.Dropout(settings.dropout)
        super().__init__(nn.Linear(inputs, hidden), nn.GELU(), drop, nn.Linear(hidden, self.width), nn.GELU(), drop)

    def forward(self, latents: Tensor, mask: Tensor) -> Tensor:  # type: ignore[override]
        """Every frame alone, padded ones too."""
        return super().forward(latents)


class CNNBody(nn.Module):
    """Convolutions over 5, then 3 frames; padded frames count as zeros, like those beyond the ends.

    Shape: (B, F, in) -> (B, F, hidden_dim). The published max-pooling is left out: frames keep their rate.
    """

    def __init__(self, inputs: int, settings: SupervisedSettings) -> None:
        super().__init__()
        self.width = settings.hidden_dim
        self.convs = nn.ModuleList(
            nn.Conv1d(channels, self.width, kernel, padding=kernel // 2)
            for channels, kernel in ((inputs, 5), (self.width, 3))
        )
        self.drop = nn.Dropout(settings.dropout)

    def forward(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Latents (B, F, in) and real frames (B, F) -> (B, F, width)."""
        hidden = latents.transpose(1, 2)
        for conv in self.convs:
            hidden = self.drop(F.gelu(conv(hidden * mask.unsqueeze(1))))
        return hidden.transpose(1, 2)


class LSTMBody(nn.Module):
    """Bidirectional LSTM over the real frames. Shape: (B, F, in) -> (B, F, 2 hidden_dim)."""

    def __init__(self, inputs: int, settings: SupervisedSettings) -> None:
        super().__init__()
        self.width = 2 * settings.hidden_dim
        between = settings.dropout if settings.layers > 1 else 0.0  # torch drops between layers only
        self.lstm = nn.LSTM(
            inputs, settings.hidden_dim, settings.layers, batch_first=True, bidirectional=True, dropout=between
        )
        self.drop = nn.Dropout(settings.dropout)

    def forward(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Latents (B, F, in) and real frames (B, F) -> (B, F, width)."""
        lengths = mask.sum(1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(latents, lengths, batch_first=True, enforce_sorted=False)
        hidden, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0], True, total_length=latents.shape[1])
        return self.drop(hidden)


class TransformerBody(nn.Module):
    """Transformer encoder with sinusoidal positions over the real frames. Shape: (B, F, in) -> (B, F, hidden_dim)."""

    def __init__(self, inputs: int, settings: SupervisedSettings) -> None:
        super().__init__()
        self.width = settings.hidden_dim
        self.inputs = nn.Linear(inputs, self.width)
        layer = nn.TransformerEncoderLayer(
            self.width, settings.attention_heads, self.width, settings.dropout, activation="gelu", batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, settings.layers, enable_nested_tensor=False)

    def forward(self, latents: Tensor, mask: Tensor) -> Tensor:
        """Latents (B, F, in) and real frames (B, F) -> (B, F, width)."""
        hidden = self.inputs(latents) + positions(latents.shape[1], self.width, latents)
        return self.encoder(hidden, src_key_padding_mask=~mask)


def positions(count: int, width: int, like: Tensor) -> Tensor:
    """Sinusoidal positions (count, width) of Vaswani et al. (2017): sines in even columns, cosines in odd ones."""
    column = torch.arange(width, device=like.device)
    rate = 10_000.0 ** (-(column - column % 2) / width)
    angle = torch.arange(count, device=like.device).unsqueeze(1) * rate
    return torch.where(column % 2 == 0, angle.sin(), angle.cos()).to(like.dtype)


Body = MLPBody | CNNBody | LSTMBody | TransformerBody
BODIES: dict[str, type[Body]] = {"mlp": MLPBody, "cnn": CNNBody, "lstm": LSTMBody, "transformer": TransformerBody}
TEMPORAL_HEADS = ("cnn", "lstm", "transformer")


class Head(nn.Module):
    """Layer norm (latents can be very small), body, linear map to classes.

    Parameters
    ----------
    inputs : int
        Values of a frame's latent.
    n_classes : int
    settings : SupervisedSettings

    Raises
    ------
    ValueError
        For a width that the attention heads do not divide.
    """

    def __init__(self, inputs: int, n_classes: int, settings: SupervisedSettings) -> None:
        super().__init__()
        if settings.head == "transformer" and settings.hidden_dim % settings.attention_heads:
            raise ValueError(
                f"attention_heads ({settings.attention_heads}) must divide hidden_dim ({settings.hidden_dim})"
            )
        self.norm = nn.LayerNorm(inputs)
        self.body: Body = BODIES[settings.head](inputs, settings)
        self.output = nn.Linear(self.body.width, n_classes)

    def forward(self, latents: Tensor, mask: Tensor, pool: bool) -> Tensor:
        """Logits of each frame, (B, F, n_classes), or of the mean over real frames, (B, n_classes).

        Parameters
        ----------
        latents : (B, F, inputs)
        mask : (B, F) bool
            Real frames; padding is at the end of a row and never changes them.
        pool : bool
        """
        hidden = self.body(self.norm(latents), mask)
        return self.output(masked_mean(hidden, mask) if pool else hidden)


def classification_loss(
    logits: Tensor,
    labels: Tensor,
    *,
    kind: str = "cross_entropy",
    focal_gamma: float = 2.0,
    smoothing: float = 0.1,
    class_weights: Tensor | None = None,
) -> Tensor:
    """Mean loss over labelled rows, weighted by class as ``torch.nn.functional.cross_entropy``; 0 without any.

    Parameters
    ----------
    logits : (..., n_classes)
    labels : (...) int
        Class of each row; :data:`IGNORED` for rows that do not count.
    kind : {"cross_entropy", "focal", "label_smoothing"}
        ``focal``: every row's cross-entropy times ``(1 - p)^focal_gamma``, p the probability of its class (Lin et al.
        2017). ``label_smoothing``: the target is ``1 - smoothing`` on the class plus ``smoothing`` spread over all.
    class_weights : (n_classes,) or None

    Returns
    -------
    () tensor
        In nats.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    real = labels != IGNORED
    logits, labels = logits[real], labels[real]
    if len(labels) == 0:
        return logits.sum()
    if kind != "focal":
        label_smoothing = smoothing if kind == "label_smoothing" else 0.0
        return F.cross_entropy(logits, labels, weight=class_weights, label_smoothing=label_smoothing)
    log_p = F.log_softmax(logits, dim=-1).gather(1, labels.unsqueeze(1)).squeeze(1)
    weight = torch.ones_like(log_p) if class_weights is None else class_weights[labels]
    return (weight * -((1 - log_p.exp()) ** focal_gamma) * log_p).sum() / weight.sum()
