"""One number of a trace, with its equation and all numbers inserted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..core.parameter_names import kind_of
from .trace_record import TraceRecord

_SHOWN = 8  # terms of a long sum, the largest


class _Parts(NamedTuple):
    """The terms of a cell, the operator that joins them, and the scale."""

    terms: list[tuple[str, float]]
    joined: str = "+"
    scale: float = 1.0


@dataclass(frozen=True)
class Cell:
    """One number: ``print`` it for the sum or product that it results from.

    Parameters
    ----------
    name : str
        "Z1[0,3]".
    value : float
    equation : str
        The equation of the whole quantity.
    terms : tuple of (str, float)
        Terms of the sum, or factors, each as text and number.
    joined : str
        "+" for a sum, "*" for a product, "" for a function value.
    scale : float
        Factor of the sum (1/m for a gradient).
    """

    name: str
    value: float
    equation: str
    terms: tuple[tuple[str, float], ...]
    joined: str = "+"
    scale: float = 1.0

    def __str__(self) -> str:
        lines = [f"{self.name} = {self.value:.10g}", f"  {self.equation}"]
        if self.joined != "+":
            sign = " * " if self.joined else ", "
            return "\n".join([*lines, "  " + sign.join(text for text, _ in self.terms)])
        order = sorted(self.terms, key=lambda term: -abs(term[1]))
        if len(order) <= _SHOWN:
            order = list(self.terms)
        lines += [f"  {'+' if v >= 0 else '-'} {abs(v):<12.6g} {text}" for text, v in order[:_SHOWN]]
        if rest := order[_SHOWN:]:
            lines.append(f"  + {sum(v for _, v in rest):<12.6g} the other {len(rest)} terms together")
        if self.scale != 1.0:
            lines.append(f"  all times {self.scale:.6g}")
        return "\n".join(lines)


def cell(trace: TraceRecord, name: str, index: tuple[int, ...]) -> Cell:
    """Return one number of a trace with its terms."""
    step = trace.step(name)
    index = _check_index(name, step.value, index)
    where = f"{name}[{','.join(map(str, index))}]" if index else name
    value = float(step.value[index])
    letters = name.removeprefix("new ").rstrip("0123456789")
    layer = int(name[len(name.rstrip("0123456789")) :] or 0)
    maker = None if step.phase == "given" else _MAKERS.get("new" if step.phase == "update" else letters)
    parts = maker(trace, name, layer, index) if maker else _Parts([], "")
    return Cell(where, value, step.plain, tuple(parts.terms), parts.joined, parts.scale)


def _check_index(name: str, value: np.ndarray, index: tuple[int, ...]) -> tuple[int, ...]:
    inside = len(index) == value.ndim and all(
        isinstance(i, (int, np.integer)) and -n <= i < n for i, n in zip(index, value.shape, strict=True)
    )
    if not inside:
        want = f"{value.ndim} numbers inside {value.shape}" if value.ndim else "no index"
        raise IndexError(f"{name}: expected {want}, received {index}")
    return tuple(int(i) % n for i, n in zip(index, value.shape, strict=True))


def _text(name: str, value: float) -> str:
    return f"{name} ({value:.6g})"


def _products(left: str, a: np.ndarray, right: str, b: np.ndarray) -> list[tuple[str, float]]:
    """Return the terms of a sum of products; "*" in the names is the index."""
    pairs = enumerate(zip(a.tolist(), b.tolist(), strict=True))
    return [
        (f"{_text(left.replace('*', str(k)), x)} * {_text(right.replace('*', str(k)), y)}", x * y)
        for k, (x, y) in pairs
    ]


def _entry(name: str, value: float) -> tuple[str, float]:
    return f"{name} = {value:.6g}", float(value)


def _column(name: str, values: np.ndarray, i: int) -> _Parts:
    """Return the entries of a column, on all of which a number depends."""
    return _Parts([_entry(f"{name}[{k},{i}]", value) for k, value in enumerate(values[:, i])], "")


def _Z(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    j, i = index
    cache = trace.caches[l - 1]
    terms = _products(f"W{l}[{j},*]", cache.W[j], f"A{l - 1}[*,{i}]", cache.A_prev[:, i])
    return _Parts([*terms, (f"b{l}[{j},0]", float(cache.b[j, 0]))])


def _A(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    if l == 0:
        return _Parts([], "")
    j, i = index
    cache, row = trace.caches[l - 1], trace.network.layer_activations[l - 1]
    if not row.elementwise:
        return _column(f"Z{l}", cache.Z, i)
    terms = [_entry(f"Z{l}[{j},{i}]", cache.Z[j, i])]
    if cache.alpha is not None:
        terms += [_entry(f"{row.name}(Z)", cache.A[j, i]), _entry(f"a{l}[{j},0]", cache.alpha[j, 0])]
    return _Parts(terms, "")


def _J(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    network = trace.network
    AL, Y, Z = trace[f"A{network.L}"], trace["Y"], trace.caches[-1].Z
    pair = network.fused_pair
    losses = (network.loss_row.forward(AL, Y) if pair is None else pair.forward(Z, Y)).sum(axis=0)
    if any(step.name == "w" for step in trace):
        losses = losses * trace["w"][0]
    terms = [(f"loss of example {i}", float(loss)) for i, loss in enumerate(losses)]
    l2, l1, total = trace.penalties
    W = [step.value for step in trace if step.phase == "given" and kind_of(step.name) == "W"]
    if l2:
        terms.append(
            ("l2 penalty, times m", trace.m * l2 / (2 * total) * float(sum((w * w).sum() for w in W)))
        )
    if l1:
        terms.append(("l1 penalty, times m", trace.m * l1 / total * float(sum(np.abs(w).sum() for w in W))))
    return _Parts(terms, scale=1.0 / trace.m)


def _dA(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    j, i = index
    if l == trace.network.L:
        return _output_and_target(trace, l, index)
    W, dZ, mask = trace.caches[l].W, trace[f"dZ{l + 1}"], trace.caches[l].mask
    terms = _products(f"W{l + 1}[*,{j}]", W[:, j], f"dZ{l + 1}[*,{i}]", dZ[:, i])
    return _Parts(terms, scale=1.0 if mask is None else float(mask[j, i]))


def _output_and_target(trace: TraceRecord, l: int, index: tuple[int, ...]) -> _Parts:
    j, i = index
    return _Parts([_entry(f"{name}[{j},{i}]", trace[name][j, i]) for name in (f"A{l}", "Y")], "")


def _dZ(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    network = trace.network
    j, i = index
    if l == network.L and network.fused:
        return _output_and_target(trace, l, index)
    row, cache, dA = network.layer_activations[l - 1], trace.caches[l - 1], trace[f"dA{l}"]
    if not row.elementwise:
        return _column(f"dA{l}", dA, i)
    slope = float(row.derivative(cache.Z[[j]][:, [i]])[0, 0])
    if cache.alpha is not None:
        slope = float(1 - cache.alpha[j, 0] + cache.alpha[j, 0] * slope)
    factors = ((f"dA{l}[{j},{i}]", float(dA[j, i])), (f"g'(Z{l}[{j},{i}])", slope))
    return _Parts([(_text(*factor), factor[1]) for factor in factors], "*")


def _dW(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    j, k = index
    dZ, A = trace[f"dZ{l}"], trace.caches[l - 1].A_prev
    terms = _products(f"dZ{l}[{j},*]", dZ[j], f"A{l - 1}[{k},*]", A[k])
    l2, l1, total = trace.penalties
    w = float(trace[f"W{l}"][j, k])
    if l2:
        terms.append((f"l2 * m/total * W{l}[{j},{k}]", l2 / total * w * trace.m))
    if l1:
        terms.append((f"l1 * m/total * sign(W{l}[{j},{k}])", l1 / total * float(np.sign(w)) * trace.m))
    return _Parts(terms, scale=1.0 / trace.m)


def _db(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    row = trace[f"dZ{l}"][index[0]]
    return _Parts([(f"dZ{l}[{index[0]},{i}]", float(v)) for i, v in enumerate(row)], scale=1.0 / trace.m)


def _new(trace: TraceRecord, name: str, l: int, index: tuple[int, ...]) -> _Parts:
    old = name.removeprefix("new ")
    at = ",".join(map(str, index))
    before, after, slope = (float(trace[n][index]) for n in (old, name, f"d{old}"))
    return _Parts(
        [(f"{old}[{at}] before", before), (f"the step (its gradient is {slope:.6g})", after - before)]
    )


_MAKERS: dict[str, Callable[[TraceRecord, str, int, tuple[int, ...]], _Parts]] = {
    "Z": _Z, "A": _A, "J": _J, "dA": _dA, "dZ": _dZ, "dW": _dW, "db": _db, "new": _new,
}  # fmt: skip
