"""From the settings to a fitted model: read, survey, split, fit."""

from __future__ import annotations

import hashlib
import re
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..answers import BadInput
from ..folder import OutputFolder
from ..progress import ProgressFor
from ..settings import FILE, READING
from .checkpoint import Keeper, states_to_go_on_from

if TYPE_CHECKING:
    from ...data import Examples
    from ...estimators.survey import Survey

TEST_SHARE = 0.2
FEWEST = 20  # rows; below, none are held out for a test

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
    test : Examples or None
        None where no row is held out.
    survey : Survey
        Of the rows trained on.
    model : estimator
        Not fitted yet.
    notes : list of str
    """

    settings: dict[str, Any]
    train: Examples
    test: Examples | None
    survey: Survey
    model: Any
    notes: list[str]
    seconds: float

    @property
    def name(self) -> str:
        """Of the data; the run's folder is called so."""
        return self.train.name


@dataclass
class FileRun:
    """A fitted model and where it comes from."""

    job: Job
    model: Any
    notes: list[str]
    interrupted: bool
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, Any]:
        """All settings of the run, those left to their defaults too: what a config repeats it by."""
        told = {option: _plain(self.model.get_params()[name]) for option, name in PARAMETERS.items()
                if name in self.model.get_params()}  # fmt: skip
        job = self.job
        how = {key: value for key, value in (job.train.reading or {}).items() if key in READING}
        every = {**job.settings, **told, "task": job.survey.task, "target": job.train.target, **how}
        return {key: every[key] for key in FILE if key in every}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


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
    from ...data import read_examples
    from ...estimators.survey import survey

    begin = time.perf_counter()
    settings = {"seed": 1, "test": str(TEST_SHARE), **settings}
    how = {key: settings[key] for key in READING if key in settings}
    examples = read_examples(settings["source"], target=settings.get("target"), need_target=True, **how)
    notes = list(examples.notes)
    digest = digest_of(Path(settings["source"]))
    if settings.get("sha256", digest) != digest:
        notes.append(
            f"{settings['source']} is not what it was when this config was written: its SHA-256 differs"
        )
    if digest:
        settings["sha256"] = digest
    looked = survey(
        examples.X, examples.y, examples.target, task=settings.get("task"), column_kinds=settings.get("kinds")
    )
    assert looked.task is not None  # there is a target
    _check_target(examples, looked.task)
    train, test, told = _split(examples, settings, looked.task)
    model = make_model(looked.task, settings)
    return Job(settings, train, test, looked, model, notes + told, time.perf_counter() - begin)


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
        For a setting that this estimator does not have.
    """
    from ...estimators import TabularClassifier, TabularRegressor

    make = TabularClassifier if task == "classes" else TabularRegressor
    known = make._get_param_names()
    told = {option: settings[option] for option in PARAMETERS if option in settings}
    for option in told:
        if PARAMETERS[option] not in known:
            raise BadInput(
                f"--{option.replace('_', '-')} does not go with a target of {task}; leave it out, or say --task "
                f"{'classes' if task == 'numbers' else 'numbers'}"
            )
    return make(**{PARAMETERS[option]: value for option, value in told.items()})


def _check_target(examples: Examples, task: str) -> None:
    y = np.asarray(examples.y)
    if len(y) and (y == y[0]).all():
        raise BadInput(
            f"--target {examples.target}: expected at least two different values to tell apart, received "
            f"{y[0]!r} in all {len(y)} rows; choose another column"
        )


# Split


def _split(
    examples: Examples, settings: dict[str, Any], task: str
) -> tuple[Examples, Examples | None, list[str]]:
    """The rows to train on and those to test on; a share of them, or a file's."""
    wish = str(settings["test"])
    try:
        share = float(wish)
    except ValueError:
        return examples, _read_test(wish, examples), [f"tested on {wish}"]
    if not 0 <= share < 1:
        raise BadInput(
            f"--test: expected a share from 0 to below 1, or a file, received {wish}; try --test 0.2"
        )
    m = len(examples.y)  # type: ignore[arg-type]
    if share == 0 or m < FEWEST:
        why = "" if share == 0 else f": {m} are too few"
        return (
            examples,
            None,
            [f"no rows were held out for a test{why}; the scores are of rows held out in training"],
        )
    held = _test_rows(np.asarray(examples.y), share, task, settings["seed"])
    told = f"{int(held.sum())} of {m} rows were held out for the test"
    told += ", every class in its share" if task == "classes" else ""
    return examples.take(np.flatnonzero(~held)), examples.take(np.flatnonzero(held)), [told]


def _read_test(path: str, examples: Examples) -> Examples:
    from ...data import read_examples

    return read_examples(path, target=examples.target, reading=examples.reading, need_target=True)


def _test_rows(y: np.ndarray, share: float, task: str, seed: int) -> np.ndarray:
    """Which rows are held out: of every class its share, and never the only example of one."""
    random = np.random.RandomState(seed)
    order = random.permutation(len(y))
    held = np.zeros(len(y), bool)
    if task == "numbers":
        held[order[: round(share * len(y))]] = True
        return held
    _, numbers = np.unique(y.astype(str), return_inverse=True)
    for k in range(numbers.max() + 1):
        rows = order[numbers[order] == k]
        held[rows[: min(round(share * len(rows)), len(rows) - 1)]] = True
    return held


# Fit


def _told(caught: list[warnings.WarningMessage]) -> list[str]:
    """What the fit warned of, but for what the survey says of the columns already."""
    texts = dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning))
    return [text for text in texts if not re.match(r"column .* (is taken for|is left out)", text)]


def fit_file(job: Job, start: ProgressFor, folder: OutputFolder, resume: Path | None) -> FileRun:
    """Fit the model of a job; Ctrl-C keeps what was reached.

    Parameters
    ----------
    job : Job
    start : callable
        ``start(label, total)`` returns a progress function.
    folder : OutputFolder
        Where checkpoints go.
    resume : Path or None
        The folder of a run to go on with.

    Returns
    -------
    FileRun
    """
    begin = time.perf_counter()
    keeper = Keeper(folder, job.settings)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        job.model.fit(
            job.train.X, job.train.y, callbacks=[keeper], progress=start("network", 0),
            states=states_to_go_on_from(resume),
        )  # fmt: skip
    fitting = time.perf_counter() - begin
    notes = [*job.notes, *_told(caught)]
    interrupted = job.model.stopped_by_ == "interrupted"
    if interrupted:
        keeper.write()
        notes.append(
            f"interrupted by Ctrl-C after {len(job.model.history_)} epochs; what was reached is saved, and "
            "--resume with this folder goes on"
        )
    return FileRun(job, job.model, notes, interrupted, {"reading": job.seconds, "fitting": fitting})
