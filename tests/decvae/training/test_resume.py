"""The file that training resumes from; whole runs are resumed in test_trainer."""

import torch

from decvae.training.resume import learning_rates, optimizer_tensors, read_state, restore_optimizer, write_state


def test_a_state_comes_back_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "state" / "resume.safetensors"
    assert read_state(path) is None
    write_state(path, {"model": {"a/b": torch.zeros(1)}}, {"step": 1})
    written = {"model": {"weight": torch.randn(2, 3)}, "history": {"0": torch.arange(3.0, dtype=torch.float64)}}
    write_state(path, {**written, "optimizer": {}}, {"step": 2, "names": [["a", None]]})
    groups, rest = read_state(path)
    assert rest == {"step": 2, "names": [["a", None]]}
    assert groups.keys() == written.keys()  # of an empty group nothing is stored
    assert torch.equal(groups["model"]["weight"], written["model"]["weight"])
    assert torch.equal(groups["history"]["0"], written["history"]["0"])


def _trained(seed, rate):
    torch.manual_seed(seed)
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=rate)
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return optimizer


def test_each_optimiser_gets_back_what_was_its_own():
    saved = {"z": _trained(0, 0.1), "s": _trained(1, 0.2)}
    tensors, rates = optimizer_tensors(saved), learning_rates(saved)
    assert rates == {"z": [0.1], "s": [0.2]}
    for branch, optimizer in saved.items():
        fresh = torch.optim.AdamW(torch.nn.Linear(3, 2).parameters(), lr=1.0)
        restore_optimizer(fresh, branch, tensors, rates[branch])
        assert fresh.param_groups[0]["lr"] == rates[branch][0]
        for index, entries in optimizer.state_dict()["state"].items():
            found = fresh.state_dict()["state"][index]
            assert all(torch.equal(found[name], value) for name, value in entries.items())
