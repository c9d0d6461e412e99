"""PyTorch on the CPU, eager: the loop of its tutorials."""

from __future__ import annotations

import torch
from torch import nn

from workloads import Outcome, Work


def full_batch(work: Work) -> Outcome:
    """``torch.optim.SGD`` on all examples."""
    spec = work.spec
    model, loss = _model(work), _loss(work)
    X, Y = _tensors(work)
    optimizer = torch.optim.SGD(model.parameters(), lr=spec.learning_rate)
    costs = []
    for i in range(spec.iterations):
        optimizer.zero_grad()
        J = loss(model(X), Y)
        J.backward()
        optimizer.step()
        if i % spec.record_every == 0:
            costs.append(J.item())
    return Outcome(_parameters(work, model), costs)


def mini_batch(work: Work) -> Outcome:
    """``torch.optim.Adam`` on batches taken by index."""
    spec = work.spec
    model, loss = _model(work), _loss(work)
    X, Y = _tensors(work)
    optimizer = torch.optim.Adam(model.parameters(), lr=spec.learning_rate)
    for order in torch.from_numpy(work.orders):
        for batch in order.split(spec.batch_size):
            optimizer.zero_grad()
            J = loss(model(X[batch]), Y[batch])
            J.backward()
            optimizer.step()
    return Outcome(_parameters(work, model))


def _model(work: Work) -> nn.Sequential:
    """The layers, the output's activation left to the loss."""
    dtype = getattr(torch, work.spec.dtype)
    parts: list[nn.Module] = []
    for layer in work.layers():
        W, b = work.parameters[f"W{layer}"], work.parameters[f"b{layer}"]
        linear = nn.Linear(W.shape[1], W.shape[0], dtype=dtype)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W))
            linear.bias.copy_(torch.from_numpy(b[:, 0]))
        parts += [linear, nn.Tanh() if work.spec.hidden == "tanh" else nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def _tensors(work: Work) -> tuple[torch.Tensor, torch.Tensor]:
    X, Y = torch.from_numpy(work.X.T), torch.from_numpy(work.Y.T)
    return X, Y.argmax(dim=1) if work.spec.output == "softmax" else Y


def _loss(work: Work):
    if work.spec.output == "softmax":
        return nn.functional.cross_entropy
    n_L = work.spec.layer_dims[-1]
    return lambda Z, Y: n_L * nn.functional.binary_cross_entropy_with_logits(Z, Y)


def _parameters(work: Work, model: nn.Sequential) -> dict:
    linears = [part for part in model if isinstance(part, nn.Linear)]
    parameters = {}
    for layer, linear in zip(work.layers(), linears, strict=True):
        parameters[f"W{layer}"] = linear.weight.detach().numpy()
        parameters[f"b{layer}"] = linear.bias.detach().numpy()[:, None]
    return parameters
