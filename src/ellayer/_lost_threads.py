"""Libraries that lost their threads in a fork: their calls would wait for them for ever.

A fork copies the memory of a process and one of its threads. jax and polars start theirs once, when they are first used; a
process that was forked after that takes them for running.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection

_FORKED_ONLY = 0x40  # PF_FORKNOEXEC of Linux's sched.h: forked, and no program was started since
_used: set[str] = set()  # in this process, before its last fork
_lost: set[str] = set()


def lacks_threads(library: str) -> bool:
    """Return whether this process was forked from one that had used a library, "jax" or "polars"."""
    return library in _lost


def check_threads(library: str, argument: str, remedy: str = "") -> None:
    """Raise if this process was forked from one that had used a library.

    Parameters
    ----------
    library : {"jax", "polars"}
    argument : str
        The name at the beginning of the message.
    remedy : str
        What else to try.

    Raises
    ------
    EllayerError
    """
    if lacks_threads(library):
        from .errors import EllayerError

        raise EllayerError(
            f"{argument}: expected a process in which {library} can compute, but this one was forked from one that had used "
            f"{library}, and would wait for ever; use joblib, or multiprocessing's 'spawn' or 'forkserver'{remedy}"
        )


def _backends_of_jax() -> Collection[str]:
    """Return the platforms that jax has begun to use in this process."""
    return getattr(sys.modules.get("jax._src.xla_bridge"), "_backends", None) or ()


def _thread_names() -> list[str]:
    """Return the names of this process's threads; none where there is no ``/proc``."""
    try:
        tasks = os.listdir("/proc/self/task")
    except OSError:
        return []
    return [_read(f"/proc/self/task/{task}/comm") for task in tasks]


def _read(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:  # has ended meanwhile, or this is not Linux
        return ""


def _note_use() -> None:
    """Note before a fork what this process has used: in the child the threads are gone, and here others may begin."""
    if _backends_of_jax():
        _used.add("jax")
    # polars starts polars-0 and so on at its first computation that needs them, other threads when imported; it cannot be asked.
    if "polars" in sys.modules and "polars" not in _used and "polars-0\n" in _thread_names():
        _used.add("polars")


def _note_loss() -> None:
    """Note in a forked process what its parent had used."""
    _lost.update(_used)


def _note_earlier_fork() -> None:
    """Note that jax was used before the fork where Ellayer is imported only after it.

    Only the threads of jax's CPU platform have a known name.
    """
    fields = _read("/proc/self/stat").rpartition(")")[2].split()
    if "cpu" not in _backends_of_jax() or not fields or not int(fields[6]) & _FORKED_ONLY:
        return
    if not any(name.startswith("tf_XLA") for name in _thread_names()):
        _lost.add("jax")


def note_forks() -> None:
    """Note from now on in every forked process what has lost its threads, and in this one, as far as it can be known."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_note_use, after_in_child=_note_loss)
        _note_earlier_fork()
