"""When training ends early."""

from dataclasses import asdict

import numpy as np

from decvae.training.stopping import EarlyStopping


def _stop_epoch(losses, **options):
    rule = EarlyStopping(**{"patience": 3, "min_improvement": 0.01, "warmup_epochs": 0, **options})
    for epoch, loss in enumerate(losses, start=1):
        rule.update(epoch, loss)
        if rule.stop:
            return epoch
    return None


def test_early_stopping_rule():
    falling = np.geomspace(10, 1, 50)
    assert _stop_epoch(falling) is None
    assert _stop_epoch([1.0] * 10) == 4
    assert _stop_epoch([1.0] * 10, warmup_epochs=6) == 8
    assert _stop_epoch([1.0, 2.0, 2.0, 0.5, 2.0, 2.0, 2.0]) == 7
    assert _stop_epoch([1.0, 0.995, 0.991, 0.9905]) == 4  # none is 1 % below the best
    assert _stop_epoch([1.0] * 100, patience=0) is None
    assert _stop_epoch([-1.0, -1.1, -1.2, -1.3, -1.4]) is None  # negative losses that fall


def test_the_published_rule_stops_at_a_fixed_epoch():
    """250 steps in an epoch, a warm-up of 28000 steps and patience 5 end every published SimVowels run at epoch 116."""
    rule = {"best": -np.inf, "patience": 5, "warmup_epochs": 28000 // 250}
    for losses in (np.geomspace(10, 1, 150), np.geomspace(1, 10, 150)):
        assert _stop_epoch(losses, **rule) == 116
    assert _stop_epoch(np.geomspace(10, 1, 150), patience=5, warmup_epochs=112) is None


def test_a_rule_goes_on_from_its_state():
    whole = EarlyStopping(patience=3, min_improvement=0.01, warmup_epochs=0)
    for epoch, loss in enumerate([1.0, 2.0, 2.0], start=1):
        whole.update(epoch, loss)
    second = EarlyStopping(**asdict(whole))
    assert second == whole
    second.update(4, 2.0)
    assert second.stop and not whole.stop
