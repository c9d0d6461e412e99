"""Runs of some tests in forks of this process, which has imported the libraries."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from mutation import ROOT

FAULT = 70  # exit status of a fork that could not run the tests


class Watch:
    """A plugin of pytest that adds up the seconds of each test, of those that passed in the end.

    With ``limits``, the tests in their order with the seconds allowed to each, it runs these alone, notes the last one in
    a file, and ends the process at one that takes longer.
    """

    def __init__(self, limits: dict[str, float] | None = None, note: Path | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self.others: set[str] = set()
        self.limits, self.note = limits, note

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the tests that are not among the limits; one that is gone is an error."""
        if self.limits is not None:
            by_name = {item.nodeid: item for item in items}
            if missing := self.limits.keys() - by_name.keys():
                raise pytest.UsageError(f"{sorted(missing)[0]}: this test is gone")
            items[:] = [by_name[test] for test in self.limits]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Begin a test."""
        if self.limits is not None and self.note is not None:
            self.note.write_text(nodeid)
            signal.setitimer(signal.ITIMER_REAL, self.limits[nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add a phase of a test."""
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self.others.add(report.nodeid)

    def passed(self) -> dict[str, float]:
        """Return the seconds of the tests that passed."""
        return {test: seconds for test, seconds in self.seconds.items() if test not in self.others}


def in_fork(source: Path, work: Callable[[], int], timeout: float) -> int | None:
    """Return what ``work`` returns in a fork that imports Ellayer from ``source``, None after ``timeout`` seconds."""
    child = os.fork()
    if child == 0:
        code = FAULT  # an exception here must not unwind the parent's contexts
        try:
            errors, silence = os.dup(2), os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1), os.dup2(silence, 2)
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            os.chdir(ROOT)
            os.environ |= {"PYTHONPATH": str(source), "MPLBACKEND": "Agg", "PYTHONDONTWRITEBYTECODE": "1"}
            sys.path[:0] = [str(source)]
            code = work()
        except BaseException:
            os.write(errors, traceback.format_exc().encode())
        finally:
            os._exit(code)
    end = time.monotonic() + timeout
    status = None
    try:
        while time.monotonic() < end and status is None:
            done, ended = os.waitpid(child, os.WNOHANG)
            status = ended if done else None
            time.sleep(0.0 if done else 0.02)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # and the processes that its tests left behind
    if status is None:
        os.waitpid(child, 0)
        return None
    return os.waitstatus_to_exitcode(status)


def run_tests(source: Path, files: list[str], *options: str, plugin: Watch) -> int:
    """Return pytest's exit status of some test files in this process, with a cache of compiled programs for all runs."""
    cache = source.parent / "cache"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(cache / "hypothesis")
    return int(pytest.main(["-q", "-n", "0", "-o", f"cache_dir={cache}", *options, *files], plugins=[plugin]))


def run_examples(file: str) -> int:
    """Return the number of examples in the docstrings of a source file that fail."""
    module = importlib.import_module(".".join(Path(file).relative_to("src").with_suffix("").parts))
    return doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS).failed
