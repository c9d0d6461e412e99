"""diagnose: what is wrong with a training run, the figure it rests on, and what to change."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import EllayerError
from . import (
    diagnosis_data as data_findings,
)
from . import (
    diagnosis_layers as layer_findings,
)
from . import (
    diagnosis_run as run_findings,
)
from .diagnosis_findings import CHECKS, Finding, Look
from .diagnosis_layers import LayerFigures
from .diagnosis_run import Curve
from .model_parts import ModelParts, unpack_model
from .trace_render import STYLE

_EXAMPLES = 2000  # as many show what a layer does


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
        What could not be judged, and what it needs.
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
        looked = [check for check in CHECKS if check not in self.not_looked_at]
        lines = [str(finding) for finding in self.findings] or [f"Nothing found among: {', '.join(looked)}."]
        if self.layers:
            lines += ["", "layer  |dZ|        |dW|/|W|    update/W    dead    saturated"]
            lines += [str(layer) for layer in self.layers]
        if self.not_looked_at:
            needs: dict[str, list[str]] = {}
            for name, need in self.not_looked_at.items():
                needs.setdefault(need, []).append(name)
            lines += [
                "",
                *(f"Not looked at: {', '.join(names)} (needs {need})." for need, names in needs.items()),
            ]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Diagnosis({', '.join(self.names) or 'nothing found'})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{f.severity}</td><td>{html.escape(f.title)}</td><td>{html.escape(f.figure)}</td>"
            f"<td>{html.escape(f.advice)}</td></tr>"
            for f in self.findings
        )
        body = (
            f"<table><tr><th></th><th>finding</th><th>figure</th><th>what to change</th></tr>{rows}</table>"
            if rows else "<p>Nothing found.</p>"
        )  # fmt: skip
        return f'{STYLE}<div class="ellayer-trace">{body}</div>'


def diagnose(model: Any, X: Any = None, Y: Any = None, *, validation: Any = None) -> Diagnosis:
    """Say in words what is wrong with a training run, each finding with its figure and its remedy.

    Looks for dead and saturated units, vanishing and exploding gradients, a learning rate too high or
    too low, over- and underfitting, unscaled inputs, symmetric initialisation and class imbalance.

    Parameters
    ----------
    model : TrainingResult, fitted estimator, or (Network, parameters)
        A pair has no history: give X and Y then.
    X : array, shape (n_x, m), optional
        The training examples; rows for an estimator. Two thousand of them are looked at.
    Y : array, shape (n_L, m), optional
    validation : (X, Y), optional
        Held-out examples, where the run recorded none.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ValueError
        For a model with neither history nor X to look at, or shapes that do not fit.

    Examples
    --------
    >>> from ellayer import Network, train
    >>> X, Y = np.array([[0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0]]), np.array([0, 1, 1, 0])
    >>> result = train(Network([2, 4, 1], "tanh"), X, Y, initializer="zeros", learning_rate=1.0)
    >>> "symmetric_initialisation" in diagnose(result, X, Y)
    True
    """
    parts = unpack_model(model)
    look = _look(parts, Curve.of(model), X, Y, validation)
    found: list[Finding] = []
    for module in (layer_findings, data_findings, run_findings):
        found += module.find(look, {finding.name for finding in found})
    order = {"serious": 0, "warning": 1, "note": 2}
    found.sort(key=lambda finding: order[finding.severity])
    return Diagnosis(tuple(found), tuple(look.layers), look.missing())


def _look(parts: ModelParts, curve: Curve, X: Any, Y: Any, validation: Any) -> Look:
    """Everything the checks look at, computed once."""
    if X is None and not curve.costs:
        raise EllayerError(
            "diagnose: expected a model with a stored history, or X (and Y) to look at; received a model without "
            "history and no X; give diagnose(model, X, Y), or the TrainingResult of the run"
        )
    if X is None and Y is not None:
        raise EllayerError("diagnose: expected X with Y, received Y alone")
    held_out = _held_out(parts, validation)
    if X is None:
        return Look(parts.network, parts.require_parameters(), curve, held_out=held_out)
    X = parts.inputs(X)
    Y = None if Y is None else parts.targets(Y, X.shape[1], "diagnose")
    step = -(-X.shape[1] // _EXAMPLES)
    looked = X[:, ::step]
    targets = None if Y is None else Y[:, ::step]
    return layer_findings.with_layers(
        Look(
            parts.network, parts.require_parameters(), curve, X=looked, Y=targets, all_Y=Y, held_out=held_out
        )
    )


def _held_out(parts: ModelParts, validation: Any) -> tuple[np.ndarray, np.ndarray] | None:
    if validation is None:
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise EllayerError(f"validation: expected (X, Y), received {type(validation).__name__}")
    X = parts.inputs(validation[0])
    return X, parts.targets(validation[1], X.shape[1], "diagnose")
