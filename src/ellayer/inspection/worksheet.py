"""worksheet: one step of training to compute by hand, and its solutions."""

from __future__ import annotations

import html
from collections.abc import Collection
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from os import PathLike
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .._views import page, whole_page
from ..core.initializers import initialize_parameters
from ..core.network import Network
from ..errors import EllayerError
from .calls import either_form
from .chain_notation import Factor
from .derivation import derive
from .mathml import to_mathml
from .model_parts import InspectedModel, ParametersLike, SupportedModel, unpack_for_inspection
from .tex import document, matrix_tex, typeset
from .trace import trace
from .trace_record import Step

_LARGEST = 12  # rows and columns of a matrix that can be filled in by hand
_HEADS = {
    "given": "Given",
    "forward": "Forward propagation",
    "cost": "Cost",
    "backward": "Backward propagation",
    "update": "Update",
}
_BOX = '<td style="border:1px solid #888a;min-width:4.2em;height:1.7em">&nbsp;</td>'


@dataclass(frozen=True, eq=False, repr=False)
class Worksheet:
    """A step of training with blanks; display it in Jupyter, ``save`` it, or use ``to_html`` and ``to_latex``.

    Attributes
    ----------
    title : str
    steps : tuple of Step
        Every quantity with its value.
    blanks : frozenset of str
        The quantities to fill in.
    chain : tuple of Factor
        The factors of the chain rule to fill in.
    decimals : int
        Number of decimals of the solutions.
    """

    title: str
    steps: tuple[Step, ...]
    blanks: frozenset[str]
    chain: tuple[Factor, ...]
    decimals: int

    def __repr__(self) -> str:
        return f"Worksheet({self.title!r}, {len(self.blanks)} quantities to fill in)"

    def _repr_html_(self) -> str:
        solutions = f"<details><summary>Solutions</summary>{self._body(True)}</details>"
        return page(f"{self._body(False)}{solutions}")

    def to_html(self, solutions: bool = False) -> str:
        """Return the sheet as a self-contained page of HTML.

        Parameters
        ----------
        solutions : bool
            Whether the numbers are filled in.
        """
        style = "body{max-width:60em;margin:2em auto;padding:0 1em}tr{break-inside:avoid}"
        return whole_page(page(self._body(solutions)), self._title(solutions), style)

    def to_latex(self, solutions: bool = False) -> str:
        """Return the sheet as a LaTeX document that uses standard packages only.

        Parameters
        ----------
        solutions : bool
            Whether the numbers are filled in.
        """
        parts = []
        for phase, steps in groupby(self.steps, key=attrgetter("phase")):
            lines = [_equation(step.latex, self._cells(step, solutions)) for step in steps]
            parts.append((_HEADS[phase], lines))
        if self.chain:
            numbers = [[self._text(f.value) if solutions else ""] for f in self.chain]
            lines = [_equation(f.latex, [n]) for f, n in zip(self.chain, numbers, strict=True)]
            parts.append(("The chain rule", lines))
        return document(self._title(solutions), parts)

    def save(self, path: str | PathLike[str], solutions: bool = False) -> Path:
        """Write the sheet to a file: HTML, LaTeX, or PDF if TeX is installed.

        Parameters
        ----------
        path : path
            Ends with .html, .tex or .pdf.
        solutions : bool
            Whether the numbers are filled in.

        Returns
        -------
        Path

        Raises
        ------
        EllayerError
            For another suffix, and for a PDF without TeX.
        """
        path = Path(path)
        if path.suffix == ".pdf":
            path.write_bytes(typeset(self.to_latex(solutions)))
        elif path.suffix in (".html", ".tex"):
            text = self.to_html(solutions) if path.suffix == ".html" else self.to_latex(solutions)
            path.write_text(text, encoding="utf-8")
        else:
            raise EllayerError(f"path: expected an ending .html, .tex or .pdf, received {str(path)!r}")
        return path

    def _title(self, solutions: bool) -> str:
        return f"{self.title}: solutions" if solutions else self.title

    def _text(self, value: float) -> str:
        return f"{value + 0.0:.{self.decimals}f}"

    def _cells(self, step: Step, solutions: bool) -> list[list[str]]:
        """Return the numbers of a quantity as text; empty for blanks."""
        blank = step.name in self.blanks and not solutions
        as_text = "{:g}".format if step.phase == "given" else self._text
        return [["" if blank else as_text(value) for value in row] for row in np.atleast_2d(step.value)]

    def _body(self, solutions: bool) -> str:
        rows = [f"<caption>{html.escape(self._title(solutions))}</caption>"]
        for phase, steps in groupby(self.steps, key=attrgetter("phase")):
            rows.append(_head(_HEADS[phase]))
            rows += [_row(step.latex, self._cells(step, solutions)) for step in steps]
        if self.chain:
            rows.append(_head("The chain rule"))
            rows += [_row(f.latex, [[self._text(f.value) if solutions else ""]]) for f in self.chain]
        return f"<table>{''.join(rows)}</table>"


def _head(words: str) -> str:
    return f'<tr class="phase"><th colspan="2">{words}</th></tr>'


def _equation(latex: str, cells: list[list[str]]) -> str:
    return rf"{latex} &= {matrix_tex(cells)}"


def _row(latex: str, cells: list[list[str]]) -> str:
    lines = ("".join(f"<td>{cell}</td>" if cell else _BOX for cell in row) for row in cells)
    table = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<tr><td>{to_mathml(latex)}</td><td><span class="matrix"><table>{table}</table></span></td></tr>'


@overload
def worksheet(
    model: SupportedModel,
    X: object,
    Y: ArrayLike = ...,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike = ...,
    blanks: Collection[str] | None = None,
    parameter: tuple[str | int, ...] | None = None,
    learning_rate: float = 0.5,
    decimals: int = 3,
    seed: int = 0,
    title: str | None = None,
) -> Worksheet: ...


@overload
def worksheet(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike,
    *,
    blanks: Collection[str] | None = None,
    parameter: tuple[str | int, ...] | None = None,
    learning_rate: float = 0.5,
    decimals: int = 3,
    seed: int = 0,
    title: str | None = None,
) -> Worksheet: ...


@either_form
def worksheet(
    model: SupportedModel,
    X: ArrayLike,
    Y: ArrayLike,
    parameters: ParametersLike | None = None,
    *,
    blanks: Collection[str] | None = None,
    parameter: tuple[str | int, ...] | None = None,
    learning_rate: float = 0.5,
    decimals: int = 3,
    seed: int = 0,
    title: str | None = None,
) -> Worksheet:
    """Return a worksheet of one step of training to compute by hand, with its solutions.

    ``worksheet(model, X, y)``, or ``worksheet(network, parameters, X, Y)``. The numbers are those of ``trace`` and
    ``derive``. X and the parameters are rounded to two decimals first, so that the solutions are
    computed from exactly the numbers on the sheet.

    Parameters
    ----------
    model : Network, TrainingResult, (Network, parameters) or a fitted estimator
        The parameters of a ``Network`` are initialized with ``seed``.
    X, Y : arrays
        A few examples, as for ``trace``.
    parameters : dict, optional
        Parameters to use instead of the model's.
    blanks : collection of str, optional
        The quantities to fill in, such as ``["dZ2", "dW2"]``; by default all computed ones.
    parameter : tuple, optional
        A parameter as for ``derive``, like ``("W1", 0, 1)``: the factors of its chain rule are blanks as well.
    learning_rate : float
    decimals : int
        Number of decimals of the solutions.
    seed : int
        Seed of the parameters of a ``Network``: each seed gives another sheet.
    title : str, optional

    Returns
    -------
    Worksheet

    Raises
    ------
    EllayerError
        For matrices of more than 12 rows or columns, and names that are not in the step.

    Examples
    --------
    >>> sheet = worksheet(Network([2, 3, 1], "tanh"), [[1, 0.5], [0, -1]], [1, 0], blanks=["dZ2"])
    >>> sheet
    Worksheet('One step of Network(2-3-1, tanh, sigmoid; binary_cross_entropy)', 1 quantities to fill in)
    >>> sheet.to_latex().count("boxed"), sheet.to_latex(solutions=True).count("boxed")
    (2, 0)
    """
    inspected = unpack_for_inspection(model, parameters)
    network, theta = inspected.network, _rounded_parameters(inspected, seed)
    X = np.round(inspected.inputs(X), 2)
    Y = inspected.targets(Y, X.shape[1], "a worksheet")
    step = trace(network, theta, X, Y, learning_rate=learning_rate)
    _check_size(network, X)
    names = [s.name for s in step if s.phase != "given"]
    fill = names if blanks is None else list(blanks)
    if unknown := [name for name in fill if name not in names]:
        raise EllayerError(f"blanks: expected names among {', '.join(names)}; received {', '.join(unknown)}")
    chain = () if parameter is None else derive(network, theta, X, Y, parameter).factors
    return Worksheet(title or f"One step of {network!r}", step.steps, frozenset(fill), chain, decimals)


def _rounded_parameters(inspected: InspectedModel, seed: int) -> dict[str, np.ndarray]:
    theta = inspected.parameters
    if theta is None:
        theta = initialize_parameters(inspected.network, seed=seed)
    return {name: np.round(value, 2) for name, value in theta.items()}


def _check_size(network: Network, X: np.ndarray) -> None:
    if network.inputs is not None:
        raise EllayerError(
            "worksheet: expected a network without embeddings or ramps, received one with them; try a plain "
            "Network, or ellayer.trace(model, X, y)"
        )
    largest = max(X.shape[1], *network.layer_dims)
    if largest > _LARGEST:
        raise EllayerError(
            f"worksheet: expected at most {_LARGEST} units in a layer and {_LARGEST} examples, received {largest}; try a "
            "smaller network, or fewer examples: X[:, :3]"
        )
