"""Findings about the data: scale of the inputs, share of the classes."""

from __future__ import annotations

import numpy as np

from ..core.inference import class_index
from .diagnosis_findings import Finding
from .diagnosis_input import DiagnosisInput

LARGE, SMALL = 20.0, 0.01  # root mean square of an input; networks learn best around 1
UNEVEN = 100.0  # largest against the median
RARE = 0.2  # a class's share times the number of classes; 1 if all are equally frequent


def check(case: DiagnosisInput, known: set[str]) -> list[Finding]:
    """Return the findings about X and Y."""
    return _scale(case) + _balance(case)


def _scale(case: DiagnosisInput) -> list[Finding]:
    if case.sample is None:
        return []
    inputs, X = case.network.inputs, case.sample.X
    if inputs is not None:
        X = X[: len(X) - len(inputs.categories)]
    sizes = np.sqrt(np.einsum("ij,ij->i", X, X) / X.shape[1])
    sizes = sizes[sizes > 0]
    if not sizes.size:
        return []
    j, largest, middle = int(np.argmax(sizes)), float(sizes.max()), float(np.median(sizes))
    if largest > LARGE:
        figure, value = (
            f"input {j} has a root mean square of {largest:.3g} (the middle one of all inputs {middle:.3g})",
            largest,
        )
    elif largest < SMALL:
        figure, value = f"the largest of all inputs has a root mean square of {largest:.3g}", largest
    elif largest / middle > UNEVEN:
        figure, value = (
            f"input {j} is {largest / middle:.3g} times as large as the middle one",
            largest / middle,
        )
    else:
        return []
    return [
        Finding(
            "unscaled_inputs", "warning", f"{figure}, where networks learn from inputs around 1",
            "Standardise each input (x - mean) / sd with the training examples' numbers; divide pictures by 255",
            value,
        )
    ]  # fmt: skip


def _balance(case: DiagnosisInput) -> list[Finding]:
    targets = case.network.loss_row.targets
    if case.sample is None or case.labels is None or targets not in ("binary", "one_hot"):
        return []
    Y = case.labels.all_Y
    if Y.shape[1] < 2 or (targets == "binary" and len(Y) > 1):
        return []  # several labels at once: rare ones are usual
    shares = np.array([1 - Y.mean(), Y.mean()]) if len(Y) == 1 else Y.mean(axis=1)
    k, K = int(np.argmin(shares)), len(shares)
    if shares[k] * K >= RARE:
        return []
    of_class = class_index(case.labels.Y) == k
    recall = float((class_index(case.sample.AL)[of_class] == k).mean()) if of_class.any() else float("nan")
    recognised = "" if np.isnan(recall) else f"; {100 * recall:.0f} % of its examples are recognised"
    return [
        Finding(
            "class_imbalance", "note" if recall >= 0.8 else "warning",
            f"class {k} has {100 * shares[k]:.2g} % of the examples ({K} classes){recognised}",
            "Weigh the examples (sample_weight, or class_weight='balanced'), judge by recall and not by accuracy, or move "
            "the threshold",
            float(shares[k]),
        )
    ]  # fmt: skip
