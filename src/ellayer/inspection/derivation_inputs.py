"""derive's last steps where the parameter stands before layer 1: the scaling, the embeddings of numbers and categories.

U^[0] is what the scaling multiplies: A^[0] = s * U^[0]; without a scaling the two are one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.inputs import InputCache, Inputs
from .chain_notation import Factor, cell, entry, sub


@dataclass(frozen=True)
class Way:
    """How a parameter before layer 1 acts.

    Parameters
    ----------
    rows : tuple of int
        The rows of A^[0] that it acts through.
    steps : tuple of Step
        From dL/dA^[0] on to what the parameter makes.
    locals : tuple of Step
        The derivative of that by the parameter; two where it acts in two ways.
    befores : array, shape (len(locals), m)
        The derivative of each example's loss by what ``locals`` are derivatives of.
    made : str
        Those, in words.
    """

    rows: tuple[int, ...]
    steps: tuple[Step, ...]
    locals: tuple[Step, ...]
    befores: np.ndarray
    made: tuple[str, ...]

    @property
    def contributions(self) -> np.ndarray:
        """The derivative of each example's loss by the parameter."""
        return np.sum([b * local.values for b, local in zip(self.befores, self.locals, strict=True)], axis=0)

    def last(self, where: str, i: int) -> str:
        """Return how the contribution of one example comes from the factors above it."""
        made = [text.replace("@", str(i)) for text in self.made]
        if len(made) == 1:
            return f"dL/d{where} = {made[0]} * the factor above"
        return f"dL/d{where} = " + " + ".join(
            f"{text} * {local.plain.partition(' ')[0].replace('@', str(i))}"
            for text, local in zip(made, self.locals, strict=True)
        )


@dataclass(frozen=True)
class Step:
    """One factor for every example: the derivative ``left``, what it is by, and its values (m,).

    In the texts @ stands for the example's number.
    """

    plain: str
    latex: str
    values: np.ndarray

    def at(self, i: int) -> Factor:
        """Return the factor of one example."""
        return Factor(
            self.plain.replace("@", str(i)), self.latex.replace("@", str(i)), float(self.values[i]) + 0.0
        )


def way_of(name: str, index: tuple[int, ...], inputs: Inputs, cache: InputCache, dA0: np.ndarray) -> Way:
    """Return how a parameter before layer 1 acts, with the numbers of all examples.

    Parameters
    ----------
    name : str
        "s0", "f0", "p0", "V0", "c0", "t0" or "E1", ...
    index : tuple of int
    inputs : Inputs
    cache : InputCache
    dA0 : array, shape (inputs.size(n_x), m)
    """
    kind = name[0]
    if kind == "s":
        return _scaling(index[0], cache, dA0)
    if kind == "E":
        return _category(int(name[1:]), index, inputs, cache, dA0)
    if kind in "Vc":
        return _combination(kind, index, inputs, cache, dA0)
    if kind == "t":
        return _threshold(index, inputs, cache, dA0)
    return _frequency(kind, index, inputs, cache, dA0)


def _scaling(r: int, cache: InputCache, dA0: np.ndarray) -> Way:
    local = _local("A0", r, cell("s0", (r, 0)), f"U0[{r},@]", sub("U0", r, "@"), cache.unscaled[r])
    return Way((r,), (), (local,), dA0[[r]], (f"dL/dA0[{r},@]",))


def _category(j: int, index: tuple[int, ...], inputs: Inputs, cache: InputCache, dA0: np.ndarray) -> Way:
    d, k = index
    r = len(dA0) + (j - 1 - len(inputs.categories)) * inputs.dimension + d
    share = cache.codes[j - 1][k]
    told = f"1 for an example of category {k}, else 0"
    latex = rf"[\text{{category}} = {k}]"
    return _of_one_row(r, cell(f"E{j}", index), told, latex, share, cache, dA0)


def _of_one_row(
    r: int, where: str, told: str, latex: str, values: Any, cache: InputCache, dA0: np.ndarray
) -> Way:
    steps, U = _unscaled((r,), cache, dA0)
    local = _local(U, r, where, told, latex, values)
    return Way((r,), steps, (local,), _scaled((r,), cache, dA0), (f"dL/d{U}[{r},@]",))


def _combination(
    kind: str, index: tuple[int, ...], inputs: Inputs, cache: InputCache, dA0: np.ndarray
) -> Way:
    """V and c: U0 = V cos(2 pi t) + c, t = f x + p."""
    n, w, q = index
    r = inputs.numbers + n * inputs.width + w
    if kind == "c":
        return _of_one_row(r, cell("c0", index), "1", "1", np.ones(dA0.shape[1]), cache, dA0)
    told, latex = _waved("cos", n, q)
    return _of_one_row(r, cell("V0", index), told, latex, cache.numbers[4][n, q], cache, dA0)


def _frequency(kind: str, index: tuple[int, ...], inputs: Inputs, cache: InputCache, dA0: np.ndarray) -> Way:
    """f and p act through t = f x + p, and that through all rows of the number's embedding."""
    n, q, _ = index
    X, _, V, T, _ = cache.numbers
    first = inputs.numbers + n * inputs.width
    rows = tuple(range(first, first + inputs.width))
    steps, U = _unscaled(rows, cache, dA0)
    D = _scaled(rows, cache, dA0)
    sine, sine_latex = _waved("sin", n, q)
    t = cell("t", (n, q)).rstrip("]") + ",@]"
    dt = Step(
        f"dL/d{t} = -2 pi {sine} * sum_w V0[{n},w,{q}] dL/d{U}[{first}+w,@]",
        rf"\frac{{\partial L}}{{\partial {sub('t', n, q, '@')}}} = -2\pi\, {sine_latex} \sum_w {sub('V0', n, 'w', q)}\, "
        rf"\frac{{\partial L}}{{\partial {sub(U, f'{first}+w', '@')}}}",
        -2.0 * math.pi * np.sin(T[n, q]) * (V[n, :, q] @ D),
    )
    where = cell(f"{kind}0", index)
    told, latex = (f"X[{n},@]", sub("X", n, "@")) if kind == "f" else ("1", "1")
    local = Step(
        f"d{t}/d{where} = {told}",
        rf"\frac{{\partial {sub('t', n, q, '@')}}}{{\partial {entry(where)}}} = {latex}",
        X[n] if kind == "f" else np.ones(dA0.shape[1]),
    )
    return Way(rows, (*steps, dt), (local,), dt.values[None], (f"dL/d{t}",))


def _threshold(index: tuple[int, ...], inputs: Inputs, cache: InputCache, dA0: np.ndarray) -> Way:
    """t_j is where ramp j begins and ramp j - 1 ends."""
    n, j, _ = index
    U, inside, slope = cache.ramps
    first = inputs.numbers * (1 + (inputs.width if inputs.frequencies else 0)) + n * inputs.ramps
    ramps = [k for k in (j - 1, j) if 0 <= k < inputs.ramps]
    rows = tuple(first + k for k in ramps)
    steps, name = _unscaled(rows, cache, dA0)
    where = cell("t0", index)
    locals_ = []
    for k, r in zip(ramps, rows, strict=True):
        moved, text = (U[n, k] - 1.0, "u - 1") if k == j else (-U[n, k], "-u")
        told = f"({text}) / (t0[{n},{k + 1}] - t0[{n},{k}]) on the ramp u = {name}[{r},@], else 0"
        latex = rf"\frac{{{text}}}{{{sub('t0', n, k + 1)} - {sub('t0', n, k)}}}\ [0 < u \le 1]"
        locals_.append(_local(name, r, where, told, latex, np.where(inside[n, k], moved * slope[n, k], 0.0)))
    return Way(
        rows, steps, tuple(locals_), _scaled(rows, cache, dA0), tuple(f"dL/d{name}[{r},@]" for r in rows)
    )


def _unscaled(rows: tuple[int, ...], cache: InputCache, dA0: np.ndarray) -> tuple[tuple[Step, ...], str]:
    """The way through the scaling, where there is one, and the name of what is before it."""
    if cache.s is None:
        return (), "A0"
    D = _scaled(rows, cache, dA0)
    steps = tuple(
        Step(
            f"dL/dU0[{r},@] = s0[{r}] * dL/dA0[{r},@], s0 = {cache.s[r, 0]:.6g}",
            rf"\frac{{\partial L}}{{\partial {sub('U0', r, '@')}}} = {sub('s0', r)}\, "
            rf"\frac{{\partial L}}{{\partial {sub('A0', r, '@')}}},\quad s = {cache.s[r, 0]:.6g}",
            values,
        )
        for r, values in zip(rows, D, strict=True)
    )
    return steps, "U0"


def _scaled(rows: tuple[int, ...], cache: InputCache, dA0: np.ndarray) -> np.ndarray:
    """dL/dU0 of some rows, (rows, m)."""
    D = dA0[list(rows)]
    return D if cache.s is None else cache.s[list(rows)] * D


def _local(U: str, r: int, where: str, told: str, latex: str, values: Any) -> Step:
    return Step(
        f"d{U}[{r},@]/d{where} = {told}",
        rf"\frac{{\partial {sub(U, r, '@')}}}{{\partial {entry(where)}}} = {latex}",
        np.asarray(values, dtype=np.float64),
    )


def _waved(wave: str, n: int, q: int) -> tuple[str, str]:
    return f"{wave}(2 pi t[{n},{q},@])", rf"\{wave}(2\pi\, {sub('t', n, q, '@')})"
