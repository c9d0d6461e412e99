"""A model in a file, with how the data it was trained on were read: what prediction and evaluation begin with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.inference import class_index, class_probabilities
from ..errors import UsageError

if TYPE_CHECKING:
    from ..data import Examples
    from ..report.run_facts import Predictions


@dataclass(frozen=True)
class Saved:
    """A model as its file holds it.

    Attributes
    ----------
    path : Path
    model : estimator, TrainingResult, or (Network, parameters)
    provenance : dict
        Where it comes from; empty where it was saved without.
    """

    path: Path
    model: Any
    provenance: dict[str, Any]

    @property
    def target(self) -> str | None:
        """The name of the column it predicts, where that is known."""
        return self.provenance.get("target")

    def examples(self, file: str, target: str | None, need_target: bool, how: dict[str, Any]) -> Examples:
        """Read a file as the one that the model was trained on.

        Parameters
        ----------
        file : str
        target : str or None
            The column of the truth, where it is called otherwise in this file.
        need_target : bool
            Whether the truth is wanted; else a column of it is left aside.
        how : dict
            What of the reading is otherwise.
        """
        from ..data import read_examples

        reading = self.provenance.get("reading")
        name = target if target is not None else self.target
        if need_target and target in self.features:
            raise UsageError(
                f"--target: expected the column of the truth, received {target!r}, which {self.path} predicts from; "
                f"it predicts {self.target or 'another column'}"
            )
        if need_target:
            examples = read_examples(file, target=name, reading=reading, need_target=True, **how)
        else:
            examples = _truth_aside(read_examples(file, reading=reading, **how), name, self.features)
        self._check_kind(examples, file)
        return examples

    def _check_kind(self, examples: Examples, file: str) -> None:
        """Refuse images for a table, a table for images, and a table that lacks columns."""
        if not self.provenance.get("reading"):
            return
        wanted, received = (
            "images" if shape else "a table"
            for shape in (self.provenance.get("image_shape"), examples.image_shape)
        )
        if wanted != received:
            raise UsageError(f"expected {wanted}, as {self.path} was trained on, but {file} holds {received}")
        there: list[str] = getattr(examples.X, "columns", self.features)
        missing = [name for name in self.features if name not in there]
        if missing:
            raise UsageError(
                f"expected the columns that {self.path} was trained on, but {file} lacks {_listed(missing)}; it has "
                f"{_listed(there)}: add or rename the columns (an unknown value may be left empty)"
            )

    @property
    def features(self) -> list[str]:
        """Names of the columns that the model was fitted on; empty where it knows none."""
        return [str(name) for name in getattr(self.model, "feature_names_in_", [])]

    def judged(self, examples: Examples) -> Predictions:
        """Return what the model says of examples: labels or numbers, and probabilities where it has them.

        Raises
        ------
        BadInput
            Where the model takes numbers, and a column holds none.
        """
        from ..report.run_facts import Predictions

        if hasattr(self.model, "preparation_"):
            return _of_estimator(self.model, examples.X)
        X = self._matrix(examples)
        if hasattr(self.model, "predict") and hasattr(self.model, "network_"):
            return _of_estimator(self.model, X)
        AL = _outputs(self.model, X.T)
        return self._of_outputs(AL, Predictions)

    def _matrix(self, examples: Examples) -> np.ndarray:
        """The columns of the fit as numbers, rows as examples."""
        X = examples.X
        if isinstance(X, np.ndarray):
            return X.astype(np.float64)
        import polars as pl

        named = [name for name in self.features if name in X.columns]
        if named:
            missing = [name for name in self.features if name not in X.columns]
            if missing:
                raise UsageError(
                    f"expected the columns of the fit, but {examples.name} lacks {_listed(missing)}"
                )
            X = X.select(self.features)
        strange = [name for name, kind in X.schema.items() if not (kind.is_numeric() or kind == pl.Boolean)]
        if strange:
            raise UsageError(
                f"{self.path} takes numbers alone: expected numeric columns, received text in "
                f"{', '.join(strange[:10])}; leave these out, or train on the file with ellayer train"
            )
        return X.to_numpy().astype(np.float64)

    def _of_outputs(self, AL: np.ndarray, make: type[Predictions]) -> Predictions:
        network = self.model[0] if isinstance(self.model, tuple) else self.model.network
        kind = network.loss_row.targets
        if kind != "one_hot" and not (kind == "binary" and len(AL) == 1):
            return make("the network", AL[0] if len(AL) == 1 else AL.T)
        P = class_probabilities(AL).T
        classes = np.asarray(self.provenance.get("classes") or list(range(P.shape[1])))
        return make("the network", classes[class_index(AL)], P)

    @property
    def classes(self) -> list[Any]:
        """The labels, in the order of the probabilities; empty for numbers."""
        labels = getattr(self.model, "classes_", None)
        return list(self.provenance.get("classes") or []) if labels is None else list(labels)


def open_model(path: Path) -> Saved:
    """Read a model file.

    Raises
    ------
    ModelFileError
        For a truncated, altered, foreign or newer file.
    MissingFileError
    """
    from .. import load
    from ..data.files import existing
    from ..storage import read_provenance

    path = existing(path, "a model file that ellayer wrote")
    if path.is_dir():
        path = existing(path / "model.ellayer", "the folder of a run, which holds the model in model.ellayer")
    return Saved(path, load(path), read_provenance(path))


def truth_of(saved: Saved, y: object, target: str) -> np.ndarray:
    """Return a file's truth as the model says it: numbers, or labels of the type of its classes.

    Parameters
    ----------
    saved : Saved
    y : array, shape (m,)
    target : str
        Its column.

    Raises
    ------
    BadInput
        For text where the model predicts numbers, or labels none of which it knows.
    """
    y = np.asarray(y)
    if not len(y):
        raise UsageError(
            f"expected rows whose {target!r} is known, received none; choose the column with --target"
        )
    if not saved.classes:
        try:
            return y.astype(float)
        except (TypeError, ValueError):
            raise UsageError(
                f"{saved.path} predicts numbers: expected numbers in {target!r}, received values like {str(y[0])!r}; "
                f"choose the column with --target"
            ) from None
    classes = set(saved.classes)
    by_text = {str(label): label for label in saved.classes}
    known = [label if label in classes else by_text.get(str(label), label) for label in y.tolist()]
    if not classes & set(known):
        raise UsageError(
            f"{target!r}: expected classes that the model knows ({listed_labels(saved.classes)}), received {listed_labels(set(known))}; "
            f"choose the column with --target"
        )
    truth = np.empty(len(known), dtype=object)
    truth[:] = known
    return truth


def listed_labels(labels: Iterable[object], most: int = 8) -> str:
    """Return the first labels as text, and how many more there are."""
    texts = sorted(str(label) for label in labels)
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def _truth_aside(examples: Examples, name: str | None, features: list[str]) -> Examples:
    """A column of the truth is no input; it stays beside for who wants to see it."""
    X: Any = examples.X
    if name is None or name in features or name not in getattr(X, "columns", []):
        return examples
    return replace(examples, X=X.drop(name), y=X[name].to_numpy(), target=name)


def _listed(names: Iterable[object], most: int = 10) -> str:
    texts = [repr(str(name)) for name in names]
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")


def _of_estimator(model: Any, X: Any) -> Predictions:
    from ..report.run_facts import Predictions

    P = model.predict_proba(X) if hasattr(model, "predict_proba") else None
    return Predictions("the network", model.predict(X), None if isinstance(P, list) else P)


def _outputs(model: Any, X: np.ndarray) -> np.ndarray:
    if not isinstance(model, tuple):
        return model.predict_proba(X)
    from ..core.inference import outputs
    from ..engine.validation import check_X

    network, parameters = model
    return outputs(check_X(network, X, "float64"), parameters, network)[0]
