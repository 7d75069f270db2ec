"""Both divergences beside those of scipy and torch."""

import pytest
import torch
from scipy.spatial.distance import jensenshannon

from decvae.models.divergences import jensen_shannon, kullback_leibler
from decvae.models.objective import decomposition_loss


def test_jensen_shannon_equals_scipy():
    torch.manual_seed(0)
    log_p = torch.randn(3, 10, 7, dtype=torch.float64).log_softmax(-1)
    found = jensen_shannon(log_p, [(0, 1), (0, 2), (1, 2)])
    for (k, other), divergence in zip([(0, 1), (0, 2), (1, 2)], found, strict=True):
        expected = jensenshannon(log_p[k].exp(), log_p[other].exp(), axis=-1, base=2) ** 2
        torch.testing.assert_close(divergence, torch.from_numpy(expected))


def test_kullback_leibler_is_that_of_torch_made_a_probability():
    logits_p, logits_q = torch.randn(2, 10, 7, dtype=torch.float64)
    p, q = (torch.distributions.Categorical(logits=logits) for logits in (logits_p, logits_q))
    kl = torch.distributions.kl_divergence
    expected = 1 - torch.exp(-(kl(p, q) + kl(q, p)) / 2)
    found = kullback_leibler(p.logits, q.logits)
    torch.testing.assert_close(found, expected)
    total_variation = (p.probs - q.probs).abs().sum(-1) / 2
    assert (total_variation**2 <= found).all()  # Bretagnolle and Huber
    apart = 60.0 * torch.eye(3).unsqueeze(1).expand(3, 2, 3)  # logits of disjoint distributions
    x, components = torch.zeros(2, 3), apart
    apart = decomposition_loss(x, components, torch.ones(2, dtype=torch.bool), divergence="kl")
    assert apart.divergence_negative.item() == pytest.approx(1.0)
    same = decomposition_loss(x, torch.stack([x, x]), torch.ones(2, dtype=torch.bool), divergence="kl")
    assert same.divergence_positive.item() == 0.0
