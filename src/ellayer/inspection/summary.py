"""summary: a network's layers, shapes and parameters as a table and a picture."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike

from .._views import Markup, html_table, rich_text
from ..core.inputs import Inputs
from ..core.network import Network
from ..errors import EllayerError
from .calls import either_form
from .equations import symbol
from .mathml import to_mathml
from .model_parts import ParametersLike, SupportedModel, unpack_for_inspection
from .svg import network_svg

if TYPE_CHECKING:
    from rich.table import Table

_COLUMNS = ("W", "b", "Z", "A")


@dataclass(frozen=True, eq=False, repr=False)
class Summary:
    """Layers, shapes and parameters of a network: ``print`` it or show it in Jupyter.

    Attributes
    ----------
    network : Network
    parameters : dict or None
        Shown as colours in the picture.
    m : int or str
        Number of examples in the dimensions.
    rows : list of dict
        One per layer: layer, W, b, Z, A (shapes), activation, parameters.
    names : tuple of str
        Names of the inputs in the picture; empty for x1, x2, ...
    """

    network: Network
    parameters: dict[str, np.ndarray] | None
    m: int | str
    rows: list[dict[str, Any]]
    names: tuple[str, ...] = ()

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return self.network.parameter_count

    def dimensions(self) -> str:
        """Return the notes' table of dimensions: every quantity, its equation and its shape."""
        lines = []
        before = "X" if self.network.inputs is None else "A0"
        for row in self.rows:
            l = row["layer"]
            W, b, Z = (_shape(row[k]) for k in ("W", "b", "Z"))
            A = _shape((row["W"][1], self.m))
            lines.append(
                f"layer {l}:  Z{l} {Z} = W{l} {W} {before} {A} + b{l} {b};  A{l}, dZ{l}, dA{l} {Z};  dW{l} {W};  db{l} {b}"
            )
            before = f"A{l}"
        return "\n".join(lines)

    def to_svg(self, names: Sequence[str] | None = None) -> str:
        """Return a drawing of the network: units with weights as colour and width, or layers if it is large."""
        return network_svg(self.network, self.parameters, names or self.names or None)

    def __rich__(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(_head(self)), title_justify="left", caption=Text(_foot(self)), caption_justify="left"
        )
        table.add_column("layer")
        for name in _COLUMNS:
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("parameters", justify="right")
        table.add_column("activation")
        for cells in self._cells():
            table.add_row(*cells)
        return table

    def __str__(self) -> str:
        return rich_text(self.__rich__(), 110)

    def __repr__(self) -> str:
        return f"Summary({self.network!r}, {self.parameter_count:,} parameters)"

    def _repr_html_(self) -> str:
        symbols = [Markup(to_mathml(symbol(name) + "^{[l]}")) for name in _COLUMNS]
        below = f"<p>{html.escape(_foot(self))}</p>{self.to_svg()}"
        return html_table(["layer", *symbols, "parameters", "activation"], self._cells(), _head(self), below)

    def _cells(self) -> list[tuple[str, ...]]:
        cells = []
        for row in [*_before(self.network, self.m), *self.rows]:
            shapes = (_shape(row[k]) for k in _COLUMNS)
            cells.append((str(row["layer"]), *shapes, f"{row['parameters']:,}", row["activation"]))
        return cells


@overload
def summary(
    model: SupportedModel,
    X: object = None,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike | None = None,
    m: int | str = "m",
) -> Summary: ...


@overload
def summary(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    *,
    m: int | str = "m",
) -> Summary: ...


@either_form
def summary(
    model: SupportedModel,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    m: int | str = "m",
) -> Summary:
    """Return a network's table of layers, its dimensions for m examples, and its picture.

    ``summary(model)``, or ``summary(network, parameters)``; m may be given as the number, as in ``summary(model, 209)``,
    or by the examples, as in ``summary(model, X, y)``.

    Parameters
    ----------
    model : Network, TrainingResult, (Network, parameters) or a fitted estimator
    X, Y : arrays, optional
        Examples as for ``trace``, which are checked and counted.
    parameters : dict, optional
        Parameters to use instead of the model's.
    m : int or str
        Number of examples, or a letter for it.

    Returns
    -------
    Summary

    Examples
    --------
    >>> from ellayer.core import Network
    >>> s = summary(Network([12288, 20, 7, 5, 1]), m=209)
    >>> s.parameter_count, s.rows[0]["Z"]
    (245973, (20, 209))
    >>> print(summary(Network([2, 4, 1], "tanh"), m=400).dimensions())
    layer 1:  Z1 (4, 400) = W1 (4, 2) X (2, 400) + b1 (4, 1);  A1, dZ1, dA1 (4, 400);  dW1 (4, 2);  db1 (4, 1)
    layer 2:  Z2 (1, 400) = W2 (1, 4) A1 (4, 400) + b2 (1, 1);  A2, dZ2, dA2 (1, 400);  dW2 (1, 4);  db2 (1, 1)
    """
    inspected = unpack_for_inspection(model, parameters)
    if isinstance(X, (int, str)):
        m = X
    elif X is not None:
        m = count = inspected.inputs(X).shape[1]
        if Y is not None:
            inspected.targets(Y, count, "summary")
    if isinstance(m, (int, np.integer)) and (isinstance(m, bool) or m < 1):
        raise EllayerError(f"m: expected a number of examples of at least 1 or a letter, received {m!r}")
    network = inspected.network
    rows = network.shape_table(m)
    for row in rows:
        alpha = network.shapes.get(f"a{row['layer']}")
        if alpha:
            row["parameters"] += math.prod(alpha)
            row["activation"] = f"parametric {row['activation']}"
    names = tuple(inspected.input_names)
    return Summary(network, inspected.parameters, m, rows, names)


def _before(network: Network, m: int | str) -> list[dict[str, Any]]:
    """Return the row of the input, with its embeddings."""
    n_x, inputs, layer, count, kinds = network.layer_dims[0], network.inputs, "input", 0, [""]
    if inputs is not None:
        layer, count = f"input ({n_x})", sum(math.prod(shape) for shape in inputs.shapes(n_x).values())
        categories = f"{len(inputs.categories)} categories embedded" if inputs.categories else ""
        kinds = [_numbers(inputs), categories, "scaled" if inputs.scaling else ""]
    return [{"layer": layer, "W": "", "b": "", "Z": "", "A": (network.widths[0], m), "parameters": count,
             "activation": ", ".join(filter(None, kinds))}]  # fmt: skip


def _numbers(inputs: Inputs) -> str:
    forms = [f"{inputs.ramps} ramps"] if inputs.ramps else []
    forms += [f"{inputs.frequencies} cosines"] if inputs.frequencies else []
    return f"{inputs.numbers} numbers by {' and '.join(forms)} each" if inputs.numbers and forms else ""


def _head(s: Summary) -> str:
    return f"{s.network!r}: L = {s.network.L} layers, {s.parameter_count:,} parameters"


def _foot(s: Summary) -> str:
    count = s.parameter_count
    return f"in float32 {_bytes(4 * count)}, in float64 {_bytes(8 * count)}; loss {s.network.loss}"


def _bytes(count: float) -> str:
    power = min(int(math.log10(max(count, 1))) // 3, 3)
    return f"{count / 1000**power:.3g} {('bytes', 'kB', 'MB', 'GB')[power]}"


def _shape(shape: tuple[int, int | str] | str) -> str:
    return f"({shape[0]}, {shape[1]})" if isinstance(shape, tuple) else shape
