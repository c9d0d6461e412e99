"""PyTorch on a GPU: eager, compiled, and as a CUDA graph; fused Adam, products in TF32."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

VERSION = torch.__version__
MODES = {
    "compile": "default",
    "compile, reduce-overhead": "reduce-overhead",
}  # of torch.compile, by contender


def seconds(
    name: str, setup: Any, widths: list[int], X: np.ndarray, y: np.ndarray, batch: int
) -> float | None:
    """Return the seconds of an update; None for CUDA graphs without a GPU.

    Parameters
    ----------
    name : "eager", "CUDA graph" or one of ``MODES``
    setup : gpu.Setup
    widths : list of int
    X : array, shape (m, n_x)
    y : array of labels, shape (m,)
    batch : int
    """
    device = torch.device(setup.device.replace("gpu", "cuda"))
    graph = name == "CUDA graph"
    if device.type != "cuda" and (graph or "reduce" in name):
        return None
    torch.set_float32_matmul_precision("high")
    rows, labels = torch.from_numpy(X).to(device), torch.from_numpy(y).to(device)
    step = _step(widths, device, graph, MODES.get(name))
    orders = torch.randperm(len(X), device=device).split(batch)
    if graph:
        step = _graph(step, rows, labels, orders[0])

    def run(updates: int) -> float:
        begin = time.perf_counter()
        for i in range(updates):
            step(rows, labels, orders[i % len(orders)])
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter() - begin

    few = 2 if setup.dry else 10
    run(few)
    short = run(few)
    many = few + (4 if setup.dry else int(np.clip(few * 0.3 / max(short, 1e-4), 20, 20_000)))
    long = run(many)
    return (long - short) / (many - few) if long > short else long / many


def _step(widths: list[int], device: torch.device, graph: bool, mode: str | None) -> Callable[..., None]:
    """Return an update; ``mode`` compiles the loss, forward and backward. Adam is one fused kernel in all."""
    parts: list[nn.Module] = []
    for n_prev, n in pairwise(widths):
        parts += [nn.Linear(n_prev, n), nn.ReLU()]
    model = nn.Sequential(*parts[:-1]).to(device)
    fused = device.type == "cuda"
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused, capturable=graph)

    def loss(X: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return nn.functional.cross_entropy(model(X), y)

    evaluate = loss if mode is None else torch.compile(loss, mode=mode)

    def step(rows: torch.Tensor, labels: torch.Tensor, batch: torch.Tensor) -> None:
        if mode == "reduce-overhead":
            torch.compiler.cudagraph_mark_step_begin()
        optimizer.zero_grad(set_to_none=not graph)
        evaluate(rows[batch], labels[batch]).backward()
        optimizer.step()

    return step


def _graph(
    step: Callable[..., None], rows: torch.Tensor, labels: torch.Tensor, batch: torch.Tensor
) -> Callable[..., None]:
    """Return the step captured once, and replayed for the rows that are copied into its batch."""
    place = batch.clone()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            step(rows, labels, place)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        step(rows, labels, place)

    def replay(rows: torch.Tensor, labels: torch.Tensor, batch: torch.Tensor) -> None:
        if len(batch) == len(place):  # all are, as the rows are a multiple of the batch
            place.copy_(batch)
        graph.replay()

    return replay
