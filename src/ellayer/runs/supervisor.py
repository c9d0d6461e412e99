"""One fit in several processes of this machine: start them, and start all again from the last checkpoint if one fails."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from .._progress_bars import StageInfo, StartProgress, no_progress
from .._unfinished import remove_abandoned
from ..distributed.meeting import PortInUseError, free_port
from ..distributed.watch import STUCK
from ..errors import EllayerError, UsageError
from .checkpoints import EVERY
from .folder import RUNS, missing_folders, remove_empty
from .group_worker import DONE, LOST

RESTARTS = 3
FORM_LIMIT, STEP_LIMIT = 120.0, 600.0  # seconds
COMMAND = [sys.executable, "-m", "ellayer.runs.group_worker"]
_REST = 5.0  # seconds in which the others follow the first that ends
_PORTS = 5  # tries, for another program may take a port that was free


@dataclass(frozen=True)
class GroupOptions:
    """Options of a group of workers.

    Attributes
    ----------
    processes : int
    restarts : int
        How often all workers are started again after a failure, before the run is given up.
    form_limit, step_limit : float
        Seconds as of ``distributed.initialize``.
    checkpoint_every : float
        Seconds between two checkpoints.
    on_restart : callable
        Called with a text when workers are started again.
    on_start : callable
        Called with the process numbers of the workers.
    """

    processes: int
    restarts: int = RESTARTS
    form_limit: float = FORM_LIMIT
    step_limit: float = STEP_LIMIT
    checkpoint_every: float = EVERY
    on_restart: Callable[[str], None] = field(default=lambda text: None)
    on_start: Callable[[list[int]], None] = field(default=lambda numbers: None)


@dataclass(frozen=True)
class GroupResult:
    """The finished run, as the first worker reports it.

    Attributes
    ----------
    path : Path
        The folder.
    summary : dict
        As in ``run.json``.
    interrupted, diverged : bool
    alarms : int
        Number of checks that did not pass.
    restarts : int
    """

    path: Path
    summary: dict[str, Any]
    interrupted: bool
    diverged: bool
    alarms: int
    restarts: int


class _Failure(NamedTuple):
    """Why a group of workers ended before its time."""

    reason: str


def train_in_processes(
    settings: Mapping[str, Any],
    options: GroupOptions,
    out: Path | None = None,
    *,
    resume: Path | None = None,
    start: StartProgress = no_progress,
) -> GroupResult:
    """Train on a table in several processes of this machine, each with its share of the rows.

    Parameters
    ----------
    settings, out, resume, start
        As for ``train_run``.
    options : GroupOptions

    Raises
    ------
    EllayerError
        If a setting or the data cannot be used, or the workers have failed too often; no worker is left.
    KeyboardInterrupt
        If Ctrl-C comes before the first update, or again; its message names the last checkpoint.
    """
    if options.processes < 1:
        raise UsageError(f"--processes: expected at least 1, received {options.processes}; try --processes 2")
    restarts, ports = 0, 0
    missing = missing_folders(out)
    while True:
        attempt = _Attempt(settings, options, out, resume, start)
        try:
            outcome = attempt.run()
        except PortInUseError:
            ports += 1
            if ports < _PORTS:
                continue
            remove_empty(missing)
            raise
        except EllayerError:
            remove_empty(missing)
            raise
        except KeyboardInterrupt:
            last = attempt.folder or resume
            _remove_remains(out, last)
            remove_empty(missing)
            raise KeyboardInterrupt(f"interrupted; --resume {last} continues" if last else "") from None
        if isinstance(outcome, dict):
            return GroupResult(**{**outcome, "path": Path(outcome["path"])}, restarts=restarts)
        resume = attempt.folder or resume
        _remove_remains(out, attempt.folder)
        if restarts == options.restarts:
            remove_empty(missing)
            advice = f"; --resume {resume} continues from the last checkpoint" if resume else ""
            times = "once" if restarts == 0 else f"{restarts + 1} times"
            raise EllayerError(
                f"--processes: the workers have failed {times}, the last time because {outcome.reason}{advice}"
            )
        restarts += 1
        place = "the last checkpoint" if resume else "the beginning"
        options.on_restart(
            f"{outcome.reason}; all start again from {place} ({restarts} of {options.restarts})"
        )


class _Attempt:
    """One start of all workers.

    Attributes
    ----------
    folder : Path or None
        That of the last checkpoint.
    """

    def __init__(
        self, settings: Mapping[str, Any], options: GroupOptions, out: Path | None, resume: Path | None,
        start: StartProgress,
    ):  # fmt: skip
        self.options, self._start = options, start
        self._task = {
            "settings": dict(settings), "size": options.processes, "port": free_port(),
            "out": None if out is None or resume else str(out), "resume": None if resume is None else str(resume),
            "form_limit": options.form_limit, "step_limit": options.step_limit,
            "checkpoint_every": options.checkpoint_every,
        }  # fmt: skip
        self.folder: Path | None = None
        self._messages: queue.Queue[tuple[int, dict[str, Any]]] = queue.Queue()
        self._bars: dict[str, Callable[[Any], object] | None] = {}
        self._interrupted = False

    def run(self) -> dict[str, Any] | _Failure:
        """Return the last report of the first worker, or why one failed."""
        with _workers(self._task, self._messages) as workers:
            self.options.on_start([worker.pid for worker in workers])
            while True:
                try:
                    if (outcome := self._look(workers)) is not None:
                        return outcome
                except KeyboardInterrupt:
                    if self._interrupted:
                        raise
                    self._interrupted = True
                    workers[0].send_signal(signal.SIGINT)

    def _look(self, workers: list[subprocess.Popen[bytes]]) -> dict[str, Any] | _Failure | None:
        """Take one message, if there is one; return the outcome if the workers have come to an end."""
        with suppress(queue.Empty):
            number, message = self._messages.get(timeout=0.05)
            return self._take(number, message)
        codes = [worker.poll() for worker in workers]
        failed = [k for k, code in enumerate(codes) if code not in (None, DONE)]
        if failed or codes[0] is not None:
            return self._find_cause(workers)
        return None

    def _take(self, number: int, message: dict[str, Any]) -> dict[str, Any] | None:
        if "port" in message:
            raise PortInUseError(message["port"])
        if "error" in message:
            raise EllayerError(message["error"])
        if "fault" in message:
            raise RuntimeError(f"process {number}: {message['fault']}")
        if "folder" in message:
            self.folder = Path(message["folder"])
        if "progress" in message:
            label, iteration, total = message["progress"]
            if label not in self._bars:
                self._bars[label] = self._start(label, total)
            if (show := self._bars[label]) is not None:
                show(StageInfo(iteration, total, "updates"))
        done: dict[str, Any] | None = message.get("done")
        return done

    def _find_cause(self, workers: list[subprocess.Popen[bytes]]) -> dict[str, Any] | _Failure:
        """Return why a worker has ended, from the one that did not only lose another."""
        end = time.monotonic() + _REST
        while True:  # a message may still be on its way
            with suppress(queue.Empty):
                number, message = self._messages.get(timeout=0.2)
                if (outcome := self._take(number, message)) is not None:
                    return outcome
                continue
            codes = [worker.poll() for worker in workers]
            first = [k for k, code in enumerate(codes) if code not in (None, DONE, LOST, -signal.SIGABRT)]
            if first or None not in codes or time.monotonic() > end:
                break
        if self._interrupted:
            raise KeyboardInterrupt
        number = min(first or [k for k, code in enumerate(codes) if code not in (None, DONE)] or [0])
        return _Failure(_reason(number, codes[number]))


def _reason(number: int, code: int | None) -> str:
    """Return why a worker has ended, from its exit code."""
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        silent = ", as jax does without a sign of life of another" if name == "SIGABRT" else ""
        return f"process {number} was ended by {name}{silent}"
    if code == STUCK:
        return f"process {number} has waited too long for another, which is stuck"
    if code == LOST:
        return f"process {number} lost the connection to another"
    return f"process {number} ended with exit code {code}"


@contextmanager
def _workers(
    task: dict[str, Any], messages: queue.Queue[tuple[int, dict[str, Any]]]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start the workers, and end them whatever happens."""
    workers: list[subprocess.Popen[bytes]] = []
    try:
        for rank in range(task["size"]):
            worker = subprocess.Popen(
                COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
            workers.append(worker)
            assert worker.stdin is not None
            worker.stdin.write(json.dumps({**task, "rank": rank}).encode() + b"\n")
            worker.stdin.flush()
            threading.Thread(target=_listen, args=(rank, worker, messages), daemon=True).start()
        yield workers
    finally:
        for worker in workers:
            with suppress(OSError):
                worker.kill()
        for worker in workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                with suppress(OSError):
                    assert pipe is not None
                    pipe.close()


def _listen(
    rank: int, worker: subprocess.Popen[bytes], messages: queue.Queue[tuple[int, dict[str, Any]]]
) -> None:
    """Put the messages of a worker into the queue."""
    assert worker.stdout is not None
    with suppress(ValueError, OSError):  # it is closed
        for line in worker.stdout:
            with suppress(ValueError):
                messages.put((rank, json.loads(line)))


# What killed workers leave behind


def _remove_remains(out: Path | None, folder: Path | None) -> None:
    """Remove the unfinished folder of a killed worker."""
    if out is not None:
        remove_abandoned(out.parent, out.name)
        remove_abandoned(out, out.name)
    else:
        for place in RUNS.glob(".*.partial"):
            remove_abandoned(place.parent, place.name.split(".")[1])
    if folder is not None:
        remove_abandoned(folder, folder.name)
