"""``ellayer train`` in several processes: of this machine under a supervisor, or one of those of several machines."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Any, NamedTuple

import typer

from .._progress_bars import StartProgress, progress_bars
from ..errors import UsageError
from .errors import CHECK_FAILED, DONE, INTERRUPTED

AUTO = "auto"


class Coordinates(NamedTuple):
    """The options that name the place of this process among those of several machines."""

    coordinator: str | None
    num_processes: int | None
    process_id: int | None

    @property
    def chosen(self) -> bool:
        """Whether any of them is used."""
        return any(value is not None for value in self)


class Output(NamedTuple):
    """Form in which the outcome is printed."""

    quiet: bool
    json: bool


class Outcome(NamedTuple):
    """A run that has ended, for its display and exit code."""

    path: Path
    summary: dict[str, Any]
    interrupted: bool
    failed: bool


def train_together(
    settings: dict[str, Any], place: Coordinates, out: Path | None, resume: Path | None, output: Output
) -> int:
    """Train in several processes and print the outcome; return the exit code.

    Parameters
    ----------
    settings : dict
    place : Coordinates
    out, resume : Path or None
    output : Output
    """
    processes = settings.pop("processes", None)
    with progress_bars(visible=not (output.quiet or output.json)) as start:
        if place.chosen:
            outcome = _as_one_of_several(settings, place, out, resume, start)
        else:
            outcome = _as_supervisor(settings, processes, out, resume, start)
    if outcome is None:
        return DONE
    if output.json:
        typer.echo(dumps({"run": str(outcome.path), **outcome.summary}))
    elif output.quiet:
        typer.echo(outcome.path)
    else:
        from .display import show_run

        show_run(outcome.summary, outcome.path)
    if outcome.interrupted:
        return INTERRUPTED
    return CHECK_FAILED if outcome.failed else DONE


def _as_supervisor(
    settings: dict[str, Any], processes: int, out: Path | None, resume: Path | None, start: StartProgress
) -> Outcome:
    from ..data.shares import parts_of, share_of
    from ..runs.notes_recipes import check_spreadable
    from ..runs.supervisor import GroupOptions, train_in_processes

    source = settings["source"]
    check_spreadable(source)
    share_of(*parts_of(source)[1:], 0, processes)  # refuses before there are any workers
    options = GroupOptions(processes, on_restart=lambda text: typer.echo(f"ellayer: {text}", err=True))
    done = train_in_processes(settings, options, out, resume=resume, start=start)
    return Outcome(
        done.path, done.summary, done.interrupted, _is_failure(settings, done.diverged, done.alarms)
    )


def _as_one_of_several(
    settings: dict[str, Any], place: Coordinates, out: Path | None, resume: Path | None, start: StartProgress
) -> Outcome | None:
    if place.coordinator is None:
        raise UsageError(
            "--coordinator: expected HOST:PORT of process 0 with --num-processes and --process-id, received none; for several "
            "processes of this machine alone try --processes"
        )
    from ..distributed import initialize
    from ..runs.group_run import train_in_group

    address = None if place.coordinator == AUTO else place.coordinator
    initialize(address, place.num_processes, place.process_id)
    done = train_in_group(settings, out, resume=resume, start=start)
    if done is None:
        return None
    alarms = sum(check.grade != "PASS" for check in done.facts.checks)
    return Outcome(
        done.path, done.summary, done.run.interrupted, _is_failure(settings, done.run.diverged, alarms)
    )


def _is_failure(settings: dict[str, Any], diverged: bool, alarms: int) -> bool:
    return bool(diverged or (settings.get("strict") and alarms))
