"""The equations of a unit, a weight, a bias or an example, with the numbers of one example, from ``trace`` and ``derive``."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .._json import finite
from .._views import Markup, html_rows
from ..inspection.derivation import Derivation, derive
from ..inspection.mathml import to_mathml
from ..inspection.trace import Trace, trace
from .errors import StateError
from .messages import Difference, Inspection, Section, Term
from .run import Run

EXAMPLES = 2_000  # of a derivation, evenly spread
MOST_TERMS = 16  # of a sum, the largest


def look(run: Run, wish: Mapping[str, object]) -> Inspection:
    """Return the equations of a part of a network.

    Parameters
    ----------
    run : Run
    wish : mapping
        "kind" ("unit", "weight", "bias" or "point"), "layer" (from 1), "row", "column" and "example".

    Raises
    ------
    StateError
        For a part that the network does not have.
    """
    kind = wish.get("kind")
    number = _index(wish, "example", None, default=int(run.problem.train[0]))
    X, y, i = run.problem.column(number)
    Y = run.problem.one_hot(y, run.network)
    traced = _trace(run, X, Y, i)
    if kind == "point":
        return _point(run, traced, number)
    layer = _index(wish, "layer", run.network.L + 1, default=1)
    if layer < 1:
        raise StateError("", f"layer: expected 1 to {run.network.L}, received 0")
    row = _index(wish, "row", run.network.layer_dims[layer])
    if kind == "unit":
        return _unit(run, traced, layer, row, number, (X, Y, i))
    if kind == "weight":
        place = (row, _index(wish, "column", run.network.widths[layer - 1]))
        return _parameter(run, traced, f"W{layer}", place, number, (X, Y, i))
    if kind == "bias":
        return _parameter(run, traced, f"b{layer}", (row, 0), number, (X, Y, i))
    raise StateError("", f"kind: expected unit, weight, bias or point, received {str(kind)[:40]!r}")


Chosen = tuple[np.ndarray, np.ndarray, int]  # X, Y and the column of the example


def _index(wish: Mapping[str, object], name: str, end: int | None, default: int | None = None) -> int:
    value = wish.get(name)
    if value is None and default is not None:
        return default
    if (
        isinstance(value, bool)
        or not isinstance(value, int)
        or value < 0
        or (end is not None and value >= end)
    ):
        bound = "" if end is None else f" below {end}"
        raise StateError("", f"{name}: expected a whole number{bound}, received {str(value)[:40]!r}")
    return value


def _trace(run: Run, X: np.ndarray, Y: np.ndarray, i: int) -> Trace:
    """Return the trace of the next update, if it were on one example."""
    options = run.options
    with np.errstate(all="ignore"):
        return trace(
            (run.network, run.parameters), X, Y, example=i, l2=options["l2"], l1=options["l1"],
            optimizer="gd", learning_rate=run.learning_rate,
        )  # fmt: skip


def _terms(pairs: Sequence[tuple[str, float]]) -> list[Term]:
    """Return the terms of a sum or product; of many the largest, in their order."""
    order = sorted(range(len(pairs)), key=lambda k: -abs(pairs[k][1]))
    largest = sorted(order[:MOST_TERMS])
    rows = [Term(term=pairs[k][0], value=finite(pairs[k][1])) for k in largest]
    if rest := order[MOST_TERMS:]:
        total = sum(pairs[k][1] for k in rest)
        rows.append(Term(term=f"the other {len(rest)} terms together", value=finite(total)))
    return rows


def _section(traced: Trace, title: str, name: str, *index: int) -> Section:
    """Return one quantity of a trace with its equation and its terms."""
    cell = traced.cell(name, *index)
    rows = [*_terms(cell.terms), Term(term=cell.name, value=finite(cell.value))]
    return Section(title=title, html=to_mathml(traced.step(name).latex), rows=rows)


def _unit(run: Run, traced: Trace, layer: int, row: int, number: int, chosen: Chosen) -> Inspection:
    forward = [
        _section(traced, "Forward: the weighted sum", f"Z{layer}", row, 0),
        _section(traced, "Forward: the activation", f"A{layer}", row, 0),
    ]
    backward = [
        _section(traced, "Backward: from the next layer", f"dA{layer}", row, 0),
        _section(traced, "Backward: through the activation", f"dZ{layer}", row, 0),
        _section(traced, "Backward: the bias", f"db{layer}", row, 0),
    ]
    of_bias = _derive(run, f"b{layer}", (row, 0), chosen)
    title = f"Unit {row + 1} of layer {layer} ({run.network.activations[layer - 1]}), example {number}"
    value = traced.cell(f"A{layer}", row, 0).value
    return _inspection("unit", title, value, f"A{layer}", [*forward, *backward], of_bias, traced)


def _parameter(
    run: Run, traced: Trace, name: str, place: tuple[int, int], number: int, chosen: Chosen
) -> Inspection:
    layer = int(name[1:])
    sections = [
        _section(traced, "Forward: where it is used", f"Z{layer}", place[0], 0),
        _section(traced, "Backward: its gradient for this example", f"d{name}", *place),
        _section(traced, "Update by this example alone", f"new {name}", *place),
    ]
    derivation = _derive(run, name, place, chosen)
    kind = "weight" if name[0] == "W" else "bias"
    where = f"[{place[0]}, {place[1]}]" if kind == "weight" else f"[{place[0]}]"
    title = f"{name}{where}, example {number}"
    value = float(run.parameters[name][place])
    return _inspection(kind, title, value, f"d{name}", sections, derivation, traced)


def _point(run: Run, traced: Trace, number: int) -> Inspection:
    sections = []
    for layer in range(1, run.network.L + 1):
        names = f"Z{layer}", f"A{layer}"
        rows = [
            Term(term=f"{name}[{j}]", value=finite(float(traced[name][j, 0])))
            for j in range(min(len(traced[names[0]]), MOST_TERMS))
            for name in names
        ]
        html = "".join(to_mathml(traced.step(name).latex) for name in names)
        title = f"Forward: layer {layer} ({run.network.activations[layer - 1]})"
        sections.append(Section(title=title, html=html, rows=rows))
    sections.append(_section(traced, "The cost of this example", "J"))
    for layer in range(run.network.L, 0, -1):
        dZ = traced[f"dZ{layer}"]
        rows = [
            Term(term=f"dZ{layer}[{j}]", value=finite(float(dZ[j, 0])))
            for j in range(min(len(dZ), MOST_TERMS))
        ]
        sections.append(
            Section(
                title=f"Backward: layer {layer}", html=to_mathml(traced.step(f"dZ{layer}").latex), rows=rows
            )
        )
    features = [
        Term(term=name, value=finite(float(x)))
        for name, x in zip(run.input_names[:MOST_TERMS], traced["A0"][:, 0], strict=False)
    ]
    features += [
        Term(term=f"y[{k}]", value=finite(float(v))) for k, v in enumerate(traced["Y"][:MOST_TERMS, 0])
    ]
    return Inspection(
        type="looked", kind="point", title=f"Example {number}", rows=features, equation_html=to_mathml(traced.step("J").latex),
        sections=sections, chain_html="", difference=None, text=str(traced),
    )  # fmt: skip


def _derive(run: Run, name: str, place: tuple[int, int], chosen: Chosen) -> Derivation:
    X, Y, i = chosen
    if X.shape[1] > EXAMPLES:
        some = np.unique(np.append(np.arange(0, X.shape[1], -(-X.shape[1] // EXAMPLES)), i))
        X, Y, i = X[:, some], Y[:, some], int(np.flatnonzero(some == i)[0])
    with np.errstate(all="ignore"):
        pair = run.network, run.parameters
        return derive(pair, X, Y, (name, *place), example=i, l2=run.options["l2"], l1=run.options["l1"])


def _inspection(
    kind: str,
    title: str,
    value: float,
    name: str,
    sections: list[Section],
    derivation: Derivation,
    traced: Trace,
) -> Inspection:
    error = derivation.relative_error
    difference = Difference(
        analytic=finite(derivation.gradient),
        numeric=None if derivation.finite_difference is None else finite(derivation.finite_difference),
        relative_error=finite(error) if not math.isnan(error) else None,
    )
    rows = [(Markup(to_mathml(latex)), number) for latex, number in derivation.lines()]
    return Inspection(
        type="looked", kind=kind, title=title, rows=[Term(term="value", value=finite(value))],
        equation_html=to_mathml(traced.step(name).latex), sections=sections,
        chain_html=html_rows(("factor", "number"), rows), difference=difference, text=str(derivation),
    )  # fmt: skip
