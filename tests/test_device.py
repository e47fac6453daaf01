"""Does the chosen device compute what the CPU computes?"""

import numpy as np
import pytest

from autograde.device import device


def test_without_an_accelerator_it_is_the_cpu(monkeypatch):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert device() == torch.device("cpu")


@pytest.mark.parametrize(("cuda", "mps", "kind"), [(True, True, "cuda"), (False, True, "mps")])
def test_cuda_comes_before_mps(monkeypatch, cuda, mps, kind):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
    assert device().type == kind


@pytest.mark.gpu
def test_a_network_and_its_gradients_agree_with_the_cpu():
    import torch

    where = device()
    if where.type == "cpu":
        pytest.skip("no GPU here")
    torch.manual_seed(1)
    network = torch.nn.RNN(3, 16).double() if where.type == "cuda" else torch.nn.RNN(3, 16)
    dtype = next(network.parameters()).dtype
    x = torch.from_numpy(np.random.default_rng(2).normal(size=(40, 5, 3))).to(dtype)
    gradients = {}
    for there in ("cpu", where):
        network.to(there).zero_grad()
        network(x.to(there))[0].square().sum().backward()
        gradients[str(there)] = [p.grad.cpu().clone() for p in network.parameters()]
    for here, there in zip(*gradients.values(), strict=True):
        scale = here.abs().max()
        assert (here - there).abs().max() < (1e-10 if dtype == torch.float64 else 1e-4) * scale
