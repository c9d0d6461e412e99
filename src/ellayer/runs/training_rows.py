"""The rows that a saved model of a table was trained on and tested with, read again."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .._warn import collect_warnings
from ..data import too_large
from ..engine.model import unpack_model
from ..errors import UsageError
from ..tables.columns import Column, as_texts
from .config import FILE, check_settings, parse_config
from .matching import match_targets
from .saved_model import SavedModel
from .split import parse_test
from .table_trainer import TableTrainer, digest_of

if TYPE_CHECKING:
    from ..data import Examples


@dataclass(frozen=True)
class TrainingRows:
    """The rows of a table for a model, as its run split them: the training rows, then the test rows.

    Attributes
    ----------
    saved : SavedModel
    train : Examples
        All rows if the table is not that of the run.
    test : Examples or None
    is_known : bool
        Whether the table is that of the run and was split in memory, so that the model was trained on none of ``test``.
    """

    saved: SavedModel
    train: Examples
    test: Examples | None
    is_known: bool

    @property
    def parts(self) -> list[Examples]:
        """The training rows, and the test rows if there are any."""
        return [self.train] if self.test is None else [self.train, self.test]

    @cached_property
    def columns(self) -> list[Column]:
        """The columns in the order of the encoders of the model."""
        with collect_warnings():
            tables = [self.saved.model.preparation_.match(part.X) for part in self.parts]
        return [_join(same) for same in zip(*tables, strict=True)]

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the inputs of the network, (n_x, m), and its targets, (n_L, m)."""
        model = unpack_model(self.saved.model)
        labels = [match_targets(part, self.saved.classes, part.name) for part in self.parts]
        with collect_warnings():
            X = np.hstack([model.prepare(part.X) for part in self.parts])
        y = np.concatenate(labels)
        return X, model.encode(y, len(y))


def _join(columns: tuple[Column, ...]) -> Column:
    values = [column.values for column in columns]
    if len({array.dtype.kind for array in values}) > 1:  # a test file may read other types
        values = [as_texts(array) for array in values]
    return Column(columns[0].name, np.concatenate(values), columns[0].declared)


def read_training_rows(saved: SavedModel, file: str, with_test_file: bool = True) -> TrainingRows:
    """Read the table of a model, split into training and test rows as in its training.

    Parameters
    ----------
    saved : SavedModel
    file : str
        The table, or another one with its columns.
    with_test_file : bool
        Whether a test file that the run names may be read.

    Raises
    ------
    EllayerError
        If the table cannot be read, lacks columns, or is larger than memory.
    """
    if too_large(file):
        raise UsageError(
            f"source: expected a table that fits into memory, received {file}; take a part of its rows"
        )
    settings = settings_of(saved)
    digest, test = digest_of(file), parse_test(settings.get("test", 0.0))
    is_known = settings.get("sha256") == digest if digest else settings.get("source") == file
    if not settings or not is_known or not (isinstance(test, float) or with_test_file):
        return TrainingRows(saved, saved.read_with_target(file), None, False)
    with collect_warnings():
        source = TableTrainer.read({**settings, "source": file}).source
    rows = saved.provenance.get("rows")
    count = rows.get("test", 0) if isinstance(rows, dict) else 0
    if saved.provenance.get("streamed") or count != (0 if source.test is None else source.test.m):
        return TrainingRows(saved, saved.read_with_target(file), None, False)
    return TrainingRows(saved, source.train, source.test, True)


def settings_of(saved: SavedModel) -> dict[str, Any]:
    """Return the settings that a model of a table was trained with; empty if its file has none that are valid."""
    try:
        settings = parse_config(str(saved.provenance.get("config") or ""))
        settings.pop("ellayer", None)
        check_settings(settings, FILE, "a table")
    except (ValueError, RecursionError):
        return {}
    return settings
