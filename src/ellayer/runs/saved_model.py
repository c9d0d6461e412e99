"""A saved model with its reading options, for prediction, evaluation and inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import pluralize, quoted_list
from ..core.inference import class_index
from ..engine.model import unpack_model
from ..errors import UsageError
from ..inspection.calls import takes_columns
from .config import option_name, reader_options, shown_source
from .matching import check_inputs, match_targets
from .predictions import predict

if TYPE_CHECKING:
    from ..data import Examples
    from ..report.run_facts import Predictions


@dataclass(frozen=True)
class ModelExamples:
    """A model with examples in its form: columns for a network, rows and labels for an estimator.

    Attributes
    ----------
    model : estimator, TrainingResult, or (Network, parameters)
    X, Y : arrays, or X a table
    rows_first : bool
    """

    model: Any
    X: Any
    Y: Any
    rows_first: bool

    @property
    def m(self) -> int:
        """Number of examples."""
        return int(self.X.shape[0 if self.rows_first else 1])

    def first(self, count: int | None) -> tuple[Any, Any]:
        """Return X and Y of the first examples; None returns all of them."""
        if self.rows_first:
            return self.X[:count], self.Y[:count]
        return self.X[:, :count], self.Y[:, :count]


@dataclass(frozen=True)
class SavedModel:
    """A model loaded from its file.

    Attributes
    ----------
    path : Path
    model : estimator, TrainingResult, or (Network, parameters)
    provenance : dict
        Its provenance; may be empty.
    """

    path: Path
    model: Any
    provenance: dict[str, Any]

    @property
    def target(self) -> str | None:
        """The name of the column that it predicts, if known."""
        return self.provenance.get("target")

    @cached_property
    def features(self) -> list[str]:
        """Names of the columns that the model was fitted on; empty if unknown."""
        return [str(name) for name in unpack_model(self.model).feature_names]

    @property
    def inputs(self) -> int:
        """The number of columns of a row."""
        network = unpack_model(self.model).network
        return len(self.features) if self.features or network is None else network.layer_dims[0]

    @cached_property
    def needed(self) -> list[str]:
        """Names of the columns without which the model cannot predict."""
        if not self.prepares_tables:
            return self.features
        names = {encoder.name for encoder in self.model.preparation_.columns_ if any(encoder.names())}
        return [name for name in self.features if name in names]

    @cached_property
    def classes(self) -> list[Any]:
        """The labels, in the order of the probabilities; empty for numbers."""
        classes = unpack_model(self.model).classes
        return list(self.provenance.get("classes") or []) if classes is None else list(classes)

    @property
    def prepares_tables(self) -> bool:
        """Whether the model includes the preparation of raw columns."""
        return hasattr(self.model, "preparation_")

    @cached_property
    def reading(self) -> dict[str, Any] | None:
        """The reading options of the training file; None if the model was not trained on a file."""
        reading: dict[str, Any] | None = self.provenance.get("reading") or None
        if reading is None or not self.prepares_tables:
            return reading
        from ..data.schema.schema import schema_for_model

        columns = self.model.preparation_.describe()
        if self.target is not None and all(isinstance(label, str) for label in self.classes or [0]):
            columns.append({"name": self.target, "kind": "categorical"})  # of files without a schema
        return {**reading, "schema": schema_for_model(reading.get("schema"), columns)}

    def read(self, file: str | list[str], options: Mapping[str, Any] | None = None) -> Examples:
        """Read a file for prediction like the training file; a target column in it is moved to ``y``.

        Parameters
        ----------
        file : str or list of str
        options : mapping, optional
            Options of reading, by the names of their settings.
        """
        from ..data import read_examples

        examples = read_examples(file, reading=self.reading, **reader_options(options))
        return self._check(_without_target(examples, self.target, self.features), file)

    def read_values(self, columns: Mapping[str, Sequence[object]], where: str) -> Examples:
        """Return rows of values in memory, read like the records of a file in JSON.

        Parameters
        ----------
        columns : mapping
            Name -> values: texts, numbers, truth values, or None.
        where : str
            Their origin, for messages.
        """
        from ..data.examples import examples_of_values

        examples = examples_of_values(columns, where, self.reading)
        return self._check(_without_target(examples, self.target, self.features), where)

    def read_with_target(
        self, file: str | list[str], target: str | None = None, options: Mapping[str, Any] | None = None
    ) -> Examples:
        """Read a file that includes the target column like the training file.

        Parameters
        ----------
        file : str or list of str
        target : str, optional
            The target column, if its name differs from that in training.
        options : mapping, optional
            Options of reading, by the names of their settings.
        """
        from ..data import read_examples

        if target in self.features:
            raise UsageError(
                f"--target: expected the target column, received {target!r}, which {self.path} predicts from; "
                f"it predicts {self.target or 'another column'}"
            )
        name = target if target is not None else self.target
        return self._check(
            read_examples(
                file, target=name, reading=self.reading, need_target=True, **reader_options(options)
            ),
            file,
        )

    def _check(self, examples: Examples, file: str | list[str]) -> Examples:
        """Return the rows of a file after checking them against the training file, if there is one."""
        if self.reading is not None:
            check_inputs(
                examples, shown_source(file), self.needed, self.provenance.get("image_shape"), str(self.path)
            )
        return examples

    def predict(self, examples: Examples) -> Predictions:
        """Return labels or numbers for examples, with probabilities if the model has them.

        Raises
        ------
        UsageError
            If the model requires numbers, and a column is text.
        """
        if self.prepares_tables:
            return predict("the network", self.model, examples.X)
        return predict("the network", self.model, self._matrix(examples), self.classes)

    def _matrix(self, examples: Examples) -> np.ndarray:
        """Return the columns used in training as numbers, examples as rows."""
        X = examples.X
        if isinstance(X, np.ndarray):
            return X.astype(np.float64)
        import polars as pl

        if not set(self.features).isdisjoint(X.columns):
            missing = [name for name in self.features if name not in X.columns]
            if missing:
                raise UsageError(
                    f"expected the columns of the fit, but {examples.name} lacks {quoted_list(missing, 10)}"
                )
            X = X[self.features]
        texts = [name for name, kind in X.schema.items() if not (kind.is_numeric() or kind == pl.Boolean)]
        if texts:
            raise UsageError(
                f"{self.path} requires numbers: expected numeric columns, received text in "
                f"{', '.join(texts[:10])}; remove these columns, or train on the file with ellayer train"
            )
        return X.to_numpy().astype(np.float64)

    def with_examples(self, file: str, options: Mapping[str, Any] | None = None) -> ModelExamples:
        """Return the model with the examples of a file or a named data set.

        A table model reads a file like the training file; any other model a named data set or
        the HDF5 files of the notes, which have no options.
        """
        if self.prepares_tables:
            examples = self.read_with_target(file, options=options)
            return ModelExamples(
                self.model, examples.X, match_targets(examples, self.classes, file), rows_first=True
            )
        from .. import data

        if options:
            raise UsageError(
                f"{option_name(next(iter(options)))}: expected no reading option with {self.path}, which needs a "
                "named data set; omit it"
            )
        dataset = data.load(file)
        X, Y = dataset.X, dataset.Y
        if takes_columns(self.model):
            return ModelExamples(self.model, X, Y, rows_first=False)
        parts = unpack_model(self.model)
        classes, numbers = parts.classes, class_index(Y)
        n_x = X.shape[0] if parts.network is None else parts.network.layer_dims[0]
        if len(X) != n_x or (classes is not None and numbers.max(initial=0) >= len(classes)):
            raise UsageError(
                f"{self.path}: expected a data set of {n_x} features, and of the classes it was trained on, received "
                f"{file} with {pluralize(len(X), 'feature')} and {pluralize(len(dataset.classes), 'class', 'classes')}"
            )
        y = Y.T if classes is None else classes[numbers]
        return ModelExamples(self.model, X.T, y, rows_first=True)


def open_model(path: Path, *, to_predict: bool = False) -> SavedModel:
    """Read a model file, or the one in the folder of a run.

    Parameters
    ----------
    path : Path
    to_predict : bool
        Whether the model is only used for prediction, which does not need scikit-learn.

    Raises
    ------
    ModelFileError
        If the file is truncated, altered, newer, or no model file.
    MissingFileError
    """
    from ..data.files import existing
    from ..storage.model_file import load_with_provenance, model_in

    path = model_in(existing(path, "a model file that ellayer wrote"))
    return SavedModel(path, *load_with_provenance(path, to_predict=to_predict))


def _without_target(examples: Examples, target: str | None, features: list[str]) -> Examples:
    """Move the target column from ``X`` to ``y``."""
    X: Any = examples.X
    if target is None or target in features or target not in getattr(X, "columns", []):
        return examples
    others = [name for name in X.columns if name != target]
    return replace(examples, X=X[others], y=X[target].to_numpy(), target=target)
