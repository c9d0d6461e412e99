"""Train on a file: read, survey and split the examples, fit a table estimator."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StartProgress
from .._wording import pluralize
from ..errors import EllayerError, UsageError
from .baselines import simple_models
from .checkpoints import CheckpointPlan, CheckpointWriter, load_states
from .checks import CheckInput, run_checks
from .config import DETECTED, FILE, shown_source
from .folder import OutputFolder
from .messages import collect_messages, no_warnings
from .model_choice import ModelChoice, choose_model
from .positive_class import choose_positive
from .predictions import predict, title_of
from .saved_model import ModelExamples
from .source import MemorySource, Source, open_source, validation_rows
from .split import TEST_SHARE, describe_split
from .table_model import make_model, model_settings
from .trained_run import HeldOut, TrainedRun

if TYPE_CHECKING:
    from ..data import Examples
    from ..report.run_facts import Check, CrossValidation, Predictions
    from ..tables.survey import Survey
    from .table_model import TableEstimator

QUICK_ROWS = (200, 5_000)  # limits of the test rows of an interrupted run
QUICK_PRODUCTS = 2e9  # multiplications to predict them


@dataclass(frozen=True)
class TableTrainer:
    """The examples of a file, surveyed and split, and an estimator to fit on them.

    Attributes
    ----------
    settings : dict
        Keyed by the names of the options.
    source : Source
    survey : Survey
        Survey of all rows, or of a sample of streamed rows.
    model : estimator
        Not fitted yet.
    messages : list of str
    seconds : float
        Time of reading.
    plan : CheckpointPlan
    """

    settings: dict[str, Any]
    source: Source
    survey: Survey
    model: Any
    messages: list[str]
    seconds: float
    plan: CheckpointPlan = field(default_factory=CheckpointPlan)

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> TableTrainer:
        """Read the file of the settings, and check that it is suitable for training.

        Raises
        ------
        EllayerError
            If a setting or the file cannot be used.
        """
        from ..tables.survey import survey

        begin = time.perf_counter()
        settings = {"seed": 1, "test": str(TEST_SHARE), **settings}
        if isinstance(settings["source"], Path):
            settings["source"] = str(settings["source"])
        source = open_source(settings)
        examples = source.train
        facts = survey(
            examples.X,
            examples.y,
            examples.target,
            task=settings.get("task"),
            column_kinds=settings.get("kinds"),
        )
        _check_target(examples)
        _check_columns(examples, facts)
        split_messages = source.split(str(facts.task), facts, settings)
        chosen, positive_messages = choose_positive(np.asarray(examples.y), str(facts.task), settings)
        settings |= chosen
        model = make_model(str(facts.task), settings)
        messages = [*examples.notes, *_check_digest(settings), *split_messages, *positive_messages]
        return cls(settings, source, facts, model, messages, time.perf_counter() - begin)

    @property
    def name(self) -> str:
        """Name of the data; the default name of the run's folder."""
        return self.source.train.name

    def train(self, folder: OutputFolder | None, resume: Path | None, start: StartProgress) -> TrainedRun:
        """Fit the model; Ctrl-C keeps the current state.

        Parameters
        ----------
        folder : OutputFolder or None
            Folder of the checkpoints; None in a process of a group that writes none.
        resume : Path or None
            The folder of a run to resume.
        start : callable
        """
        begin = time.perf_counter()
        checkpoints = CheckpointWriter(folder, self.settings, self.plan)
        with collect_messages(columns=False) as messages:
            if self.model.model == "network":
                progress = start("network", 0)
                self.source.fit(
                    self.model, callbacks=[checkpoints], progress=progress, states=load_states(resume)
                )
            else:
                self.source.fit(self.model)
        interrupted = self.model.stopped_by_ == "interrupted"
        choice = None
        if self.settings.get("model") == "best" and not interrupted:
            choice = choose_model(self.model, self.source.train, self.source.fit)
            messages.append(choice.message)
        seconds = time.perf_counter() - begin
        if interrupted:
            after = f"interrupted after {pluralize(len(self.model.history_), 'epoch')}; the state reached is saved without a report"
            is_resumable = checkpoints.write()
            messages.append(
                f"{after}, and --resume with this folder continues from it" if is_resumable else after
            )
        if checkpoints.error:
            messages.append(checkpoints.error)
        run = self.make_run(self.model, self.settings, messages, seconds)
        if choice is not None:
            run.choose(choice)
        if self.settings.get("cv") and not run.interrupted:
            run.cross_validation = self._cross_validate(run, start)
        return run

    def _cross_validate(self, run: TableRun, start: StartProgress) -> CrossValidation | None:
        """Return the cross-validation of all rows; None if it was interrupted, which the messages of the run say."""
        from sklearn.base import clone

        begin, task = time.perf_counter(), str(self.survey.task)
        try:
            return self.source.cross_validate(lambda: clone(run.model), self.settings, task, start)
        except KeyboardInterrupt:
            run.interrupted = True
            run.messages.append(
                "the cross-validation was interrupted; the model is saved without it and without a report"
            )
            return None
        finally:
            run.seconds["cross-validating"] = time.perf_counter() - begin

    def make_run(
        self, model: Any, settings: Mapping[str, Any], messages: list[str], seconds: float
    ) -> TableRun:
        """Return the run of a fitted model.

        Parameters
        ----------
        model : estimator
        settings : mapping
            Settings of the run, as given.
        messages : list of str
            Messages of the fit.
        seconds : float
            Time of the fit.
        """
        source, survey = self.source, self.survey
        reading = {key: value for key, value in (source.train.reading or {}).items() if key in DETECTED}
        every = {
            **settings,
            **model_settings(model),
            "task": survey.task,
            "target": source.train.target,
            **reading,
        }
        return TableRun(
            name=self.name, source=shown_source(settings["source"]), survey=survey, data=source, train=source.train,
            classes=list(model.classes_) if survey.task == "classes" else [],
            rows=_rows(source, model), model=model, epochs=len(model.history_),
            best_epochs=[int(epoch) for epoch in model.best_epochs_],
            settings={key: every[key] for key in FILE if key in every},
            messages=[*self.messages, *messages], seconds={"reading": self.seconds, "fitting": seconds},
            interrupted=model.stopped_by_ == "interrupted", diverged=model.stopped_by_ == "divergence",
            split=describe_split(settings, source.test is not None),
        )  # fmt: skip


@dataclass(kw_only=True, eq=False)
class TableRun(TrainedRun):
    """A fitted table estimator, the source of its examples, and its cross-validation."""

    model: TableEstimator
    data: Source
    others: list[Any] = field(default_factory=list)

    @property
    def options(self) -> tuple[str, ...]:
        """The settings of a run on a file."""
        return FILE

    @property
    def title(self) -> str:
        """The name of the model for people."""
        return title_of(self.model)

    def provenance(self) -> dict[str, Any]:
        """Return whether the rows were streamed: the test rows of a table in memory are others."""
        return {} if isinstance(self.data, MemorySource) else {"streamed": True}

    def choose(self, choice: ModelChoice) -> None:
        """Take the best of several models, and compare it with the others."""
        self.model, self.others = choice.model, choice.others
        self.rows, self.best_epochs = _rows(self.data, self.model), list(choice.model.best_epochs_)
        self.epochs, self.interrupted = len(choice.model.history_), choice.interrupted

    def held_out(self) -> HeldOut:
        """Return the test rows with the predictions of the model and of simple ones.

        Without usable test rows: the rows held out in training, with the predictions of the model only. An interrupted
        run, which must end soon, uses only as many test rows as can be predicted quickly.
        """
        test = self._quick_test() if self.interrupted else self.data.test
        if test is not None:
            try:
                with collect_messages(columns=False) as messages:
                    models = [predict(title_of(model), model, test.X) for model in (self.model, *self.others)]
                self.messages += [f"in the test rows: {message}" for message in messages]
                simple = [] if self.interrupted else self._simple_models(test, models)
                return HeldOut(test, "test rows", [*models, *simple])
            except EllayerError as error:  # the trained model is more valuable than its test
                self.messages.append(
                    f"the test rows could not be predicted ({error}); the scores are of rows held out in training"
                )
        examples, predictions = self.data.validation(self.model)
        return HeldOut(examples, "rows held out in training", predictions)

    def _quick_test(self) -> Examples | None:
        """Return test rows, evenly spaced, whose prediction takes little time; all rows if possible."""
        test, count = self.data.test, self.parts.network.parameter_count if self.parts.network else 0
        most = int(np.clip(QUICK_PRODUCTS / max(1, count * len(self.parts.member_parameters)), *QUICK_ROWS))
        if test is None or test.m <= most:
            return test
        self.messages.append(f"interrupted: the scores are of {most:,} of {test.m:,} test rows")
        return test.take_evenly(most)

    def _simple_models(self, test: Examples, models: list[Predictions]) -> list[Predictions]:
        names, task = [model.name for model in models], str(self.survey.task)
        return simple_models(self.train, test.X, task, self.settings, self.classes, names)

    def checks(self, held_out: HeldOut, important: Sequence[str]) -> list[Check]:
        """Return reasons not to trust the scores."""
        train, test = self.train, self.data.test
        case = CheckInput(self.survey, self.settings, self.classes, train, test, held_out, important)
        with no_warnings():  # the same rows have been prepared before
            return run_checks(case)

    def model_examples(self) -> ModelExamples:
        """Return the model with its training rows."""
        return ModelExamples(self.model, self.train.X, np.asarray(self.train.y), rows_first=True)


def _rows(source: Source, model: TableEstimator) -> dict[str, int]:
    streamed_rows = getattr(model, "held_out_", None)
    held_out = len(validation_rows(model)) if streamed_rows is None else len(streamed_rows[1])
    if model.model != "network":  # it was fitted to the held-out rows too, in the end
        held_out = 0
    # else each row has a member that learned from it, or is part of the second fit after validation by time
    alone = streamed_rows is not None or (len(model.members_) == 1 and source.splitter.kind != "time")
    rows = {"train": source.count - (held_out if alone else 0), "validation": held_out}
    return rows if source.test is None else {**rows, "test": source.test.m}


def digest_of(source: str | Sequence[str]) -> str | None:
    """Return the SHA-256 of a file; None for a folder, several files and standard input."""
    if not isinstance(source, str) or not Path(source).is_file():
        return None
    with open(source, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_digest(settings: dict[str, Any]) -> list[str]:
    """Set the SHA-256 of the file; return a message if the config has a different one."""
    digest = digest_of(settings["source"])
    expected = settings.get("sha256", digest)
    if digest:
        settings["sha256"] = digest
    if expected == digest:
        return []
    return [
        f"{shown_source(settings['source'])} has changed since this config was written: its SHA-256 differs"
    ]


def _check_columns(examples: Examples, survey: Survey) -> None:
    """Raise for a table without a usable input column."""
    from ..tables.survey_columns import LEFT_OUT

    if survey.columns and all(column.kind in LEFT_OUT for column in survey.columns):
        columns = ", ".join(f"{column.name!r} ({column.kind})" for column in survey.columns[:8])
        raise UsageError(
            f"expected a column of {examples.name} usable as input besides {examples.target!r}, received {columns}"
            f"{f' and {len(survey.columns) - 8} more' if len(survey.columns) > 8 else ''}; name another file, or set the "
            "kind of a column with --kind COLUMN=categorical"
        )


def _check_target(examples: Examples) -> None:
    y = np.asarray(examples.y)
    if len(y) and (y == y[0]).all():
        missing = "".join(f" ({note})" for note in examples.notes if "missing" in note or "no target" in note)
        raise UsageError(
            f"--target {examples.target}: expected at least two different values, received {y[0]!r} in all {len(y)} "
            f"rows{missing}; choose another column"
        )
