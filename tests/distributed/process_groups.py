"""Groups of real processes for the tests: scripts that run at once and end, whatever happens."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ellayer.distributed.meeting import free_port

ENGINE = Path(__file__).parents[1] / "engine"
HEAD = """
import json, os, sys
sys.path.insert(0, os.environ["ENGINE"])
from ellayer._own_process import start_quickly
start_quickly()
import jax, numpy as np
jax.config.update("jax_num_cpu_devices", int(os.environ["DEVICES"]))
import ellayer
from ellayer.distributed import initialize, shutdown
rank, size, port = (int(os.environ[name]) for name in ("TEST_RANK", "TEST_SIZE", "TEST_PORT"))
"""


class Ended(NamedTuple):
    """How a process has ended."""

    code: int
    output: str
    errors: str


def run_group(
    script: str, size: int, devices: int = 1, seconds: float = 120, **variables: str
) -> list[Ended]:
    """Run a script in each process of a group, and return how they ended."""
    return run_groups([(script, size, devices)], seconds, **variables)[0]


def run_groups(
    groups: Sequence[tuple[str, int, int]], seconds: float = 120, **variables: str
) -> list[list[Ended]]:
    """Run several groups (script, processes, devices of each) at once."""
    started = [
        [_start(script, rank, size, devices, port, variables) for rank in range(size)]
        for script, size, devices in groups
        for port in [free_port()]
    ]
    try:
        return [
            [
                Ended(process.wait(), *ends)
                for process, ends in ((p, p.communicate(timeout=seconds)) for p in group)
            ]
            for group in started
        ]
    finally:
        for process in (process for group in started for process in group):
            process.kill()
            process.wait()


def _start(
    script: str, rank: int, size: int, devices: int, port: int, variables: dict[str, str]
) -> subprocess.Popen[str]:
    environment = os.environ | {
        "TEST_RANK": str(rank), "TEST_SIZE": str(size), "TEST_PORT": str(port), "DEVICES": str(devices),
        "ENGINE": str(ENGINE), "JAX_PLATFORMS": "cpu", **variables,
    }  # fmt: skip
    command = [sys.executable, "-c", HEAD + script]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
