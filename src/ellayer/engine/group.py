"""The group of processes that train together: the values they exchange between two chunks of updates.

Every process runs the same program on its own rows. What a process decides, it decides from values that all have:
``exchange`` gives the value of each process to all, ``agree`` that of process 0. The updates themselves are in
``sharded_loop``.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np

from ..errors import EllayerError

if TYPE_CHECKING:
    import jax

    from .devices import Device

T = TypeVar("T")
_HEADER = 8  # bytes of the length before a message
_SHORT = 1016  # bytes of a message that is sent at once
_LARGE = 1 << 20  # bytes of a message that is sent without padding
_BLOCK = 1 << 26  # bytes of rows of each process that ``take`` looks through at once
_BROKEN = ("Gloo", "NCCL", "UNAVAILABLE", "DEADLINE", "coordination service")  # in errors about a connection

Waiting = Callable[[str], AbstractContextManager[object]]


class LostPeerError(EllayerError):
    """Another process of the group has ended, or cannot be reached any more."""


@dataclass(frozen=True)
class Group:
    """Processes that train one network together, each on its own rows.

    Parameters
    ----------
    rank, size : int
        The number of this process, from 0, and the number of processes.
    devices : tuple of jax devices
        Of all processes, in their order; each process has as many.
    waiting : callable
        ``waiting(what)`` returns a context in which the process waits for others, with a limit of time.
    """

    rank: int
    size: int
    devices: tuple[Device, ...]
    waiting: Waiting
    interrupted: threading.Event = field(default_factory=threading.Event)

    @property
    def shards(self) -> int:
        """The number of devices of all processes, each with its share of the rows."""
        return len(self.devices)

    @property
    def local_shards(self) -> int:
        """The number of devices of one process."""
        return len(self.devices) // self.size

    @property
    def local_devices(self) -> tuple[Device, ...]:
        """The devices of this process."""
        first = self.rank * self.local_shards
        return self.devices[first : first + self.local_shards]

    @cached_property
    def mesh(self) -> jax.sharding.Mesh:
        """All devices, along the axis "m" of the examples."""
        import jax

        return jax.sharding.Mesh(np.array(self.devices), ("m",))

    # Messages

    def exchange(self, value: T) -> list[T]:
        """Return the value of each process, in their order; values are plain data as in JSON."""
        data = json.dumps(value).encode()
        head = len(data).to_bytes(_HEADER, "little") + data[:_SHORT]
        blocks = self._gather(np.frombuffer(head.ljust(_HEADER + _SHORT, b" "), np.uint8))
        lengths = [int.from_bytes(block[:_HEADER].tobytes(), "little") for block in blocks]
        texts = [block[_HEADER:].tobytes() for block in blocks]
        if (longest := max(lengths)) > _SHORT:
            blocks = self._gather(np.frombuffer(data.ljust(_padded_size(longest), b" "), np.uint8))
            texts = [block.tobytes() for block in blocks]
        return [json.loads(text[:length]) for text, length in zip(texts, lengths, strict=True)]

    def agree(self, make: Callable[[], T]) -> T:
        """Return the value that process 0 makes; an error of it is raised in all."""
        answer: list[object] = []
        own: Exception | None = None
        if self.rank == 0:
            try:
                answer = [make()]
            except LostPeerError:
                raise
            except Exception as error:  # of any class: the user's metrics raise their own
                own, answer = error, _describe(error)
        answer = self.exchange(answer)[0]
        if own is not None:
            raise own
        if len(answer) > 1:
            raise _error_of(answer)
        return cast(T, answer[0])

    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Return the rows of all processes, those of process 0 first; of one dtype and width, in any number."""
        parts = self._gather_parts(np.ascontiguousarray(rows).reshape(-1).view(np.uint8))
        return np.concatenate([part.view(rows.dtype).reshape(-1, *rows.shape[1:]) for part in parts])

    def gather_bytes(self, data: bytes) -> list[memoryview]:
        """Return the bytes of each process."""
        return [part.data for part in self._gather_parts(np.frombuffer(data, np.uint8))]

    def _gather_parts(self, data: np.ndarray) -> list[np.ndarray]:
        """Return the bytes of each process, in any number."""
        counts = self.exchange(len(data))
        if self.size > 1 and len(data) < (size := _padded_size(max(counts))):
            data = np.pad(data, (0, size - len(data)))
        return [part[:count] for part, count in zip(self._gather(data), counts, strict=True)]

    def offset(self, count: int) -> int:
        """Return the sum of ``count`` over the processes before this one."""
        return sum(self.exchange(int(count))[: self.rank])

    def share(self, count: int) -> slice:
        """Return the part of ``count`` rows that counts as this process's own: that of its devices, as one process splits them."""
        size, rest = divmod(count, self.shards)
        ends = [k * self.local_shards for k in (self.rank, self.rank + 1)]
        return slice(*(end * size + min(end, rest) for end in ends))

    def take(self, rows: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Return some of the rows of all processes, each process its own choice, by their numbers in the order of the processes."""
        counts = np.array(self.exchange(len(rows)))
        firsts = np.append(0, np.cumsum(counts)[:-1])
        chosen = np.empty((len(numbers), *rows.shape[1:]), rows.dtype)
        height = max(1, _BLOCK // (rows.itemsize * math.prod(rows.shape[1:]) or 1))  # the same in all
        for begin in range(0, int(counts.max(initial=0)), height):
            part = self.gather(rows[begin : begin + height])
            ends = np.clip(counts, begin, begin + height)
            held_numbers = np.concatenate(
                [first + np.arange(begin, end) for first, end in zip(firsts, ends, strict=True)]
            )
            at = np.minimum(np.searchsorted(held_numbers, numbers), len(held_numbers) - 1)
            is_present = held_numbers[at] == numbers
            chosen[is_present] = part[at[is_present]]
        return chosen

    @contextmanager
    def together(self) -> Iterator[None]:
        """Raise an error of one process in all of them, which would wait for it otherwise."""
        own: Exception | None = None
        try:
            yield
        except LostPeerError:
            raise
        except Exception as error:  # of any class: scikit-learn's too, and bugs
            own = error
        errors = self.exchange(None if own is None else _describe(own))
        if own is not None:
            raise own
        for number, description in enumerate(errors):
            if description is not None:
                raise _error_of(description, f"process {number}: ")

    def check_equal(self, facts: dict[str, str], advice: str) -> None:
        """Raise an error that names the first fact that differs between the processes."""
        of_all = self.exchange(facts)
        for number, others in enumerate(of_all):
            for name, value in of_all[0].items():
                if others.get(name) != value:
                    raise EllayerError(
                        f"{name}: expected the same in every process of the group, received {value} in process 0 and "
                        f"{others.get(name)} in process {number}; {advice}"
                    )

    def check_same_start(self, arrays: Sequence[np.ndarray]) -> None:
        """Raise an error if the numbers that processes start from are not the same."""
        digest = hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()
        self.check_equal({"state": digest}, "start every process with the same parameters or state")

    def _gather(self, block: np.ndarray) -> np.ndarray:
        """Return the bytes of each process, (size, n), of which each has equally many."""
        if self.size == 1:
            return block[None]
        import jax

        first, split, share = self._sharing
        with self.waiting("a message"), lost_peers():
            placed = [jax.device_put(block[None], first)]
            own = jax.make_array_from_single_device_arrays((self.size, len(block)), split, placed)
            return np.asarray(share(own))

    @cached_property
    def _sharing(self) -> tuple[jax.Device, jax.sharding.NamedSharding, Callable[[jax.Array], jax.Array]]:
        """The device for a message of this process, the sharding of the messages of all, and the function that shares them.

        Computed once: a new compiled function would look for its program again with each message.
        """
        import jax

        from .device_placement import partition

        firsts = [self.devices[k * self.local_shards] for k in range(self.size)]
        mesh = jax.sharding.Mesh(np.array(firsts), ("process",))
        split, whole = (jax.sharding.NamedSharding(mesh, partition(*axes)) for axes in (("process",), ()))
        return firsts[self.rank], split, jax.jit(_identity, out_shardings=whole)


def _describe(error: Exception) -> list[object]:
    """Return the kind and the text of an error, for the other processes."""
    if isinstance(error, (EllayerError, OSError, MemoryError)):
        return ["input", str(error) or type(error).__name__]
    if isinstance(error, ValueError):  # as scikit-learn and the user's functions raise
        return ["value", str(error)]
    return ["fault", f"{type(error).__name__}: {error}"]


def _error_of(description: Sequence[object], place: str = "") -> Exception:
    """Return an error for what another process has described: only one of the input is an ``EllayerError``."""
    kind, text = description
    kinds = {"input": EllayerError, "value": ValueError, "fault": RuntimeError}
    return kinds[str(kind)](f"{place}{text}")


def _padded_size(size: int) -> int:
    """Return the bytes of a message of some size: short ones have few sizes, for each is compiled."""
    return size if size > _LARGE else max(_HEADER + _SHORT, 1 << size.bit_length())


def _identity(block: T) -> T:
    return block


@contextmanager
def lost_peers() -> Iterator[None]:
    """Turn the error of a broken connection into one of ours."""
    import jax

    try:
        yield
    except (jax.errors.JaxRuntimeError, ValueError) as error:  # jaxlib raises either
        if not any(word in str(error) for word in _BROKEN):
            raise
        raise LostPeerError(
            f"the group of processes: expected an answer of every process, received {str(error).splitlines()[0]}; "
            "start all processes again, from the last checkpoint if there is one"
        ) from error


_current: list[Group] = []


def current_group() -> Group | None:
    """Return the group of this process, None if it trains alone."""
    return _current[-1] if _current else None


def set_group(group: Group | None) -> None:
    """Set the group of this process."""
    _current[:] = [] if group is None else [group]


def shared_settings(facts: Sequence[tuple[str, object]]) -> dict[str, str]:
    """Return values as short texts, to compare between processes."""
    return {name: repr(value)[:200] for name, value in facts}
