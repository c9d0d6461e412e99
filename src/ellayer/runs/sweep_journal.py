"""The journal of a shared sweep: which units are taken, by whom, and with which result; in Optuna's storage of trials."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .sweep import SweepPlan, UnitResult

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.storages import JournalStorage
    from optuna.study import Study
    from optuna.trial import FrozenTrial

FORMAT = 1
NAME, JOURNAL, LOCK = "ellayer sweep", "journal.jsonl", "next"
SAMPLERS = ("grid", "random", "tpe")
GRACE_SECONDS = 10  # until the lock of a dead worker is removed; a lock is held for milliseconds
MOST_ATTEMPTS = 10  # of a unit whose workers die
DRAWN = ("learning_rate", "dropout", "weight_decay", "l2")  # numbers that a sampler draws from a range


@dataclass(frozen=True)
class Unit:
    """Trials to fit together: their number in the sweep, that of the entry in the journal, and their options."""

    number: int
    entry: int
    points: list[dict[str, Any]]


class SweepJournal:
    """The journal of a sweep in a shared folder; created by ``open``."""

    def __init__(
        self, folder: Path, plan: SweepPlan, sampler: str, trials: int | None, storage: JournalStorage
    ):
        self._folder, self._plan, self._sampler, self._storage = folder, plan, sampler, storage
        self._units = plan.units() if sampler == "grid" else None
        self._trials: int = len(self._units) if self._units is not None else trials or 0
        self._study = storage.get_study_id_from_name(NAME)

    @classmethod
    def open(cls, folder: Path, plan: SweepPlan, sampler: str, trials: int | None) -> SweepJournal:
        """Open the journal of a folder, or begin it.

        Raises
        ------
        UsageError
            If the folder cannot be written, or is that of another sweep.
        """
        if sampler not in SAMPLERS:
            raise UsageError(f"--sampler: expected {', '.join(SAMPLERS)}, received {sampler!r}")
        if sampler != "grid" and trials is None:
            raise UsageError(
                f"--sampler {sampler}: expected the number of trials with it, received none; try --trials 30"
            )
        facts = sweep_facts(plan, sampler, trials)
        with _named_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _refuse_other_files(folder)
            storage = _open_storage(folder)
            with _lock(folder):
                _check_facts(storage, facts, folder)
            return cls(folder, plan, sampler, trials, storage)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock under which units are taken."""
        with _named_errors(self._folder), _lock(self._folder):
            yield

    def revive(self, is_dead: Callable[[str], bool]) -> None:
        """Mark the entries of dead workers as failed, under the lock, so that their units are taken again."""
        from optuna.trial import TrialState

        for entry in self._entries():
            # Without a worker: it died while it held the lock that is ours now.
            if entry.state == TrialState.RUNNING and is_dead(entry.user_attrs.get("worker", "")):
                self._fail(entry.number)

    def take(self, worker: str) -> Unit | None:
        """Take the next unit, under the lock; return None if none is left."""
        from optuna.trial import TrialState

        entries = self._entries()
        live = {
            e.user_attrs["unit"]: e for e in entries if "unit" in e.user_attrs and e.state != TrialState.FAIL
        }
        attempts = self._attempts(entries)
        for number in range(self._trials):
            if number not in live and attempts.get(number, 0) < MOST_ATTEMPTS:
                failed = next((e for e in entries if e.user_attrs.get("unit") == number), None)
                return self._begin(number, worker, failed)
        return None

    def _begin(self, number: int, worker: str, failed: FrozenTrial | None) -> Unit:
        """Enter a unit that runs from now on; ``failed`` is its first entry, if there is one."""
        from optuna.trial import TrialState, create_trial

        if self._units is not None:
            points = self._units[number]
        elif failed is not None:
            points = failed.user_attrs["points"]
        else:
            return self._draw(number, worker)
        attributes = {"unit": number, "points": points, "worker": worker}
        entry = create_trial(
            state=TrialState.RUNNING,
            user_attrs=attributes,
            params=failed.params if failed else {},
            distributions=failed.distributions if failed else {},
        )
        trial = self._storage.create_new_trial(self._study, entry)
        return Unit(number, self._storage.get_trial_number_from_id(trial), points)

    def finish(self, unit: Unit, result: UnitResult) -> bool:
        """Write the result of a unit; return False if this worker was considered dead and the unit was reassigned."""
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        metric = self._plan.metric
        scores = [row["validation_score"] for row in result.rows if not math.isnan(row["validation_score"])]
        value = (max if metric.maximize else min)(scores, default=-math.inf if metric.maximize else math.inf)
        with _named_errors(self._folder):
            try:
                trial = self._storage.get_trial_id_from_study_id_trial_number(self._study, unit.entry)
                facts = {"rows": result.rows, "messages": result.messages}
                self._storage.set_trial_user_attr(trial, "result", facts)
                self._storage.set_trial_state_values(trial, TrialState.COMPLETE, [value])
            except UpdateFinishedTrialError:
                return False
        return True

    def progress(self) -> tuple[int, int]:
        """Return the number of units that have ended, and that of all."""
        from optuna.trial import TrialState

        with _named_errors(self._folder):
            entries = self._entries()
        complete = sum(entry.state == TrialState.COMPLETE for entry in entries)
        return complete + len(self._lost(entries)), self._trials

    def is_done(self) -> bool:
        """Return whether all units have ended."""
        ended, count = self.progress()
        return ended >= count

    def results(self, models: Mapping[int, list[Any]]) -> list[UnitResult]:
        """Return the units that have ended, in the order of the sweep.

        Parameters
        ----------
        models : mapping
            The models that were fitted here, by the numbers of their units.
        """
        from optuna.trial import TrialState

        with _named_errors(self._folder):
            entries = self._entries()
        lost = [
            f"a trial was given up after {MOST_ATTEMPTS} workers died with it: unit {number}"
            for number in self._lost(entries)
        ]
        complete = {e.user_attrs["unit"]: e.user_attrs for e in entries if e.state == TrialState.COMPLETE}
        return [
            UnitResult(
                facts["points"], facts["result"]["rows"], [*facts["result"]["messages"], *lost], models.get(number, [])
            )
            for number, facts in sorted(complete.items())
        ]  # fmt: skip

    def _entries(self) -> list[FrozenTrial]:
        return self._storage.get_all_trials(self._study, deepcopy=False)

    def _fail(self, entry: int) -> None:
        from optuna.exceptions import UpdateFinishedTrialError
        from optuna.trial import TrialState

        with suppress(UpdateFinishedTrialError):  # it has just ended by itself
            trial = self._storage.get_trial_id_from_study_id_trial_number(self._study, entry)
            self._storage.set_trial_state_values(trial, TrialState.FAIL)

    def _attempts(self, entries: Iterable[FrozenTrial]) -> dict[int, int]:
        """Return how often each unit has failed."""
        from optuna.trial import TrialState

        failed = [e.user_attrs.get("unit") for e in entries if e.state == TrialState.FAIL]
        return {number: failed.count(number) for number in failed if number is not None}

    def _lost(self, entries: Iterable[FrozenTrial]) -> list[int]:
        attempts = self._attempts(entries)
        return sorted(number for number, count in attempts.items() if count >= MOST_ATTEMPTS)

    def _draw(self, number: int, worker: str) -> Unit:
        """Draw the options of a trial by the sampler."""
        axes = self._plan.axes
        study = _load_study(self._storage, self._sampler, self._plan, number)
        trial = study.ask({name: _distribution(name, values) for name, values in axes.items()})
        by_text = {_as_text(value): value for values in axes.values() for value in values}
        point = {
            name: value if _is_range(name, axes[name]) else by_text[value]
            for name, value in trial.params.items()
        }
        point = {name: point[name] for name in axes}
        for key, fact in (("unit", number), ("points", [point]), ("worker", worker)):
            trial.set_user_attr(key, fact)
        return Unit(number, trial.number, [point])


def sweep_facts(plan: SweepPlan, sampler: str, trials: int | None) -> dict[str, Any]:
    """Return what must be the same for all workers of a sweep."""
    from .. import __version__

    settings = {
        key: value
        for key, value in plan.trainer.settings.items()
        if key not in ("source", "n_jobs", "device")
    }
    train = plan.trainer.source.train
    facts = {
        "format": FORMAT, "ellayer": __version__, "file": [settings.pop("sha256", None), train.name, plan.trainer.source.count],
        "target": train.target, "settings": settings, "values": plan.axes, "sampler": sampler, "trials": trials, "maximize": plan.metric.maximize,
    }  # fmt: skip
    return dict(json.loads(json.dumps(facts, default=str)))


def _refuse_other_files(folder: Path) -> None:
    """Refuse a folder of other things, such as the parts of the table: the files of the sweep would be read with them."""
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if not name.startswith((JOURNAL, LOCK))]
    if others and JOURNAL not in names:
        raise UsageError(
            f"--shared {folder}: expected an empty folder or one of a sweep, received one with {others[0]}; choose another folder"
        )


def _check_facts(storage: JournalStorage, facts: dict[str, Any], folder: Path) -> None:
    """Begin the study with these facts, or compare them with those of the worker that began it."""
    from optuna.study import StudyDirection

    studies = {study.study_name: study for study in storage.get_all_studies()}
    known = studies[NAME].user_attrs.get("sweep") if NAME in studies else None
    if not isinstance(known, dict):
        if studies and NAME not in studies:
            raise UsageError(
                f"--shared {folder}: expected an empty folder or one of a sweep, received a journal of other studies; choose "
                "another folder"
            )
        maximize = StudyDirection.MAXIMIZE if facts["maximize"] else StudyDirection.MINIMIZE
        if NAME not in studies:
            storage.create_new_study([maximize], NAME)
        study = storage.get_study_id_from_name(NAME)
        storage.set_study_user_attr(study, "sweep", facts)
        return
    if known.get("format", 0) > FORMAT:
        raise UsageError(
            f"--shared {folder}: expected a journal of format {FORMAT}, received {known['format']}, which ellayer "
            f"{known.get('ellayer')} began; install that version, or choose another folder"
        )
    for name, value in facts.items():
        if known.get(name) != value:
            ours, theirs = _difference(value, known.get(name))
            raise UsageError(
                f"--shared {folder}: expected the {name} of the sweep that began there, {theirs}, received {ours}; give the "
                "same, or choose another folder"
            )


def _difference(value: object, known: object) -> tuple[str, str]:
    """Return two facts as text; of settings only those that differ."""
    if isinstance(value, dict) and isinstance(known, dict):
        names = [name for name in {**known, **value} if value.get(name) != known.get(name)]
        value, known = ({name: facts.get(name) for name in names} for facts in (value, known))
    return str(value)[:200], str(known)[:200]


def _open_storage(folder: Path) -> JournalStorage:
    try:
        import optuna
    except ImportError as error:
        raise UsageError(
            "--shared: expected the library optuna, but it is not installed; install it with: pip install "
            "'ellayer[search]' (or pip install optuna)"
        ) from error
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    path = str(folder / JOURNAL)
    lock = JournalFileOpenLock(path, GRACE_SECONDS)  # links need a privilege on Windows
    return JournalStorage(JournalFileBackend(path, lock_obj=lock))


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    from optuna.storages.journal import JournalFileOpenLock

    lock = JournalFileOpenLock(str(folder / LOCK), GRACE_SECONDS)
    lock.acquire()
    try:
        yield
    finally:
        with suppress(RuntimeError):  # this process was stopped for so long that another one has removed it
            lock.release()


@contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    """Turn the errors of files and of a damaged journal into a message."""
    try:
        yield
    except UsageError:
        raise
    except OSError as error:
        raise UsageError(
            f"--shared {folder}: expected a folder that can be written, received one that cannot ({error.strerror}); choose "
            "another"
        ) from error
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise UsageError(
            f"--shared {folder}: expected the journal of a sweep in {JOURNAL}, received something else or a damaged one; "
            "choose another folder"
        ) from error


# Samplers


def _load_study(storage: JournalStorage, sampler: str, plan: SweepPlan, number: int) -> Study:
    """Return the study with a sampler that is seeded by the sweep and the number of the trial, whoever draws it."""
    import warnings

    import optuna

    seed = (plan.trainer.settings["seed"] * 1_000_003 + number) % 2**32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an option of the sampler is called experimental
        if sampler == "random":
            chosen: optuna.samplers.BaseSampler = optuna.samplers.RandomSampler(seed=seed)
        else:  # trials that run count as bad ones, so that workers do not all draw the same
            chosen = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        return optuna.load_study(study_name=NAME, storage=storage, sampler=chosen)


def _is_range(name: str, values: list[Any]) -> bool:
    return name in DRAWN and min(values) < max(values)


def _distribution(name: str, values: list[Any]) -> BaseDistribution:
    """Return the range of numbers, or the choices of everything else."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if _is_range(name, values):
        return FloatDistribution(min(values), max(values), log=name == "learning_rate")
    return CategoricalDistribution([_as_text(value) for value in values])


def _as_text(value: object) -> str:
    return json.dumps(value)
