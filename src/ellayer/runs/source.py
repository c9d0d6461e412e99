"""Training examples: read into memory, or streamed from a table larger than memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .._progress_bars import StartProgress
from ..engine.group import current_group
from ..errors import UsageError
from ..estimators.hold_out import FitArguments, Splitter
from .config import STREAM, reader_options, shown_source
from .cross_validation import check_folds, cross_validate
from .large_table import ROWS_APART, TrainingRows, open_large
from .predictions import predict, title_of
from .shared_folds import cross_validate_shared
from .shared_table import SharedTable, open_shared
from .split import choose_split, describe_test, parse_test, read_test, split

if TYPE_CHECKING:
    from ..data import Examples
    from ..report.run_facts import CrossValidation, Predictions
    from ..tables.survey import Survey
    from .table_model import TableEstimator


class WholeTable(NamedTuple):
    """The rows before the test rows are held out, and their splitter."""

    examples: Examples
    splitter: Splitter


class MemorySource:
    """Examples in memory, with the rows held out for testing.

    Attributes
    ----------
    train : Examples
        The training rows. Before ``split``, all rows.
    test : Examples or None
        None if no rows are held out.
    splitter : Splitter
        The rule for holding out validation rows.
    whole : WholeTable or None
        All rows, if they are to be cross-validated.
    """

    train: Examples
    test: Examples | None = None
    splitter: Splitter = Splitter()
    whole: WholeTable | None = None

    def __init__(self, settings: Mapping[str, Any]):
        from ..data import read_examples

        self._test, self._seed = parse_test(settings["test"]), settings["seed"]
        self.train = read_examples(
            settings["source"], target=settings.get("target"), need_target=True, **reader_options(settings)
        )

    @property
    def count(self) -> int:
        """The number of training rows."""
        return self.train.m

    def split(self, task: str, survey: Survey, settings: dict[str, Any]) -> list[str]:
        """Hold out the test rows, set the settings that reproduce the split, and return messages."""
        choice = choose_split(self.train, survey, settings)
        settings |= choice.settings
        check_folds(settings, self.count)
        if settings.get("cv"):
            self.whole = WholeTable(self.train, choice.splitter)
        parts = split(self.train, self._test, task, self._seed, choice)
        self.train, self.test, self.splitter = parts.train, parts.test, parts.splitter
        return [*choice.messages, *parts.messages]

    def cross_validate(
        self, make: Callable[[], Any], settings: Mapping[str, Any], task: str, start: StartProgress
    ) -> CrossValidation | None:
        """Return the cross-validation of all rows by a model that ``make`` returns."""
        whole = self.whole
        return None if whole is None else cross_validate(make, *whole, settings, task, start)

    def fit(self, model: TableEstimator, **options: Any) -> None:
        """Fit a model on the training rows."""
        model.fit(self.train.X, self.train.y, **self.splitter.fit_arguments(), **options)

    def fit_many(self, models: Sequence[Any], start: StartProgress, label: str) -> None:
        """Fit models of one architecture at once."""
        from ..estimators.tabular.fit_many import fit_together

        arguments = self.splitter.fit_arguments()
        fit_together(models, self.train.X, self.train.y, progress=start(label, 0), **arguments)

    def validation(self, model: TableEstimator) -> tuple[Examples, list[Predictions]]:
        """Return the rows held out in training, with their out-of-fold predictions."""
        from ..report.run_facts import Predictions

        rows = validation_rows(model)
        examples, outputs = self.train.take(rows), model.oof_prediction_[rows]
        if not len(rows):
            return examples, []
        if not hasattr(model, "classes_"):
            return examples, [Predictions(title_of(model), outputs)]
        labels = model.classes_[(outputs / model.decision_).argmax(axis=1)]
        return examples, [Predictions(title_of(model), labels, outputs)]


class StreamSource:
    """A table larger than memory: streamed for training, with a sample of its training rows in memory.

    It has the attributes and methods of ``MemorySource``; ``train`` is the sample.
    """

    test: Examples | None = None
    splitter: Splitter = Splitter()
    _state = "larger than memory"

    def __init__(self, settings: Mapping[str, Any]):
        self._path, self._test = shown_source(settings["source"]), parse_test(settings["test"])
        if "target" not in settings:
            raise UsageError(
                f"--target: expected the column of {self._path} to predict, received none; ellayer data shows the "
                "columns"
            )
        share = 0.0 if isinstance(self._test, str) else self._test
        options = reader_options({key: settings[key] for key in STREAM if key in settings})
        self.stream: TrainingRows = self._open(settings, share, options)
        self.train: Examples = self.stream.apart(*self.stream.sample)

    def _open(self, settings: Mapping[str, Any], share: float, options: dict[str, Any]) -> TrainingRows:
        return open_large(settings["source"], settings["target"], share, settings["seed"], options)

    @property
    def count(self) -> int:
        """The number of training rows in the last pass."""
        return self.stream.count

    def split(self, task: str, survey: Survey, settings: dict[str, Any]) -> list[str]:
        """Read the test rows; return messages about it."""
        self._check(settings)
        return [self._note(), *self._read_test(task)]

    def _read_test(self, task: str) -> list[str]:
        """Read the test rows, from their file or the table; return messages about them."""
        messages: list[str] = []
        if isinstance(self._test, str):
            self.test, messages = read_test(self._test, self.train, task)
        elif self.stream.share:
            self.test = self.stream.apart(0.0, self.stream.share)
        return messages

    def _note(self) -> str:
        return (
            f"the table is larger than memory: it is read in blocks, {100 * self.stream.share:.2g} % of its rows are "
            "held out for testing, at random, and the kinds of its columns are inferred from a sample"
        )

    def _check(self, settings: Mapping[str, Any]) -> None:
        """Raise for settings that need all rows in memory."""
        self._check_model(settings)
        if settings.get("split") in ("time", "group", "order") or {"time", "group"} & settings.keys():
            raise UsageError(
                f"--split: expected random, for {self._path} is {self._state}, received time, group or order; its rows "
                "are held out at random: omit it, or pass later rows with --test FILE"
            )
        if settings.get("cv"):
            raise UsageError(
                f"--cv: expected none for {self._path}, which is {self._state}, received {settings['cv']}; its "
                "test rows are many enough: omit it"
            )

    def _check_model(self, settings: Mapping[str, Any]) -> None:
        if settings.get("model", "network") != "network":
            raise UsageError(
                f"--model: expected network for {self._path}, which is {self._state}, received "
                f"{settings['model']}; omit it, or train on a sample of the rows"
            )

    def cross_validate(
        self, make: Callable[[], Any], settings: Mapping[str, Any], task: str, start: StartProgress
    ) -> CrossValidation | None:
        """Return None: the settings of a cross-validation are refused."""
        return None

    def fit(self, model: TableEstimator, **options: Any) -> None:
        """Fit a model on the training rows."""
        model.fit(self.stream, None, **self._fit_arguments(), **options)

    def _fit_arguments(self) -> FitArguments:
        """Return the arguments of ``fit`` that hold out the validation rows."""
        return {}

    def fit_many(self, models: Sequence[Any], start: StartProgress, label: str) -> None:
        """Raise an error, because a sweep needs the rows in memory."""
        raise UsageError(
            f"{self._path} is {self._state}: expected a smaller file for a sweep; sweep over a sample of its rows, "
            "then train with the best settings"
        )

    def validation(self, model: TableEstimator) -> tuple[Examples, list[Predictions]]:
        """Return the rows that were held out in training, and the predictions for them."""
        X, y = model.held_out_
        return replace(self.train, X=X, y=y), [predict("the network", model, X)]


class GroupSource(StreamSource):
    """A table whose rows are spread over a group of processes, each with its own in memory."""

    _state = "spread over several processes"
    stream: SharedTable

    def _open(self, settings: Mapping[str, Any], share: float, options: dict[str, Any]) -> SharedTable:
        return open_shared(settings["source"], settings["target"], share, settings["seed"], options)

    def split(self, task: str, survey: Survey, settings: dict[str, Any]) -> list[str]:
        """Hold out the test rows, at random or by time or group, and return messages."""
        self._check_model(settings)
        check_folds(settings, self.stream.total)
        choice = choose_split(self.train, survey, settings, self.stream)
        settings |= choice.settings
        self._whole = replace(self.stream, splitter=choice.splitter)
        if choice.splitter.keys is not None:
            self.splitter = choice.splitter
            share = 0.0 if isinstance(self._test, str) else min(self._test, ROWS_APART / self.stream.total)
            self.stream = self.stream.hold_out(choice.splitter, share, settings["seed"])
            self.train = self.stream.apart(*self.stream.sample)
        messages = self._read_test(task)
        if self.test is not None and not isinstance(self._test, str):
            messages.append(
                f"{self.test.m:,} of {self.stream.total:,} rows were held out for testing"
                + (describe_test(self.test, self.stream.test_keys, choice) or ", at random")
            )
        if settings.get("cv"):
            messages.append(f"cross-validation tests at most {ROWS_APART:,} rows of each fold")
        return [self._note(), *choice.messages, *messages]

    def cross_validate(
        self, make: Callable[[], Any], settings: Mapping[str, Any], task: str, start: StartProgress
    ) -> CrossValidation | None:
        """Return the cross-validation of all rows, in process 0."""
        return cross_validate_shared(make, self._whole, settings, task, start)

    def _fit_arguments(self) -> FitArguments:
        return self.stream.fit_arguments()

    def _note(self) -> str:
        group = current_group()
        size = 1 if group is None else group.size
        return (
            f"the rows are spread over {size} {'process' if size == 1 else 'processes'}, and the columns are prepared by a sample of "
            "up to 100,000 rows"
        )


Source = MemorySource | StreamSource


def open_source(settings: Mapping[str, Any]) -> Source:
    """Open the file of a run: as a stream if it is larger than memory.

    Parameters
    ----------
    settings : mapping
        With "source", "seed" and "test".
    """
    from .. import data

    if current_group() is not None:
        return GroupSource(settings)
    return (StreamSource if data.too_large(settings["source"]) else MemorySource)(settings)


def validation_rows(model: TableEstimator) -> np.ndarray:
    """Return the indices of the rows held out in training by some member."""
    missing = np.isnan(model.oof_prediction_)
    return np.flatnonzero(~(missing if missing.ndim == 1 else missing.any(axis=1)))
