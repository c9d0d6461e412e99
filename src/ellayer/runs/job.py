"""From the settings to what is to be trained on: read, survey, split."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UsageError
from .config import READING
from .large_table import RestOfStream, open_large
from .split import TEST_SHARE, read_test, split, test_wish

if TYPE_CHECKING:
    from ..data import Examples
    from ..tables.survey import Survey

# Option -> parameter of the estimators.
PARAMETERS = {
    "layers": "hidden_layer_sizes", "epochs": "epochs", "members": "n_members", "metric": "metric",
    "class_weight": "class_weight", "learning_rate": "learning_rate", "batch_size": "batch_size",
    "time_limit": "time_limit", "recipe": "recipe", "kinds": "column_kinds", "seed": "random_state",
}  # fmt: skip


@dataclass(frozen=True)
class Job:
    """What is to be trained on.

    Attributes
    ----------
    settings : dict
        As the options name them.
    train : Examples
        The rows to learn from; of a table larger than memory a sample of them.
    test : Examples or None
        None where no row is held out.
    survey : Survey
        Of all rows; of a table larger than memory of the sample.
    model : estimator
        Not fitted yet.
    notes : list of str
    seconds : float
        Of the reading.
    stream : RestOfStream or None
        The rows to learn from, where they do not fit into memory.
    """

    settings: dict[str, Any]
    train: Examples
    test: Examples | None
    survey: Survey
    model: Any
    notes: list[str]
    seconds: float
    stream: RestOfStream | None = None

    @property
    def name(self) -> str:
        """Of the data; the run's folder is called so."""
        return self.train.name

    @property
    def count(self) -> int:
        """The number of rows to learn from."""
        return self.train.m if self.stream is None else self.stream.count


def read_job(settings: Mapping[str, Any]) -> Job:
    """Read the file and decide what is to be done with it.

    Parameters
    ----------
    settings : mapping
        As the options name them.

    Returns
    -------
    Job

    Raises
    ------
    DataError, BadInput
        For what cannot be used, before anything is trained.
    """
    from ..data import too_large
    from ..tables.survey import survey

    begin = time.perf_counter()
    settings = {"seed": 1, "test": str(TEST_SHARE), **settings}
    wish = test_wish(settings)
    stream = _stream(settings, wish) if too_large(settings["source"]) else None
    examples = _examples(settings) if stream is None else stream.apart(stream.share, 2 * stream.share or 0.01)
    looked = survey(
        examples.X, examples.y, examples.target, task=settings.get("task"), column_kinds=settings.get("kinds")
    )
    assert looked.task is not None  # there is a target
    _check_target(examples, looked.task)
    _check_columns(examples, looked)
    if stream is None:
        train, test, told = split(examples, wish, looked.task, settings["seed"])
    else:
        train, test, told = examples, _apart(stream, wish, examples), [_told(stream)]
    model = make_model(looked.task, settings)
    notes = [*examples.notes, *_note_of_digest(settings), *told]
    return Job(settings, train, test, looked, model, notes, time.perf_counter() - begin, stream)


def _examples(settings: Mapping[str, Any]) -> Examples:
    from ..data import read_examples

    how = {key: settings[key] for key in READING if key in settings}
    return read_examples(settings["source"], target=settings.get("target"), need_target=True, **how)


def _stream(settings: Mapping[str, Any], wish: float | str) -> RestOfStream:
    if "target" not in settings:
        raise UsageError(
            f"--target: expected the column of {settings['source']} to learn, received none; ellayer data shows the columns"
        )
    how = {key: settings[key] for key in ("delimiter", "decimal", "encoding", "header") if key in settings}
    share = 0.0 if isinstance(wish, str) else wish
    return open_large(settings["source"], settings["target"], share, settings["seed"], how)


def _apart(stream: RestOfStream, wish: float | str, sample: Examples) -> Examples | None:
    if isinstance(wish, str):
        return read_test(wish, sample)
    return stream.apart(0.0, stream.share) if stream.share else None


def _told(stream: RestOfStream) -> str:
    return (
        f"the table is larger than memory: it is learned from in blocks, {100 * stream.share:.2g} % of its rows are held "
        "out for the test, and columns are judged by a sample"
    )


def _note_of_digest(settings: dict[str, Any]) -> list[str]:
    """Set the file's SHA-256; tell where a config was written for another content."""
    digest = digest_of(Path(settings["source"]))
    before = settings.get("sha256", digest)
    if digest:
        settings["sha256"] = digest
    if before == digest:
        return []
    return [f"{settings['source']} is not what it was when this config was written: its SHA-256 differs"]


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file; None for a folder."""
    if not path.is_file():
        return None
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_model(task: str, settings: Mapping[str, Any]) -> Any:
    """Return the estimator for a task with the settings that are its parameters.

    Raises
    ------
    BadInput
        For a setting that this estimator does not have, or a value that it does not take.
    """
    from ..estimators import TabularClassifier, TabularRegressor
    from ..estimators.sklearn_compat import InvalidParameterError, parameter_names, validate_parameters

    make = TabularClassifier if task == "classes" else TabularRegressor
    known = parameter_names(make)
    told = {option: settings[option] for option in PARAMETERS if option in settings}
    for option in told:
        if PARAMETERS[option] not in known:
            raise UsageError(
                f"--{option.replace('_', '-')} does not go with a target of {task}; leave it out, or say --task "
                f"{'classes' if task == 'numbers' else 'numbers'}"
            )
    model = make(**{PARAMETERS[option]: value for option, value in told.items()})
    try:
        validate_parameters(model)
    except InvalidParameterError as error:
        raise UsageError(_as_option(str(error))) from None
    return model


def _as_option(message: str) -> str:
    """Say scikit-learn's message on a parameter in the words of the command line."""
    said = re.fullmatch(r"The '(\w+)' parameter of \w+ must be (.*?)\.? Got (.*) instead\.", message)
    if said is None:
        return message
    options = {parameter: option for option, parameter in PARAMETERS.items()}
    parameter, expected, received = said.groups()
    expected = expected.replace("an instance of 'dict', ", "")  # which no option can say
    expected = re.sub(r"a str among \{(.*?)\}", lambda names: _one_of(names[1]), expected)
    return (
        f"--{options.get(parameter, parameter).replace('_', '-')}: expected {expected}, received {received}"
    )


def _one_of(names: str) -> str:
    return " or ".join(sorted(name.strip(" '") for name in names.split(",")))


def _check_columns(examples: Examples, looked: Survey) -> None:
    """Refuse a table without a column to learn from."""
    from ..tables.survey_columns import LEFT_OUT

    if looked.columns and all(column.kind in LEFT_OUT for column in looked.columns):
        told = ", ".join(f"{column.name!r} ({column.kind})" for column in looked.columns[:8])
        raise UsageError(
            f"expected a column of {examples.name} to learn from beside {examples.target!r}, received {told}"
            f"{f' and {len(looked.columns) - 8} more' if len(looked.columns) > 8 else ''}; name another file, or say what "
            "a column is with --kind COLUMN=categorical"
        )


def _check_target(examples: Examples, task: str) -> None:
    y = np.asarray(examples.y)
    if len(y) and (y == y[0]).all():
        raise UsageError(
            f"--target {examples.target}: expected at least two different values to tell apart, received "
            f"{y[0]!r} in all {len(y)} rows; choose another column"
        )
