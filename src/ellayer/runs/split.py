"""Split rows into training and test rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._wording import pluralize, quoted_list
from ..errors import EllayerError, UsageError
from ..estimators.hold_out import KeyKind, Splitter
from .matching import check_inputs, match_targets, unknown_classes

if TYPE_CHECKING:
    from ..data import Examples
    from ..tables.survey import Survey

SPLITS = ("random", "time", "group", "order", "auto")
TEST_SHARE = 0.2
FEWEST_ROWS = 20  # with fewer rows none are held out for testing
_TESTED = {"time": "the latest rows", "group": "others", "order": "the last rows of the file"}
FEWEST_PARTS = 3  # minimum number of times or groups: for training, validation and test


def parse_test(value: object) -> float | str:
    """Return the fraction of test rows, or the test file.

    Parameters
    ----------
    value : float or str

    Raises
    ------
    UsageError
        If a number is not a fraction.

    Examples
    --------
    >>> parse_test("0.2"), parse_test("test.csv")
    (0.2, 'test.csv')
    """
    text = str(value)
    try:
        share = float(text)
    except ValueError:
        return text
    if not 0 <= share < 1:
        raise UsageError(
            f"--test: expected a fraction from 0 to below 1, or a file, received {text}; try --test 0.2"
        )
    return share


@dataclass(frozen=True)
class SplitChoice:
    """The rule of a run for holding out rows.

    Attributes
    ----------
    splitter : Splitter
        The splitter of all rows.
    column : str or None
        The column of times or groups.
    settings : dict
        Settings that reproduce the rule.
    messages : list of str
    """

    splitter: Splitter
    column: str | None
    settings: dict[str, Any]
    messages: list[str]


@dataclass(frozen=True)
class SplitExamples:
    """Training rows with the splitter for validation rows, test rows, and messages about them."""

    train: Examples
    splitter: Splitter
    test: Examples | None
    messages: list[str]


class RowsToSplit(Protocol):
    """The rows of a table, wherever they are."""

    def splitter_by(self, kind: KeyKind, column: str | None) -> Splitter:
        """Return the splitter by the times or groups in a column; by the order of the file without one."""

    def count_missing(self, column: str) -> int:
        """Return the number of rows without a value in a column."""


@dataclass(frozen=True)
class RowsInMemory:
    """All rows, as examples."""

    examples: Examples

    def splitter_by(self, kind: KeyKind, column: str | None) -> Splitter:
        """Return the splitter by the times or groups in a column; by the order of the file without one."""
        m = self.examples.m
        values = np.arange(m) if column is None else self.examples.X[column]
        return Splitter.by(m, **{"time" if kind == "time" else "groups": values})

    def count_missing(self, column: str) -> int:
        """Return the number of rows without a value in a column."""
        assert not isinstance(self.examples.X, np.ndarray)
        return self.examples.X[column].null_count()


def choose_split(
    examples: Examples, survey: Survey, settings: Mapping[str, Any], rows: RowsToSplit | None = None
) -> SplitChoice:
    """Return the rule of a run: that of ``--split``, ``--time`` and ``--group``, or random with advice.

    ``--split order`` is by time, with the rows in the order of the file.

    Parameters
    ----------
    examples : Examples
        All rows, or a sample.
    survey : Survey
    settings : mapping
    rows : RowsToSplit, optional
        All rows; by default the examples.

    Raises
    ------
    UsageError
        If the rule contradicts the options or the columns.
    """
    kind, options = _kind_of(settings)
    rows = rows or RowsInMemory(examples)
    order = None if survey.order is None else ("", survey.order)
    advice = {"time": survey.time, "group": survey.group, "order": order}
    if kind == "auto":
        kind = next((kind for kind, reason in advice.items() if reason), "random")
        if kind == "random":
            message = (
                "--split auto: no date column orders the rows, no identifier repeats and the rows do not drift along the "
                "file, so they are split at random"
            )
            return SplitChoice(Splitter(), None, {"split": "random"}, [message])
    if kind in ("random", None):
        reasons = [] if kind else [_advice(kind, reason) for kind, reason in advice.items() if reason]
        return SplitChoice(Splitter(), None, {"split": kind} if kind else {}, reasons)
    if kind == "order":
        return SplitChoice(rows.splitter_by("time", None), None, {"split": kind}, [])
    if isinstance(examples.X, np.ndarray):
        raise UsageError(f"--split {kind}: expected a table with columns, received images or arrays; omit it")
    column = _column_of(kind, options.get(kind), examples, survey)
    try:
        splitter = rows.splitter_by("time" if kind == "time" else "group", column)
    except EllayerError as error:
        raise UsageError(f"--{kind} {column}: {error}") from None
    if splitter.count < FEWEST_PARTS:
        raise UsageError(
            f"--{kind} {column}: expected at least {FEWEST_PARTS} different values, to train, validate and test on; "
            f"received {splitter.count}; choose another column, or --split random"
        )
    missing = rows.count_missing(column)
    messages = []
    if missing:
        place = "they are treated as the earliest" if kind == "time" else "they are treated as one group"
        messages = [f"{column!r} is missing in {pluralize(missing, 'row')}: {place}"]
    chosen: dict[str, Any] = {"split": kind, kind: column}
    if kind == "group":  # groups of later rows are new, so the group column is not an input
        chosen["kinds"] = {column: "ignore"} | dict(settings.get("kinds") or {})
    return SplitChoice(splitter, column, chosen, messages)


def _kind_of(settings: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """Return the requested kind of split and its columns."""
    kind = settings.get("split")
    columns = {name: settings[name] for name in ("time", "group") if settings.get(name) is not None}
    if kind not in (None, *SPLITS):
        raise UsageError(f"--split: expected one of {', '.join(SPLITS)}; received {kind!r}")
    if len(columns) > 1:
        raise UsageError("--time, --group: expected one of them, received both; use only one")
    if kind is None:
        return next(iter(columns), None), columns
    if columns and kind not in columns:
        name = next(iter(columns))
        raise UsageError(f"--{name}: expected --split {name} with it, received --split {kind}; omit one")
    return kind, columns


def _column_of(kind: str, column: str | int | None, examples: Examples, survey: Survey) -> str:
    """Return the given column, or the only candidate of the survey."""
    from ..data.target_column import find_column

    columns = [facts.name for facts in survey.columns]
    if column is not None:
        return find_column(column, columns, examples.name, f"--{kind}")
    reason = survey.time if kind == "time" else survey.group
    dates = [facts.name for facts in survey.columns if facts.kind == "date"] if kind == "time" else []
    if reason or len(dates) == 1:
        return reason[0] if reason else dates[0]
    raise UsageError(
        f"--split {kind}: expected the name of the column with --{kind} COLUMN, received none; the columns are "
        f"{quoted_list(dates or columns, 10)}"
    )


def _advice(kind: str, reason: tuple[str, str]) -> str:
    column, figure = reason
    risk = (
        "a random test set shares them with the training rows, and its score may be too good for new ones"
        if kind == "group"
        else "a random test set lies among its training rows, and its score may be too good for later rows"
    )
    option = f"--split {kind}" + (f" --{kind} {column}" if column else "")
    return f"{figure}, so {risk}; to test on {_TESTED[kind]}: {option}"


def describe_split(settings: Mapping[str, Any], is_tested: bool) -> str:
    """Return the rule by which the rows of a run are held out.

    Parameters
    ----------
    settings : mapping
    is_tested : bool
        Whether there are test rows.

    Examples
    --------
    >>> describe_split({"test": "0.2", "split": "time", "time": "day"}, True)
    '20 % of the rows are held out for testing: the latest by day'
    """
    if not is_tested:
        return "no rows are held out for testing; scored on rows held out in training"
    test = parse_test(settings["test"])
    if isinstance(test, str):
        return f"tested on {test}"
    rules = {"time": "the latest by {}", "group": "whole groups of {}", "order": "the last of the file"}
    rule = rules.get(settings.get("split") or "", "at random").format(
        settings.get(settings.get("split") or "")
    )
    return f"{100 * test:g} % of the rows are held out for testing: {rule}"


def split(examples: Examples, test: float | str, task: str, seed: int, choice: SplitChoice) -> SplitExamples:
    """Hold out the test rows.

    Parameters
    ----------
    examples : Examples
    test : float or str
        A fraction of the rows, or a file.
    task : "classes" or "numbers"
    seed : int
    choice : SplitChoice
    """
    splitter = choice.splitter
    if isinstance(test, str):
        return SplitExamples(examples, splitter, *read_test(test, examples, task))
    m, rows = examples.m, np.zeros(examples.m, bool)
    labels = None
    if task == "classes" and splitter.kind == "random":
        labels = np.unique(np.asarray(examples.y).astype(str), return_inverse=True)[1]
    if m >= FEWEST_ROWS:
        rows = splitter.hold_out(m, test, np.random.RandomState(seed), labels)
    if not rows.any():
        group = "" if labels is None or m < FEWEST_ROWS else " in each class"
        reason = f": {m} are too few{group}" if test else ""
        message = f"no rows were held out for testing{reason}; the scores are of rows held out in training"
        return SplitExamples(examples, splitter, None, [message])
    inside, outside = np.flatnonzero(~rows), np.flatnonzero(rows)
    tested = examples.take(outside)
    keys = None if splitter.keys is None else splitter.keys[outside]
    message = f"{len(outside)} of {m} rows were held out for testing{describe_test(tested, keys, choice)}"
    message += " (stratified)" if labels is not None else ""
    return SplitExamples(examples.take(inside), splitter.take(inside), tested, [message])


def describe_test(test: Examples, keys: np.ndarray | None, choice: SplitChoice) -> str:
    """Return a description of the test rows by their times or groups, if they are not random."""
    column = choice.column
    if keys is None:
        return ""
    if column is None:
        return ": the last of the file; validation rows are the last before these"
    if choice.splitter.kind == "group":
        groups, every = len(np.unique(keys)), choice.splitter.count
        return f": {groups:,} of {pluralize(every, 'group')} of {column!r}; validation rows are other groups again"
    first = test.X[column][int(keys.argmin())]
    return f": the latest, from {first} on in {column!r}; validation rows are the latest before these"


def read_test(path: str, examples: Examples, task: str) -> tuple[Examples, list[str]]:
    """Return the examples of a test file, read and checked like the training file, and messages about them.

    Parameters
    ----------
    path : str
    examples : Examples
        The training rows.
    task : "classes" or "numbers"

    Raises
    ------
    EllayerError
        If the file cannot be read, lacks columns, or its targets are not those of training.
    """
    from ..data import read_examples

    option = f"--test {path}"
    test = read_examples(path, target=examples.target, reading=examples.reading, need_target=True)
    features = list(getattr(examples.X, "columns", ()))
    check_inputs(test, option, features, examples.image_shape, "the training file")
    classes = [] if task == "numbers" else np.unique(np.asarray(examples.y)).tolist()
    test = replace(test, y=match_targets(test, classes, option))
    return test, [f"tested on {path}", *unknown_classes(np.asarray(test.y), classes)]
