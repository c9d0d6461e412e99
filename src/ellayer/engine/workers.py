"""Independent tasks on the workers of joblib: processes of this machine, or those of ``joblib.parallel_config``.

``parallel_config(backend="dask")`` or ``"ray"`` spreads the tasks over a cluster. A worker receives the data that all
tasks share once and keeps them; NumPy arrays are mapped into memory by joblib's processes, and scattered by Dask.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
import time
import uuid
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from .._warn import warn_user
from ..errors import EllayerError

if TYPE_CHECKING:
    from joblib import Parallel

Shared = TypeVar("Shared")
Result = TypeVar("Result")

MOST_KEPT = 2  # data of other processes that a worker keeps
PARENT_SECONDS = 0.5  # between two looks of a worker at whether its parent is alive
_HERE = uuid.uuid4().hex
_data: dict[str, object] = {}  # by key: of this process, and received from others
_received: list[str] = []  # the keys of those received, in their order


class _Data:
    """Data on their way to a worker. Dask scatters an argument by its size."""

    def __init__(self, value: object):
        self.value = value

    def __sizeof__(self) -> int:
        return 1 << 20


@dataclass(frozen=True)
class _Caller:
    """The process that waits for the results."""

    process: str
    pid: int

    def is_here(self) -> bool:
        """Return whether this process is the one that waits."""
        return (self.process, self.pid) == (_HERE, os.getpid())


@dataclass(frozen=True)
class _Outcome:
    """The end of a task: its result and warnings; ``lacks_data`` if the worker does not have the data yet."""

    number: int
    result: object = None
    warnings: tuple[tuple[str, type[Warning]], ...] = ()
    lacks_data: bool = False


def job_count(n_jobs: int | None) -> int:
    """Return how many tasks run at once, as joblib counts them: -1 is all cores, None is 1 or as configured.

    Examples
    --------
    >>> job_count(None), job_count(2)
    (1, 2)
    """
    if n_jobs in (None, 1) and "joblib" not in sys.modules:  # nothing can be configured
        return 1
    from joblib import effective_n_jobs

    return int(effective_n_jobs(n_jobs))


class Workers(Generic[Shared]):
    """The workers for some tasks that share data; a context.

    Parameters
    ----------
    n_jobs : int or None
        Tasks at once, as for ``joblib.Parallel``.
    shared : object
        The first argument of the function of each task.
    """

    def __init__(self, n_jobs: int | None, shared: Shared):
        self._n_jobs, self._shared = n_jobs, shared
        self._key, self._sent = uuid.uuid4().hex, False
        self._caller = _Caller(_HERE, os.getpid())
        self._outcomes: Iterator[_Outcome] = iter(())

    def __enter__(self) -> Workers[Shared]:
        from joblib import Parallel
        from joblib.parallel import get_active_backend

        self._lazy = bool(getattr(get_active_backend()[0], "supports_return_generator", False))
        _data[self._key] = self._shared
        self._context = ExitStack()
        self._context.callback(_data.pop, self._key, None)
        self._parallel: Parallel = self._context.enter_context(
            Parallel(self._n_jobs, batch_size=1, return_as="generator_unordered" if self._lazy else "list")
        )
        return self

    def __exit__(self, *error: object) -> None:
        self.cancel()
        self._context.close()

    def map(
        self,
        function: Callable[..., Result],
        arguments: Sequence[tuple[object, ...]],
        done: Callable[[int], object] | None = None,
        results: dict[int, Result] | None = None,
    ) -> list[Result]:
        """Return ``function(shared, *arguments)`` of each task, in the order of the tasks.

        Parameters
        ----------
        function : callable
        arguments : sequence of tuples
            One for each task.
        done : callable, optional
            Called with the number of tasks that have ended, when one ends.
        results : dict, optional
            Filled with the result of each task that ends, by its place; what has ended before an error is there.

        Raises
        ------
        EllayerError
            If a worker was killed. An error of a task is raised as it is.
        KeyboardInterrupt
            The workers have been stopped then.
        """
        return self.submit(function, arguments)(done, results)

    def submit(
        self, function: Callable[..., Result], arguments: Sequence[tuple[object, ...]]
    ) -> Callable[..., list[Result]]:
        """Begin the tasks, one set at a time, and return a function that waits for their results, as ``map`` does."""
        tasks = list(enumerate(arguments))
        self._outcomes = self._begin(function, tasks)

        def wait(
            done: Callable[[int], object] | None = None, results: dict[int, Result] | None = None
        ) -> list[Result]:
            results = {} if results is None else results
            while len(results) < len(arguments):
                for outcome in _name_lost_workers(self._outcomes):
                    if not outcome.lacks_data:
                        results[outcome.number] = cast(Result, outcome.result)
                        for message, category in outcome.warnings:
                            warn_user(message, category)
                        if done is not None:
                            done(len(results))
                self._sent = len(results) == len(arguments)
                missing = [task for task in tasks if task[0] not in results]
                self._outcomes = self._begin(function, missing) if missing else iter(())
            return [results[k] for k in range(len(arguments))]

        return wait

    def cancel(self) -> None:
        """End the tasks whose results nobody needs: wait for those that have begun, for joblib cannot stop them quietly."""
        begun, self._outcomes = self._outcomes, iter(())
        if self._lazy:
            with suppress(Exception):
                for _ in begun:
                    pass

    def _begin(
        self, function: Callable[..., object], tasks: Sequence[tuple[int, tuple[object, ...]]]
    ) -> Iterator[_Outcome]:
        """Send the tasks. Backends that return no generator do them when their results are needed."""
        from joblib import delayed

        data = None if self._sent else _Data(self._shared)
        call = delayed(partial(_work, self._caller, self._key))
        calls = [call(data, function, number, arguments) for number, arguments in tasks]
        return self._parallel(calls) if self._lazy else _when_needed(self._parallel, calls)


def _when_needed(parallel: Parallel, calls: Sequence[object]) -> Iterator[_Outcome]:
    yield from parallel(calls)


def _name_lost_workers(outcomes: Iterator[_Outcome]) -> Iterator[_Outcome]:
    """Yield the outcomes; raise a named error if a worker was killed."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield from outcomes
    except BrokenProcessPool as error:
        raise EllayerError(
            "n_jobs: expected workers that end their tasks, but one was killed, probably for lack of memory; try fewer at "
            "once, or n_jobs=1"
        ) from error


def _work(
    caller: _Caller, key: str, data: _Data | None, function: Callable[..., object], number: int, arguments: tuple[object, ...]
) -> _Outcome:  # fmt: skip
    """Run one task, in a worker."""
    if caller.is_here():  # a thread, or one task after another
        return _Outcome(number, function(_data[key], *arguments))
    if data is not None and key not in _data:
        _keep(key, data.value)
    if key not in _data:
        return _Outcome(number, lacks_data=True)
    with _as_worker(caller), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = function(_data[key], *arguments)
    return _Outcome(number, result, tuple((str(warning.message), warning.category) for warning in caught))


def _keep(key: str, value: object) -> None:
    """Keep received data, and remove the oldest others."""
    _data[key] = value
    _received.append(key)
    while len(_received) > MOST_KEPT:
        _data.pop(_received.pop(0), None)


@contextmanager
def _as_worker(caller: _Caller) -> Iterator[None]:
    """Leave Ctrl-C to the parent, end with it, and let XLA use as many threads as BLAS."""
    threads = os.environ.get("OMP_NUM_THREADS", "")  # set by joblib, Dask and Ray for their workers
    if threads.isdecimal():
        os.environ.setdefault("NPROC", threads)  # read by XLA when it starts
    if os.getppid() == caller.pid:
        _end_with_parent()
    with _ignored_interrupts():
        yield


def _ignored_interrupts() -> AbstractContextManager[object]:
    """Return a context in which Ctrl-C, which a terminal sends to all processes, does not end the task."""
    if threading.current_thread() is not threading.main_thread():
        return nullcontext()
    context = ExitStack()
    context.callback(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.SIG_IGN))
    return context


_watches = itertools.count()


def _end_with_parent() -> None:
    """Start the thread that ends this process when its parent has ended without a chance to end its workers."""
    if next(_watches):
        return
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(PARENT_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="ellayer-parent", daemon=True).start()
