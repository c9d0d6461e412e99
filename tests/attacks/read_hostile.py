"""Read the files that are named, with little memory, and print what each is met with: run in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
import warnings

MEMORY = 4 << 30


def main() -> None:
    """Print one line of JSON for each file: its name, the type of the error, and the message."""
    import numpy  # noqa: F401
    import polars  # noqa: F401

    from ellayer.data import read_examples

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    for name in sys.argv[1:]:
        try:
            read_examples(name)
            outcome = ("read", "")
        except BaseException as error:
            outcome = (type(error).__name__, str(error))
        print(json.dumps([name, *outcome]), flush=True)


if __name__ == "__main__":
    main()
