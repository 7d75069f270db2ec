"""Classification heads: sizes, padding, pooling; losses against torch and closed forms."""

import math

import pytest
import torch
from torch.nn import functional as F

from decvae.models.heads import BODIES, TEMPORAL_HEADS, Head, classification_loss, masked_mean, positions
from decvae.settings.base import ConfigError
from decvae.settings.training import SupervisedSettings


def _head(kind, **values):
    torch.manual_seed(0)
    return Head(10, 3, SupervisedSettings(head=kind, hidden_dim=8, attention_heads=2, **values)).eval()


def _count(module):
    return sum(parameter.numel() for parameter in module.parameters())


def test_published_sizes():
    """144 latents (48 of X and two components) to 5 classes."""
    norm = 2 * 144
    sizes = {
        "mlp": (144 * 192 + 192) + (192 * 96 + 96) + (96 * 5 + 5),
        "cnn": (144 * 192 * 5 + 192) + (192 * 192 * 3 + 192) + (192 * 5 + 5),
        # Four gates with two biases each, in two directions; the second layer reads both.
        "lstm": 2 * 4 * 192 * (144 + 192 + 2) + 2 * 4 * 192 * (384 + 192 + 2) + (384 * 5 + 5),
        # Per layer: attention in and out, two feed-forward maps, two norms.
        "transformer": (144 * 192 + 192) + 2 * (6 * (192 * 192 + 192) + 4 * 192) + (192 * 5 + 5),
    }
    for kind, size in sizes.items():
        assert _count(Head(144, 5, SupervisedSettings(head=kind))) == norm + size, kind


@pytest.mark.parametrize("kind", BODIES)
@pytest.mark.parametrize("pool", [False, True])
def test_padding_never_changes_a_row(kind, pool):
    head = _head(kind)
    latents = torch.randn(3, 7, 10)
    lengths = torch.tensor([7, 4, 1])
    mask = torch.arange(7) < lengths.unsqueeze(1)
    found = head(latents, mask, pool)
    assert found.shape == ((3, 3) if pool else (3, 7, 3))
    for row, length in enumerate(lengths.tolist()):
        alone = head(latents[row : row + 1, :length], mask[row : row + 1, :length], pool)
        seen = found[row : row + 1] if pool else found[row : row + 1, :length]
        torch.testing.assert_close(alone, seen, atol=1e-5, rtol=1e-5)
    changed = torch.where(mask.unsqueeze(-1), latents, 100.0)
    after = head(changed, mask, pool)
    torch.testing.assert_close(after if pool else after[mask], found if pool else found[mask], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", BODIES)
def test_sequence_heads_see_the_order_of_frames_and_mlp_does_not(kind):
    head, latents = _head(kind), torch.randn(1, 6, 10)
    mask = torch.ones(1, 6, dtype=torch.bool)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    same = torch.allclose(head(latents[:, order], mask, False), head(latents, mask, False)[:, order], atol=1e-5)
    assert same == (kind not in TEMPORAL_HEADS)


def test_small_latents_are_no_obstacle():
    head, latents = _head("mlp"), torch.randn(1, 4, 10)
    mask = torch.ones(1, 4, dtype=torch.bool)
    torch.testing.assert_close(head(0.1 * latents, mask, False), head(latents, mask, False), atol=1e-2, rtol=1e-2)


def test_means_are_over_real_frames():
    hidden, mask = torch.arange(6.0).view(1, 3, 2), torch.tensor([[True, True, False]])
    assert masked_mean(hidden, mask).tolist() == [[1.0, 2.0]]
    assert masked_mean(hidden, torch.zeros_like(mask)).tolist() == [[0.0, 0.0]]


def test_positions_are_those_of_the_formula():
    found = positions(5, 6, torch.zeros(1))
    for frame in range(5):
        for pair in range(3):
            angle = frame / 10_000 ** (2 * pair / 6)
            assert found[frame, 2 * pair].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[frame, 2 * pair + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_mistakes_are_named():
    for wrong in ({"head": "gru"}, {"loss": "hinge"}):
        with pytest.raises(ConfigError, match=r"is '(gru|hinge)'; allowed: one of"):
            SupervisedSettings.parse(wrong)
    with pytest.raises(ValueError, match=r"attention_heads \(8\) must divide hidden_dim \(20\)"):
        Head(4, 2, SupervisedSettings(head="transformer", hidden_dim=20))


# ---- Losses ----

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0], [0.0, 1.0, 3.0], [1.0, 1.0, 1.0]], dtype=torch.float64)
LABELS = torch.tensor([0, 1, 1, -100])
WEIGHTS = torch.tensor([0.5, 2.0, 1.0], dtype=torch.float64)


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_losses_equal_torch(weights):
    expected = F.cross_entropy(LOGITS, LABELS, weight=weights, ignore_index=-100)
    torch.testing.assert_close(classification_loss(LOGITS, LABELS, class_weights=weights), expected)
    focal = classification_loss(LOGITS, LABELS, kind="focal", focal_gamma=0.0, class_weights=weights)
    torch.testing.assert_close(focal, expected)
    smooth = classification_loss(LOGITS, LABELS, kind="label_smoothing", smoothing=0.2, class_weights=weights)
    reference = F.cross_entropy(LOGITS, LABELS, weight=weights, ignore_index=-100, label_smoothing=0.2)
    torch.testing.assert_close(smooth, reference)


def test_focal_loss_of_known_probabilities():
    """Rows with p = 1/2 and p = 1/5 of their class: mean of (1 - p)^2 times -log p."""
    logits = torch.log(torch.tensor([[0.5, 0.5], [0.8, 0.2]], dtype=torch.float64))
    found = classification_loss(logits, torch.tensor([1, 1]), kind="focal", focal_gamma=2.0)
    assert found.item() == pytest.approx((0.25 * math.log(2) + 0.64 * math.log(5)) / 2)


def test_label_smoothing_of_a_known_case():
    """Two classes at p = (0.8, 0.2), target (0.9, 0.1)."""
    logits = torch.log(torch.tensor([[0.8, 0.2]], dtype=torch.float64))
    found = classification_loss(logits, torch.tensor([0]), kind="label_smoothing", smoothing=0.2)
    assert found.item() == pytest.approx(-0.9 * math.log(0.8) - 0.1 * math.log(0.2))


@pytest.mark.parametrize("kind", ["cross_entropy", "focal", "label_smoothing"])
def test_a_batch_without_labels_has_no_loss_and_a_gradient(kind):
    logits = torch.randn(2, 3, 4, requires_grad=True)
    loss = classification_loss(logits, torch.full((2, 3), -100), kind=kind)
    loss.backward()
    assert loss.item() == 0.0 and not logits.grad.any()


@pytest.mark.parametrize("kind", ["cross_entropy", "focal", "label_smoothing"])
def test_gradients(kind):
    logits = LOGITS.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: classification_loss(x, LABELS, kind=kind, class_weights=WEIGHTS), logits)
