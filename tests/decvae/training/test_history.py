"""Running means and the table of losses."""

from dataclasses import asdict

import pandas as pd
import torch

from decvae.training.history import COLUMNS, History, MeanOf


def test_means_are_weighted_and_survive_a_state():
    means = MeanOf()
    means.add({"Z/prior": torch.tensor(1.0)}, weight=3)
    copy = MeanOf(**asdict(means))
    copy.add({"Z/prior": torch.tensor(5.0)})
    assert copy.take() == {"Z/prior": 2.0}
    assert copy.take() == {} and means.take() == {"Z/prior": 1.0}


def test_table_of_values_in_the_order_of_the_steps():
    history = History()
    history.add(0, 0, "validation", "epoch", {"all/total": 3.0})
    for step in (1, 2):
        history.add(step, 1, "train", "step", {"all/total": step / 4, "Z/prior": step / 8})
    history.add(2, 1, "validation", "epoch", {"all/total": 2.0})
    table = history.table()
    assert tuple(table.columns) == COLUMNS and table.step.tolist() == [0, 1, 1, 2, 2, 2]
    row = table[(table.step == 2) & (table.branch == "Z")].iloc[0]
    assert (row.epoch, row.split, row.interval, row.quantity, row.value) == (1, "train", "step", "prior", 0.25)
    pd.testing.assert_frame_equal(History(history.rows).table(), table)
    assert tuple(History().table().columns) == COLUMNS and History().table().empty
