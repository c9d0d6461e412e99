"""Before the group is formed: the processes meet at process 0, so that one that does not come has a message.

jax ends a process that waits in vain without an exception. Here every process sends its number and versions to process
0, which answers all of them once they are complete, or with the reason why they cannot be.
"""

from __future__ import annotations

import contextlib
import errno
import json
import platform
import socket
import time
from importlib.metadata import version

from ..errors import EllayerError
from .cluster import LOCAL, Place

_LINE = 8192  # bytes of a message
_RETRY = 0.1  # seconds
_HELLO = 5.0  # seconds in which a process that connects has to identify itself


class PortInUseError(EllayerError):
    """Error for a port that another program uses."""


def meet(place: Place, limit: float) -> None:
    """Wait for all processes of the group.

    Parameters
    ----------
    place : Place
    limit : float
        Seconds.

    Raises
    ------
    EllayerError
        If the port is taken, the address does not resolve, a process does not come, or versions differ.
    """
    _resolve(place)
    hello = {"rank": place.rank, "size": place.size, "versions": versions()}
    end = time.monotonic() + limit
    if place.rank:
        _visit(place, hello, limit, end)
    else:
        _receive(place, hello, limit, end)


def versions() -> dict[str, str]:
    """Return the versions that have to be the same in every process."""
    names = ("jax", "jaxlib", "numpy", "ellayer")
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        **{name: version(name) for name in names},
    }


def free_port() -> int:
    """Return a port of this machine that is free now."""
    with socket.socket() as probe:
        probe.bind((LOCAL, 0))
        return int(probe.getsockname()[1])


def own_address(place: Place) -> str:
    """Return the address at which the others reach this process: that of the way to process 0."""
    family, address = _resolve(place)
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(address)  # sends nothing
            return str(probe.getsockname()[0])
        except OSError:
            return LOCAL


def _resolve(place: Place) -> tuple[socket.AddressFamily, tuple[str, int]]:
    try:
        found_at = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise EllayerError(
            f"coordinator: expected the address of process 0, received {place.host!r}, which does not resolve "
            f"({error.strerror or error}); try its number, like 10.0.0.7:{place.port}"
        ) from None
    return found_at[0], (str(found_at[4][0]), place.port)


def _receive(place: Place, own: dict[str, object], limit: float, end: float) -> None:
    """Wait for the others as process 0, and answer them."""
    family, address = _resolve(place)
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket(family))
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            server.bind(address)
        except OSError as error:
            raise _refusal(place, error) from None
        server.listen(place.size)
        present: dict[int, socket.socket] = {}
        problem = ""
        while not problem and len(present) < place.size - 1:
            seconds = end - time.monotonic()
            if seconds <= 0:
                absent = [str(k) for k in range(1, place.size) if k not in present]
                problem = (
                    f"expected {place.size} processes within {limit:g} seconds, but process {', '.join(absent)} did not come to "
                    f"{place.host}:{place.port}; start all of them, or allow more time with form_limit"
                )
                break
            server.settimeout(seconds)
            with contextlib.suppress(TimeoutError):
                guest = stack.enter_context(server.accept()[0])
                if (hello := _read(guest, _HELLO)) is not None:
                    problem = _difference(own, hello, present)
                    present[int(str(hello.get("rank")))] = guest
        for guest in present.values():
            with contextlib.suppress(OSError):
                guest.sendall(json.dumps({"problem": problem}).encode() + b"\n")
    if problem:
        raise EllayerError(f"the group of processes: {problem}")


def _refusal(place: Place, error: OSError) -> EllayerError:
    if error.errno == errno.EADDRINUSE:
        return PortInUseError(
            f"coordinator: expected a free port, received {place.port} of {place.host}, which another program uses; choose "
            "another port in every process"
        )
    return EllayerError(
        f"coordinator: expected an address of the machine of process 0, received {place.host}:{place.port} "
        f"({error.strerror}); name one of its addresses in every process"
    )


def _difference(own: dict[str, object], hello: dict[str, object], present: dict[int, socket.socket]) -> str:
    """Return why a process does not fit into the group; "" if it does."""
    rank = hello.get("rank")
    if hello.get("size") != own["size"]:
        return (
            f"expected groups of one size, received {own['size']} processes in process 0 and {hello.get('size')} in process {rank}; "
            "pass the same num_processes in every process"
        )
    if not isinstance(rank, int) or rank in present or not 0 < rank < int(str(own["size"])):
        return f"expected one process of each number, received a second process {rank}; give every process a process_id of its own"
    mine, its = own["versions"], hello.get("versions")
    assert isinstance(mine, dict)
    if isinstance(its, dict):
        for name, number in mine.items():
            if its.get(name) != number:
                return (
                    f"expected the same versions in every process, received {name} {number} in process 0 and {its.get(name)} in "
                    f"process {rank}; install the same"
                )
    return ""


def _visit(place: Place, hello: dict[str, object], limit: float, end: float) -> None:
    """Say hello to process 0 and wait for its answer."""
    family, address = _resolve(place)
    while time.monotonic() < end:
        with socket.socket(family) as visitor:
            visitor.settimeout(max(end - time.monotonic(), _RETRY))
            try:
                visitor.connect(address)
                visitor.sendall(json.dumps(hello).encode() + b"\n")
            except OSError:  # it is not there yet
                time.sleep(_RETRY)
                continue
            # process 0 waits for the others equally long, and then sends its answer
            answer = _read(visitor, max(end - time.monotonic(), 0.0) + _HELLO)
        if answer is None:
            time.sleep(_RETRY)
            continue
        if answer.get("problem"):
            raise EllayerError(f"the group of processes: {answer['problem']}")
        return
    raise EllayerError(
        f"the group of processes: expected process 0 at {place.host}:{place.port} within {limit:g} seconds, received no "
        "answer; start it, or allow more time with form_limit"
    )


def _read(peer: socket.socket, seconds: float) -> dict[str, object] | None:
    """Return the message of a line; None if there is none in time."""
    peer.settimeout(max(seconds, _RETRY))
    data = b""
    try:
        while not data.endswith(b"\n") and len(data) < _LINE:
            piece = peer.recv(_LINE)
            if not piece:
                return None
            data += piece
        message = json.loads(data)
    except (OSError, ValueError):
        return None
    return message if isinstance(message, dict) else None
