"""The supervisor of workers: it starts them, hears them, starts them again, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from ellayer import EllayerError
from ellayer.runs import supervisor
from ellayer.runs.supervisor import GroupOptions, train_in_processes

HEAD = """
import json, os, signal, sys, time
task = json.loads(sys.stdin.readline())
rank, count = task["rank"], os.path.join(os.environ["FOLDER"], f"starts-{task['rank']}")
with open(count, "a") as file:
    file.write("x")
starts = os.path.getsize(count)
def say(**message):
    print(json.dumps(message), flush=True)
def done():
    say(done={"path": "out", "summary": {"resume": task["resume"]}, "interrupted": False, "diverged": False, "alarms": 0})
"""


@pytest.fixture
def workers(tmp_path, monkeypatch):
    """Return a function that runs a script in place of each worker, and says which processes there were."""
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    numbers: list[int] = []

    def run(script: str, restarts: int = 2, **options):
        monkeypatch.setattr(supervisor, "COMMAND", [sys.executable, "-c", HEAD + script])
        texts: list[str] = []
        group = GroupOptions(2, restarts, on_restart=texts.append, on_start=numbers.extend)
        return train_in_processes({"source": "a.csv"}, group, **options), texts

    yield run
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)


def test_workers_are_started_again_from_the_last_checkpoint(workers, tmp_path):
    result, texts = workers(
        "if rank == 0: say(folder='runs/a-1'); say(progress=['network', 3, 9])\n"
        "if rank == 1 and starts == 1: time.sleep(0.3); os.kill(os.getpid(), signal.SIGKILL)\n"
        "time.sleep(0.1)\n"
        "done() if rank == 0 and starts == 2 else time.sleep(9)"
    )
    assert texts == ["process 1 was ended by SIGKILL; all start again from the last checkpoint (1 of 2)"]
    assert (result.path, result.summary, result.restarts) == (Path("out"), {"resume": "runs/a-1"}, 1)


def test_a_stuck_worker_is_the_fault_of_another_than_the_one_that_lost_it(workers):
    _, texts = workers(
        "if starts > 1: done() if rank == 0 else time.sleep(9)\n"
        "if rank == 0: sys.exit(76)\n"  # lost the connection
        "time.sleep(0.4); sys.exit(75)"
    )
    assert texts == [
        "process 1 has waited too long for another, which is stuck; all start again from the beginning (1 of 2)"
    ]


def test_too_many_failures(workers, tmp_path):
    script = "os.makedirs('x/.out.partial', exist_ok=True)\nif rank == 0: say(folder='runs/a-1')\ntime.sleep(0.2)\nos.abort()"
    with pytest.raises(EllayerError) as error:
        workers(script, restarts=1, out=Path("x/out"))
    assert str(error.value).startswith(
        "--processes: the workers have failed 2 times, the last time because process "
    )
    assert (
        "was ended by SIGABRT, as jax does without a sign of life of another; --resume runs/a-1 continues from the last checkpoint"
        in str(error.value)
    )
    assert not (tmp_path / "x").exists()


def test_an_error_ends_all_with_its_message(workers):
    with pytest.raises(EllayerError, match=r"^no such column$"):
        workers("time.sleep(9) if rank == 0 else say(error='no such column')")


def test_a_bug_is_no_reason_to_start_again(workers, tmp_path):
    with pytest.raises(RuntimeError, match="process 1: KeyError: 'x'"):
        workers("""time.sleep(9) if rank == 0 else say(fault="KeyError: 'x'")""")
    assert (tmp_path / "starts-1").read_text() == "x"  # process 0 may have ended before its own start


def test_a_port_that_another_program_has_just_taken(workers):
    result, texts = workers(
        "if starts == 1 and rank == 0: say(port='coordinator: expected a free port, received 5')\n"
        "done() if starts == 2 and rank == 0 else time.sleep(9)"
    )
    assert (result.restarts, texts) == (0, [])


def test_ctrl_c_reaches_the_first_worker(workers, tmp_path):
    over = threading.Event()

    def press() -> None:
        # Both have their handler: an earlier signal would end what is starting.
        while len([*tmp_path.glob("ready-*")]) < 2 and not over.is_set():
            time.sleep(0.05)
        while not over.is_set():
            os.kill(os.getpid(), signal.SIGINT)
            over.wait(10)  # one that comes in a callback of the garbage collector is lost

    threading.Thread(target=press, daemon=True).start()
    try:
        result, _ = workers(
            "signal.signal(signal.SIGINT, lambda *_: (done(), os._exit(0)))\n"
            "open(os.path.join(os.environ['FOLDER'], f'ready-{rank}'), 'w').close()\n"
            "while True: time.sleep(0.1)"
        )
    finally:
        over.set()
    assert result.path == Path("out")


@pytest.mark.parametrize("processes", [0, -1])
def test_there_is_at_least_one(processes):
    with pytest.raises(EllayerError, match="--processes: expected at least 1"):
        train_in_processes({"source": "a.csv"}, GroupOptions(processes))
