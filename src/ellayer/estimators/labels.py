"""Conversion of labels to columns of 0 and 1 and back, and class weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.class_weight import compute_sample_weight

from .._forms import conform
from .._sklearn_compat import label_binarizer, label_kind, sparse_label_input
from ..core.inference import class_index
from ..engine.model import TargetKind
from ..errors import EllayerError
from .stored import LabelFacts, read_labels

if TYPE_CHECKING:
    from .examples import TableLike


class ProbabilisticClassifier(ClassifierMixin):
    """A classifier with ``predict_proba``, and the logarithm of it."""

    def predict_log_proba(self, X: TableLike) -> np.ndarray:
        """Return the logarithm of ``predict_proba``, -inf for a probability of 0.

        Parameters
        ----------
        X : as for ``predict_proba``

        Returns
        -------
        log_P : ndarray of shape (n_samples, n_classes)
        """
        P = self.predict_proba(X)
        with np.errstate(divide="ignore"):
            return np.log(P, out=P)


def encode(labels: LabelBinarizer, y: np.ndarray) -> np.ndarray:
    """Return the indicator columns of the classes, one of them for two classes, from labels that are all known."""
    classes = labels.classes_
    plain = (
        y.ndim == 1 and len(classes) > 1 and y.dtype.kind == classes.dtype.kind and y.dtype.kind in "biufU"
    )
    if not plain or label_kind(labels) == "multilabel-indicator":
        return labels.transform(y).astype(bool)
    return y[:, None] == (
        classes if len(classes) > 2 else classes[1:]
    )  # a tenth of the time of ``transform``


def decode(labels: LabelBinarizer, A: np.ndarray) -> np.ndarray:
    """Return the labels of outputs A (m, n_outputs): the most probable class, or those above 1/2."""
    classes = labels.classes_
    if label_kind(labels) == "multilabel-indicator":
        return labels.inverse_transform(A)
    if len(classes) == 1:
        return np.repeat(classes[:1], len(A))
    return classes[class_index(A.T)]


def target_kind(labels: LabelBinarizer) -> TargetKind:
    """Return the ``target_kind`` of a network for these labels."""
    if label_kind(labels) == "multiclass":
        return "classes"
    if label_kind(labels) == "binary":
        return "one class" if len(labels.classes_) == 1 else "binary"
    return "multilabel"


def output_count(labels: LabelBinarizer) -> int:
    """Return the number of output units of an MLP for these labels."""
    return 1 if label_kind(labels) == "binary" and len(labels.classes_) <= 2 else len(labels.classes_)


def class_weights(
    class_weight: object, Y: np.ndarray, labels: LabelBinarizer, sample_weight: np.ndarray | None = None
) -> np.ndarray | None:
    """Return a weight per row from ``class_weight``: a dict by class, "balanced", or None.

    "balanced" gives class k the weight m / (K m_k), where m and m_k are weighted by ``sample_weight``.
    For multilabel y it is as in scikit-learn: the product over the labels, from "balanced" or a list of dicts.
    """
    if class_weight is None:
        return None
    if label_kind(labels) == "multilabel-indicator":
        return compute_sample_weight(class_weight, Y.astype(int))
    numbers, classes = class_index(Y.T), labels.classes_
    if isinstance(class_weight, str):
        counts = np.bincount(numbers, sample_weight, minlength=len(classes))
        by_class = counts.sum() / ((counts > 0).sum() * np.where(counts > 0, counts, 1.0))
        return by_class[numbers]
    if not isinstance(class_weight, dict):
        raise EllayerError(
            f"class_weight: expected a dict {{class: weight}} or 'balanced', received {type(class_weight).__name__}"
        )
    known = classes.tolist()
    unknown = [key for key in class_weight if key not in known]
    if unknown:
        raise EllayerError(
            f"class_weight: expected classes of y, {_value_list(known)}; received the unknown {_value_list(unknown)}; the keys "
            "must be labels of y, of the same type"
        )
    by_class = np.array([float(class_weight.get(label, 1.0)) for label in known])
    if not np.isfinite(by_class).all() or (by_class < 0).any():
        raise EllayerError(
            f"class_weight: expected finite weights >= 0, received {_value_list(by_class.tolist())}"
        )
    return by_class[numbers]


def _value_list(values: Sequence[object]) -> str:
    return ", ".join(map(repr, values[:10])) + (", ..." if len(values) > 10 else "")


# Storage


def labels_to_facts(labels: LabelBinarizer) -> dict[str, Any]:
    """Return fitted labels as JSON-able facts."""
    classes = labels.classes_
    values = classes.tolist()
    if not all(isinstance(value, (str, int, float, bool)) for value in values):
        raise EllayerError(
            f"classes_: expected labels that are strings, integers, floats or bools to save; received "
            f"{type(values[0]).__name__}"
        )
    kind = "O" if classes.dtype.kind == "O" else classes.dtype.str
    return {"dtype": kind, "values": values, "type": label_kind(labels), "sparse": sparse_label_input(labels)}


def labels_from_facts(facts: object) -> LabelBinarizer:
    """Return the labels that were passed to ``labels_to_facts``."""
    stored = conform(facts, LabelFacts, "labels")
    return label_binarizer(read_labels(stored), stored["type"], stored["sparse"])
