"""The place of this process in its group: from arguments, or as Slurm, Open MPI or torchrun set it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Integral

from ..errors import EllayerError

LOCAL = "127.0.0.1"
_FIRST_PORT, _PORTS = 61440, 4096  # above those that Linux gives to programs, as jax chooses them for Slurm
_JOBS_BESIDE = 512  # with consecutive numbers, of which eight steps each have ports of their own


@dataclass(frozen=True)
class Place:
    """The place of a process in its group.

    Attributes
    ----------
    host : str
        The address of process 0.
    port : int
    size, rank : int
        The number of processes, and that of this one from 0.
    """

    host: str
    port: int
    size: int
    rank: int


def find_place(
    coordinator: str | None, num_processes: int | None, process_id: int | None, environment: Mapping[str, str]
) -> Place:
    """Return the place of this process.

    Parameters
    ----------
    coordinator : str or None
        "HOST:PORT" of process 0.
    num_processes, process_id : int or None
    environment : mapping
        The variables of the process, for what is None.

    Raises
    ------
    EllayerError
        If something is missing, or out of range.

    Examples
    --------
    >>> find_place(None, None, None, {"RANK": "1", "WORLD_SIZE": "2", "MASTER_ADDR": "node7", "MASTER_PORT": "29500"})
    Place(host='node7', port=29500, size=2, rank=1)
    >>> find_place(None, None, None, {})
    Place(host='127.0.0.1', port=0, size=1, rank=0)
    """
    address, size, rank = _of_launcher(environment)
    size = num_processes if num_processes is not None else size
    rank = process_id if process_id is not None else rank
    address = coordinator if coordinator is not None else address
    if address is None and (size is None or size == 1) and not rank:
        return Place(LOCAL, 0, 1, 0)
    if size is None or rank is None or address is None:
        absent = "num_processes" if size is None else "process_id" if rank is None else "coordinator"
        raise EllayerError(
            f"{absent}: expected a value, received none, and neither torchrun, Slurm nor Open MPI has set one; pass "
            'coordinator="HOST:PORT", num_processes and process_id in every process'
        )
    for name, number, low in (("num_processes", size, 1), ("process_id", rank, 0)):
        if isinstance(number, bool) or not isinstance(number, Integral) or number < low:
            raise EllayerError(
                f"{name}: expected an integer >= {low}, received {number!r}; a group of two has num_processes=2 and "
                "the process_id 0 and 1"
            )
    if rank >= size:
        raise EllayerError(
            f"process_id: expected a number from 0 to {size - 1} in a group of {size}, received {rank}; count from 0, or "
            "pass the right num_processes in every process"
        )
    return Place(*_split_address(address), int(size), int(rank))


def _split_address(address: str) -> tuple[str, int]:
    host, _, port = str(address).rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise EllayerError(
            f"coordinator: expected HOST:PORT of process 0, like node7:29500, received {address!r}; "
            "try 127.0.0.1:29500 for processes of one machine"
        )
    return host.strip("[]"), int(port)


def _of_launcher(environment: Mapping[str, str]) -> tuple[str | None, int | None, int | None]:
    """Return the coordinator, the number of processes and that of this one, as far as a launcher has set them."""
    for read in (_of_torchrun, _of_slurm, _of_open_mpi):
        try:
            place = read(environment)
        except (KeyError, ValueError, IndexError):
            continue
        if place is not None:
            return place
    return None, None, None


def _port_of(number: int) -> int:
    """Return the port that all processes of a job choose, from its number."""
    return _FIRST_PORT + number % _PORTS


def _of_torchrun(environment: Mapping[str, str]) -> tuple[str, int, int] | None:
    port = int(environment["MASTER_PORT"])
    if environment.get("TORCHELASTIC_USE_AGENT_STORE") == "True":  # torchrun itself listens at this port
        port = _port_of(port)
    return f"{environment['MASTER_ADDR']}:{port}", int(environment["WORLD_SIZE"]), int(environment["RANK"])


def _of_slurm(environment: Mapping[str, str]) -> tuple[str, int, int] | None:
    nodes = environment.get("SLURM_STEP_NODELIST") or environment["SLURM_JOB_NODELIST"]
    step = environment.get("SLURM_STEP_ID", "")
    # The steps of a job may run at once, and beside those of the next jobs on the node.
    port = _port_of(int(environment["SLURM_JOB_ID"]) + _JOBS_BESIDE * int(step if step.isdecimal() else 0))
    size, rank = int(environment["SLURM_NTASKS"]), int(environment["SLURM_PROCID"])
    return (f"{first_node(nodes)}:{port}", size, rank) if size > 1 else None


def first_node(nodes: str) -> str:
    """Return the first name of Slurm's list of nodes.

    Examples
    --------
    >>> first_node("gpu[07-09,12],cpu1"), first_node("cpu1,cpu2")
    ('gpu07', 'cpu1')
    """
    begin = re.split(r"[\[,]", nodes, maxsplit=1)[0]
    if not nodes[len(begin) :].startswith("["):
        return begin
    return begin + re.split(r"[-,\]]", nodes[len(begin) + 1 :], maxsplit=1)[0]


def _of_open_mpi(environment: Mapping[str, str]) -> tuple[str, int, int] | None:
    size, rank = int(environment["OMPI_COMM_WORLD_SIZE"]), int(environment["OMPI_COMM_WORLD_RANK"])
    text = environment.get("OMPI_MCA_orte_hnp_uri") or environment.get("PMIX_SERVER_URI2", "")
    launcher = re.search(r"tcp4?://\[?([^:;,\]]+)", text)
    alone = environment.get("OMPI_COMM_WORLD_LOCAL_SIZE") == str(size)
    if size == 1 or not (launcher or alone):
        return None
    job = re.sub(
        r"\D", "", environment.get("OMPI_MCA_ess_base_jobid", "") or environment.get("PMIX_NAMESPACE", "")
    )
    return f"{LOCAL if alone or not launcher else launcher[1]}:{_port_of(int(job or 0))}", size, rank
