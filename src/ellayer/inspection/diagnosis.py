"""diagnose: problems of a training run, each with a figure and a remedy."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import ArrayLike

from .._views import html_table, page
from ..core.network import Network
from ..errors import EllayerError
from .calls import either_form
from .diagnosis_checks import check_all
from .diagnosis_findings import CHECKS, Finding, advice_for
from .diagnosis_input import Curve, DiagnosisInput, LayerFigures, run_sample
from .model_parts import InspectedModel, ParametersLike, SupportedModel, unpack_for_inspection

_EXAMPLES = 2000  # enough to show the state of a layer


@dataclass(frozen=True, eq=False, repr=False)
class Diagnosis:
    """The findings of ``diagnose``: ``print`` it or show it in Jupyter.

    Attributes
    ----------
    findings : tuple of Finding
        The most severe first.
    layers : tuple of LayerFigures
        Gradient norms, update-to-weight ratios, dead and saturated units by layer; needs X and Y.
    not_looked_at : dict of str to str
        The checks that were not made, with the data that each needs.
    """

    findings: tuple[Finding, ...]
    layers: tuple[LayerFigures, ...]
    not_looked_at: dict[str, str]

    @property
    def healthy(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def names(self) -> list[str]:
        """Names of the findings."""
        return [finding.name for finding in self.findings]

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def __str__(self) -> str:
        checked = [check for check in CHECKS if check not in self.not_looked_at]
        lines = [*map(str, self.findings)] or [f"No problems found among: {', '.join(checked)}."]
        if self.layers:
            lines += ["", "layer  |dZ|        |dW|/|W|    update/W    dead    saturated"]
            lines += [str(layer) for layer in self.layers]
        if self.not_looked_at:
            needs: dict[str, list[str]] = {}
            for name, need in self.not_looked_at.items():
                needs.setdefault(need, []).append(name)
            lines.append("")
            lines += [f"Not checked: {', '.join(names)} (needs {need})." for need, names in needs.items()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Diagnosis({', '.join(self.names) or 'nothing found'})"

    def _repr_html_(self) -> str:
        if not self.findings:
            return page("<p>No problems found.</p>")
        rows = [(f.severity, f.title, f.figure, f.advice) for f in self.findings]
        return html_table(("", "finding", "figure", "remedy"), rows)


@overload
def diagnose(
    model: SupportedModel,
    X: object = None,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    y: ArrayLike | None = None,
    validation: tuple[object, ArrayLike] | None = None,
    simple: tuple[str, float] | None = None,
    options: Collection[str] | None = None,
) -> Diagnosis: ...


@overload
def diagnose(
    network: Network,
    parameters: ParametersLike,
    X: ArrayLike,
    Y: ArrayLike | None = None,
    *,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    simple: tuple[str, float] | None = None,
    options: Collection[str] | None = None,
) -> Diagnosis: ...


@either_form
def diagnose(
    model: SupportedModel,
    X: ArrayLike | None = None,
    Y: ArrayLike | None = None,
    parameters: ParametersLike | None = None,
    *,
    validation: tuple[ArrayLike, ArrayLike] | None = None,
    simple: tuple[str, float] | None = None,
    options: Collection[str] | None = None,
) -> Diagnosis:
    """Find problems of a training run, each with a figure and a remedy.

    ``diagnose(model, X, y)``, or ``diagnose(network, parameters, X, Y)``. Checks for dead and saturated units, vanishing and exploding gradients, a learning rate too high or
    too low, over- and underfitting, unscaled inputs, symmetric initialisation and class imbalance.

    Parameters
    ----------
    model : TrainingResult, fitted estimator, or (Network, parameters)
        A pair has no history: pass X and Y.
    X : array, shape (n_x, m), optional
        The training examples; rows for an estimator. About two thousand of them are used.
    Y : array, shape (n_L, m), optional
    parameters : dict, optional
        Parameters to use instead of the model's.
    validation : (X, Y), optional
        Held-out examples, if the run recorded no validation loss.
    simple : (str, float), optional
        A sentence about a simple model that is better on held-out rows, and how much better it is; ("", 0.0) if
        none is.
    options : collection of str, optional
        The settings of the command that trained the model, which the advice names as its options; by default it names
        those of Python.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        For a model with neither history nor X, or wrong shapes.

    Examples
    --------
    >>> from ellayer import Network, train
    >>> X, Y = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]), np.array([0, 1, 1, 0])
    >>> result = train(Network([2, 4, 1], "tanh"), X, Y, initializer="zeros", learning_rate=1.0)
    >>> "symmetric_initialisation" in diagnose(result, X, Y)
    True
    """
    inspected = unpack_for_inspection(model, parameters)
    case = replace(_read(inspected, Curve.of(model, inspected), X, Y, validation), simple=simple)
    order = ("serious", "warning", "note")
    findings = sorted(check_all(case), key=lambda finding: order.index(finding.severity))
    if options is not None:
        findings = [replace(finding, advice=advice_for(finding.name, options)) for finding in findings]
    return Diagnosis(tuple(findings), tuple(case.layers), case.missing())


def _read(
    inspected: InspectedModel,
    curve: Curve,
    X: ArrayLike | None,
    Y: ArrayLike | None,
    validation: tuple[ArrayLike, ArrayLike] | None,
) -> DiagnosisInput:
    """Compute the input of the checks once."""
    if X is None and not curve.costs:
        raise EllayerError(
            "diagnose: expected a model with a stored history, or X (and Y); received a model without history and no "
            "X; give diagnose(model, X, Y), or the TrainingResult of the run"
        )
    if X is None and Y is not None:
        raise EllayerError("diagnose: expected X with Y, received Y alone")
    network, parameters = inspected.network, inspected.require_parameters()
    held_out = _held_out(inspected, validation)
    sample = None
    if X is not None:
        X = inspected.inputs(X)
        m = X.shape[1]
        Y = None if Y is None else inspected.targets(Y, m, "diagnose")
        sample = run_sample(network, parameters, curve, X, Y, step=-(-m // _EXAMPLES))
    return DiagnosisInput(network, parameters, curve, sample, held_out, input_names=inspected.input_names)


def _held_out(
    inspected: InspectedModel, validation: tuple[ArrayLike, ArrayLike] | None
) -> tuple[np.ndarray, np.ndarray] | None:
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise EllayerError(f"validation: expected (X, Y), received {type(validation).__name__}")
    X = inspected.inputs(validation[0])
    return X, inspected.targets(validation[1], X.shape[1], "diagnose")
