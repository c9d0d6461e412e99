"""One contender at one workload, in this process alone: run by ``run.py``.

Prints a line of JSON: the first call's seconds, the second's, those from the process's beginning to
the end of the first call, what of it was compiling (by the wall clock), the costs it kept, and the
final cost by ``workloads.final_cost``.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import workloads
from contenders import CONTENDERS
from workloads import Outcome, Work

PATIENCE = 8.0  # a first call that takes longer stands for the second too


def contend(work: Work, contender: str) -> Outcome:
    """Do the work."""
    module, settings = CONTENDERS[contender]
    return getattr(importlib.import_module(f"contenders.{module}"), work.spec.kind)(work, **settings)


def measure(folder: Path, contender: str, spawned: float, clock: str) -> dict:
    """Do the work twice, and report.

    The clock is "wall", or "cpu": the seconds that the process had a processor, which others on the
    machine hardly lengthen where it has one thread. Of a contender that does one k-th of the updates, the other parts
    are taken to last as long as the second call, which neither imports nor compiles.
    """
    now = time.process_time if clock == "cpu" else time.time
    work = workloads.load(folder)
    k = workloads.share_of(contender, work.spec)
    work = replace(work, spec=replace(work.spec, iterations=work.spec.iterations // k))
    begin = now()
    outcome = contend(work, contender)
    ended = now()
    first = second = ended - begin
    if first < PATIENCE or k > 1:
        begin = now()
        contend(work, contender)
        second = now() - begin
    others = (k - 1) * second
    return {
        "first": first + others,
        "second": second + others,
        "fresh": (ended if clock == "cpu" else ended - spawned) + others,
        "updates": work.spec.steps,
        "compiling": outcome.compile_seconds,
        "engine": outcome.engine,
        "costs": outcome.costs,
        "final_cost": workloads.final_cost(work, outcome.parameters),
    }


if __name__ == "__main__":
    folder, contender, spawned, clock = sys.argv[1:]
    print(json.dumps(measure(Path(folder), contender, float(spawned), clock)))
