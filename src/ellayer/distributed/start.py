"""Form the group of processes, and leave it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from numbers import Real
from typing import cast

from ..engine.group import Group, current_group, set_group
from ..errors import EllayerError
from .cluster import Place, find_place
from .meeting import meet, own_address
from .watch import Watch

FORM_LIMIT, STEP_LIMIT = 300.0, 600.0  # seconds
_HEARTBEAT = 100  # seconds without a heartbeat after which jax considers a process dead


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    *,
    form_limit: float = FORM_LIMIT,
    step_limit: float = STEP_LIMIT,
) -> Group:
    """Form the group of processes that train together; call it in each, before jax is used.

    Then ``train``, ``train_many`` and the estimators take the rows of their own process, with the same other arguments
    in all, and return the same result in all. Without arguments the place in the group is the one that torchrun
    (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT), Slurm or Open MPI have set; without any of them the group is this
    process alone, with all devices that jax has.

    Parameters
    ----------
    coordinator : str, optional
        "HOST:PORT" of process 0, which listens there and nowhere else; 127.0.0.1 for processes of one machine.
    num_processes, process_id : int, optional
        The number of processes, and that of this one, from 0.
    form_limit : float
        Seconds to wait for all processes.
    step_limit : float
        Seconds that a process waits for the others afterwards. Then it ends with exit code 75: nothing else
        can end the waiting for a process that is stuck. Reading rows counts, if others wait for them.

    Returns
    -------
    Group
        With ``rank`` and ``size``.

    Raises
    ------
    EllayerError
        If the group exists already, jax has been used before, the port is taken, the address does not resolve, a
        process does not come, or versions differ between processes.

    Examples
    --------
    >>> import ellayer
    >>> group = initialize()
    >>> group.rank, group.size
    (0, 1)
    >>> shutdown()
    """
    if current_group() is not None:
        raise EllayerError(
            "initialize: expected to be called once, received a second call; call shutdown() before it"
        )
    for name, limit in (("form_limit", form_limit), ("step_limit", step_limit)):
        if not isinstance(limit, Real) or not 0 < limit < float("inf"):
            raise EllayerError(
                f"{name}: expected seconds above 0, received {limit!r}; try {name}=600, or omit it"
            )
    place = find_place(coordinator, num_processes, process_id, os.environ)
    if place.size > 1:
        _connect(place, form_limit, step_limit)
    import jax

    group = Group(place.rank, place.size, tuple(jax.devices()), Watch(place.rank, step_limit).waiting)
    with without_output():  # gloo writes a line when it connects
        group.check_equal(
            {"devices": str(len(jax.local_devices()))}, "give every process equally many devices"
        )
    set_group(group)
    return group


def shutdown() -> None:
    """Leave the group, after all processes have arrived here; what follows is of this process alone."""
    group = current_group()
    set_group(None)
    if group is not None and group.size > 1:
        import jax

        with group.waiting("the end"):
            cast(Callable[[], None], jax.distributed.shutdown)()  # jax has no types for it


def _connect(place: Place, form_limit: float, step_limit: float) -> None:
    import jax

    if "jax._src.xla_bridge" in sys.modules and jax._src.xla_bridge.backends_are_initialized():
        raise EllayerError(
            "initialize: expected to be called before jax is used in a process, received a process that has used it; call "
            "it first"
        )
    meet(place, form_limit)
    address = f"[{place.host}]:{place.port}" if ":" in place.host else f"{place.host}:{place.port}"
    try:
        jax.distributed.initialize(
            address, place.size, place.rank, initialization_timeout=max(1, round(form_limit)),
            coordinator_bind_address=address, heartbeat_timeout_seconds=max(10, min(_HEARTBEAT, round(step_limit))),
            shutdown_timeout_seconds=max(1, min(_HEARTBEAT, round(step_limit))), cluster_detection_method="deactivate",
        )  # fmt: skip
    except RuntimeError as error:
        raise EllayerError(
            f"coordinator: expected to form a group of {place.size} processes at {address}, received "
            f"{str(error).splitlines()[0]}; try another port"
        ) from None
    with contextlib.suppress(ImportError, AttributeError, TypeError):  # not of jax's public interface
        _listen_at(own_address(place))


def _listen_at(address: str) -> None:
    """Let gloo listen at one address; by default it takes that of the host's name, which others may reach or not."""
    from jax._src import distributed, xla_bridge
    from jaxlib import _jax

    collectives = _jax.make_gloo_tcp_collectives(
        distributed_client=distributed.global_state.client, hostname=address
    )
    make = partial(xla_bridge.make_cpu_client, collectives=collectives)
    xla_bridge.register_backend_factory("cpu", make, priority=0, fail_quietly=False)


@contextlib.contextmanager
def without_output() -> Iterator[None]:
    """Discard what C++ writes to the standard output and the standard error stream."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    before = os.dup(1), os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        yield
    finally:
        for number, descriptor in enumerate(before, start=1):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.close(nowhere)
