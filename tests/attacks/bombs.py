"""A process of its own: read the files named on the command line within the memory it has and little more.

``bombs.py EXTRA_MB FILE...`` prints a line per file: "refused", "read" or the name of the exception.
"""

from __future__ import annotations

import resource
import sys
import time

from ellayer._own_process import start_quickly

start_quickly()
import numpy as np  # noqa: E402, F401
import safetensors.numpy  # noqa: E402, F401

import ellayer  # noqa: E402
import ellayer._sklearn_compat  # noqa: E402
import ellayer.tables.preparation  # noqa: E402
from ellayer.storage import ModelFileError  # noqa: E402


def main(extra_mb: str, *paths: str) -> None:
    """Read the files under a limit on the memory of the process."""
    with open("/proc/self/status") as status:
        used = next(int(line.split()[1]) for line in status if line.startswith("VmData"))
    limit = (used << 10) + (int(extra_mb) << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    for path in paths:
        begin = time.perf_counter()
        try:
            ellayer.load(path)
            outcome = "read"
        except ModelFileError:
            outcome = "refused"
        except BaseException as error:
            outcome = type(error).__name__
        print(outcome if time.perf_counter() - begin < 10 else f"{outcome}, slowly", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
