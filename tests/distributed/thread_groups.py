"""Groups whose processes are threads of the test: what is exchanged between chunks of updates, without jax."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

import numpy as np

from ellayer.engine.group import Group

T = TypeVar("T")
_own = threading.local()


class ThreadGroup(Group):
    """A group of which each process is a thread."""

    blocks: list[np.ndarray]
    barrier: threading.Barrier

    def _gather(self, block: np.ndarray) -> np.ndarray:
        """Return the bytes of each thread."""
        self.blocks[self.rank] = block
        self.barrier.wait(20)
        joined = np.stack(self.blocks)
        self.barrier.wait(20)
        return joined


def run_threads(work: Callable[[int], T], size: int) -> list[T]:
    """Run a function of the rank in each of some threads, which are a group, and return the results."""
    blocks, barrier = [np.empty(0)] * size, threading.Barrier(size)

    def start(rank: int) -> T:
        group = ThreadGroup(rank, size, (), lambda what: nullcontext())
        object.__setattr__(group, "blocks", blocks)
        object.__setattr__(group, "barrier", barrier)
        _own.group = group
        return work(rank)

    with ThreadPoolExecutor(size) as pool:
        return list(pool.map(start, range(size)))


@contextmanager
def group_of_thread(monkeypatch: Any, *modules: Any) -> Iterator[None]:
    """Let ``current_group`` of some modules return the group of the calling thread."""
    with monkeypatch.context() as patch:
        for module in modules:
            patch.setattr(module, "current_group", lambda: getattr(_own, "group", None))
        yield
