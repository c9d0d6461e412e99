"""Ctrl-C and the signals of batch systems: a command ends soon, without a traceback or unfinished files.

The first signal raises ``KeyboardInterrupt`` in the main thread. The second, or the first if the main thread is busy in
a library that does not let it in, ends the process at once. The exit code is 128 plus the signal: 130 for Ctrl-C.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

from .._unfinished import has_unfinished, remove_all

NAMES = ("SIGINT", "SIGTERM", "SIGHUP")  # as far as the system has them
PATIENCE = 1.25  # seconds for the main thread to take a signal
AGAIN = 0.05  # seconds after which a lost exception is raised once more


class Interrupts:
    """The signals that have reached a command."""

    def __init__(self) -> None:
        self.number: int | None = None
        self._raised = False  # in the main thread
        self._repeats = 0  # signals on their way that are the first once more
        self._end = 0.0  # until then the main thread should have taken the first
        self._over = False

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Raise ``KeyboardInterrupt`` for the first signal, after an import; end the process at the second.

        An import before anything is written is not waited for.
        """
        if self._over:
            return
        if self._raised:
            self.leave()
        self.number = number
        if _is_import(frame):  # where an exception is lost, or leaves half a library
            if not has_unfinished():
                self.leave()  # nothing is lost, and libraries take seconds to load on a busy machine
            self._repeat()
            return
        self._raised = True
        raise KeyboardInterrupt

    def watch(self, pipe: int) -> None:
        """Wait for signals in a thread; end the process if the main thread takes none, or if a second comes."""
        self.number = os.read(pipe, 1)[0]
        self._end = time.monotonic() + PATIENCE
        while not self._over:
            patience = None if self._raised else max(self._end - time.monotonic(), 0.0)
            has_signal = bool(select.select([pipe], [], [], patience)[0] and os.read(pipe, 1))
            if has_signal and self._repeats:
                self._repeats -= 1
            elif has_signal or (not self._raised and time.monotonic() >= self._end):
                self.leave()

    def _repeat(self) -> None:
        """Send the first signal once more, soon."""
        self._repeats += 1
        threading.Timer(AGAIN, _signal_main_thread, (self.number or signal.SIGINT,)).start()

    def leave(self, *, message: bool = True) -> None:
        """Remove what is unfinished and end the process at once: a library may be busy in another thread."""
        if self._over:
            return
        self._over = True
        remove_all()
        with contextlib.suppress(OSError):
            show_cursor = b"\x1b[?25h" if os.isatty(2) else b""  # a progress bar hides it
            os.write(2, show_cursor + (b"ellayer: interrupted\n" if message else b""))
        os._exit(128 + (self.number or signal.SIGINT))  # as shells and batch systems expect it

    def raise_again(self, lost: sys.UnraisableHookArgs) -> None:
        """Repeat a signal whose exception was lost in a callback of a library; a ``sys.unraisablehook``."""
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            sys.__unraisablehook__(lost)
        elif not self._over:
            self._raised, self._end = False, time.monotonic() + PATIENCE
            self._repeat()

    def ignore(self) -> None:
        """Ignore further signals: the command has ended, and they would interrupt Python while it exits."""
        self._over = True
        for name in NAMES:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == self.handle:
                signal.signal(number, signal.SIG_IGN)


def _signal_main_thread(number: int) -> None:
    """Send a signal to the main thread, which ends its waiting, as one to another thread does not."""
    if sys.platform == "win32":
        signal.raise_signal(number)
    else:
        signal.pthread_kill(threading.main_thread().ident or 0, number)


def _is_import(frame: FrameType | None) -> bool:
    """Return whether a module is being imported."""
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Handle the signals that end a command while it runs, and end the process with their exit code.

    A signal that the caller has set to be ignored, as nohup does, stays ignored.
    """
    interrupts = Interrupts()
    if os.name == "posix":
        read, write = os.pipe()
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        threading.Thread(target=interrupts.watch, args=(read,), daemon=True).start()
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, interrupts.handle)
    sys.unraisablehook = interrupts.raise_again
    try:
        yield
    except BaseException as end:
        code = end.code if isinstance(end, SystemExit) else None
        if interrupts.number is None or (isinstance(end, SystemExit) and not code):
            raise
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        interrupts.leave(message=code is None)
    finally:
        interrupts.ignore()
        remove_all()


def exit_at_once(end: SystemExit) -> NoReturn:
    """End the process with an exit code, without waiting for Python, which frees every object of jax and polars first.

    Parameters
    ----------
    end : SystemExit
        Raised if the streams cannot be written, so that Python reports it.
    """
    if isinstance(end.code, str):
        raise end
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        raise end from None
    os._exit(end.code or 0)
