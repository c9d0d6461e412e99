"""A process that the supervisor starts: it joins the group, trains, and reports its progress on its standard output.

Its task is one line of JSON on the standard input, which stays open as long as the supervisor lives: a worker whose
supervisor has ended ends itself.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from .._own_process import start_quickly
from .._progress_bars import Report
from .._unfinished import remove_all
from ..distributed import initialize
from ..distributed.meeting import PortInUseError
from ..engine.group import LostPeerError, current_group
from ..errors import EllayerError
from .checkpoints import CheckpointPlan

DONE, REFUSED, LOST, FAULT, ORPHAN, INTERRUPTED = 0, 2, 76, 3, 77, 130  # exit codes
_SAY = 0.2  # seconds between two reports of progress
_TRIM = 0.5  # seconds between two returns of free memory
_trains = threading.Event()  # set after the first updates


def say(message: dict[str, Any]) -> None:
    """Write a message to the supervisor, which is a line of JSON."""
    with open(1, "wb", closefd=False) as stream:
        stream.write(json.dumps(message).encode() + b"\n")


class Relay:
    """Progress that is shown by the supervisor: a ``StartProgress``."""

    def __call__(self, label: str, total: int) -> Callable[[Any], None]:
        """Return the function to report to."""
        last = 0.0

        def report(info: Report) -> None:
            nonlocal last
            _trains.set()
            if time.monotonic() - last >= _SAY or info.iteration >= info.total:
                last = time.monotonic()
                say({"progress": [label, int(info.iteration), int(info.total)]})

        return report


def _return_free_memory() -> None:
    """Return what is free to the system, every half second: it holds several of these processes at once.

    glibc and the allocator of polars keep what reading, preparing and compiling have taken, 100 MB, beside the rows.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    while trim is not None:
        time.sleep(_TRIM)
        trim(0)


def _watch_supervisor() -> None:
    """End the process when the supervisor has ended."""
    while os.read(0, 1024):
        pass
    leave(ORPHAN)


def leave(code: int) -> NoReturn:
    """End at once: jax would wait for the other processes."""
    remove_all()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def _interrupt(number: int, frame: object) -> None:
    """End training after this chunk of updates, in all processes, and keep what has been learned; end at once before the first.

    Before it, an exception would be lost in an import or wait for the rows to be read, and there is nothing to keep that the
    last checkpoint does not have.
    """
    if not _trains.is_set():
        leave(INTERRUPTED)
    group = current_group()
    if group is None:  # it has left the group, and evaluates
        raise KeyboardInterrupt
    group.interrupted.set()


def main() -> NoReturn:
    """Work at the task of the standard input."""
    with open(0, "rb", buffering=0, closefd=False) as stream:
        task = json.loads(stream.readline())
    start_quickly()
    os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:0,muzzy_decay_ms:0")  # read by polars
    for target in (_watch_supervisor, _return_free_memory):
        threading.Thread(target=target, daemon=True).start()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, _interrupt)
    sys.stdout = sys.stderr  # what a library prints is no message
    try:
        code = _work(task)
    except LostPeerError:
        code = LOST
    except PortInUseError as error:
        say({"port": str(error)})
        code = REFUSED
    except MemoryError:
        say({
            "error": f"--processes: expected memory for the rows of process {task['rank']}, received too little; train on more "
            "machines, or on fewer rows"
        })  # fmt: skip
        code = REFUSED
    except (EllayerError, OSError) as error:
        say({"error": str(error) or type(error).__name__})
        code = REFUSED
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BaseException as error:
        say({"fault": f"{type(error).__name__}: {error}\n{traceback.format_exc()}"})
        code = FAULT
    leave(code)


def _work(task: dict[str, Any]) -> int:
    initialize(
        f"127.0.0.1:{task['port']}", task["size"], task["rank"], form_limit=task["form_limit"], step_limit=task["step_limit"]
    )  # fmt: skip
    from .group_run import train_in_group

    out, resume = (None if task[name] is None else Path(task[name]) for name in ("out", "resume"))
    plan = CheckpointPlan(task["checkpoint_every"], lambda place: say({"folder": str(place)}))
    finished = train_in_group(task["settings"], out, resume=resume, start=Relay(), plan=plan)
    if finished is not None:
        alarms = sum(check.grade != "PASS" for check in finished.facts.checks)
        say({
            "done": {
                "path": str(finished.path), "summary": finished.summary, "interrupted": finished.run.interrupted,
                "diverged": finished.run.diverged, "alarms": alarms,
            }
        })  # fmt: skip
    return DONE


if __name__ == "__main__":
    main()
