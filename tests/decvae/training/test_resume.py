"""The file that training resumes from; whole runs are resumed in test_trainer."""

import torch

from decvae.training.resume import read_state, write_state


def test_a_state_comes_back_and_replaces_an_older_one(tmp_path):
    path = tmp_path / "state" / "resume.safetensors"
    write_state(path, {"model": {"a": torch.zeros(1)}})
    state = {
        "model": {"a.weight": torch.randn(2, 3), "a.count": torch.tensor(3)},
        "history": {("train", "step", ("z/loss", "all/total")): [[1, 1, 0.1, 1e-300]]},
        "best": float("inf"),
        "scaler": None,
        "betas": (0.9, 0.999),
    }
    write_state(path, state)
    found = read_state(path)
    weights = found.pop("model")
    assert torch.equal(weights["a.weight"], state["model"]["a.weight"]) and weights["a.count"] == 3
    del state["model"]
    assert found == {**state, "betas": [0.9, 0.999]}


def test_an_optimiser_goes_on_from_its_state(tmp_path):
    layer = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(layer.parameters(), lr=0.1)
    layer(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    write_state(tmp_path / "state", {"z": optimizer.state_dict(), "weights": layer.state_dict()})
    saved = read_state(tmp_path / "state")
    other = torch.nn.Linear(3, 2)
    other.load_state_dict(saved["weights"])
    resumed = torch.optim.AdamW(other.parameters(), lr=1.0)
    resumed.load_state_dict(saved["z"])
    for network, steps in ((layer, optimizer), (other, resumed)):
        steps.zero_grad()
        network(torch.ones(1, 3)).square().sum().backward()
        steps.step()
    assert all(torch.equal(a, b) for a, b in zip(layer.parameters(), other.parameters(), strict=True))
