"""The supervisor of workers: it starts them, hears them, starts them again, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from ellayer import EllayerError
from ellayer._progress_bars import StageInfo
from ellayer.runs import group_worker, supervisor
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


def press_ctrl_c(folder: Path, over: threading.Event) -> None:
    """Press Ctrl-C until it is over, from when all workers are ready on: an earlier signal would end what is starting."""
    while len([*folder.glob("ready-*")]) < 2 and not over.is_set():
        time.sleep(0.05)
    while not over.is_set():
        os.kill(os.getpid(), signal.SIGINT)
        over.wait(10)  # one that comes in a callback of the garbage collector is lost


@pytest.fixture
def ctrl_c(tmp_path):
    """Press Ctrl-C when all workers are ready."""
    over = threading.Event()
    threading.Thread(target=press_ctrl_c, args=(tmp_path, over), daemon=True).start()
    yield
    over.set()


READY = "open(os.path.join(os.environ['FOLDER'], f'ready-{rank}'), 'w').close()\n"


def test_ctrl_c_reaches_the_first_worker(workers, ctrl_c):
    result, _ = workers(
        f"signal.signal(signal.SIGINT, lambda *_: (done(), os._exit(0)))\n{READY}while True: time.sleep(0.1)"
    )
    assert result.path == Path("out")


@pytest.mark.parametrize(
    ("report", "text"), [("say(folder='runs/a-1')", "interrupted; --resume runs/a-1 continues"), ("", "")]
)
def test_ctrl_c_before_training_names_the_checkpoint(workers, ctrl_c, tmp_path, report, text):
    with pytest.raises(KeyboardInterrupt) as interrupt:
        workers(
            f"signal.signal(signal.SIGINT, lambda *_: os._exit(130))\n{report}\ntime.sleep(0.3)\n"
            f"os.makedirs('x/.out.partial', exist_ok=True)\n{READY}while True: time.sleep(0.1)",
            out=Path("x/out"),
        )
    assert str(interrupt.value) == text
    assert not (tmp_path / "x").exists()


def test_a_worker_that_does_not_train_yet_ends_at_once(monkeypatch):
    codes: list[int] = []
    group = SimpleNamespace(interrupted=threading.Event())
    monkeypatch.setattr(group_worker, "_trains", threading.Event())
    monkeypatch.setattr(group_worker, "say", lambda message: None)
    monkeypatch.setattr(group_worker, "current_group", lambda: group)

    def leave(code: int) -> None:
        codes.append(code)
        raise SystemExit

    monkeypatch.setattr(group_worker, "leave", leave)
    show = group_worker.Relay()("network", 9)
    with pytest.raises(SystemExit):
        group_worker._interrupt(signal.SIGINT, None)
    assert (codes, group.interrupted.is_set()) == ([130], False)
    show(StageInfo(1, 9, "updates"))
    group_worker._interrupt(signal.SIGINT, None)
    assert (codes, group.interrupted.is_set()) == ([130], True)
    monkeypatch.setattr(group_worker, "current_group", lambda: None)
    with pytest.raises(KeyboardInterrupt):  # while it evaluates
        group_worker._interrupt(signal.SIGINT, None)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc can be told to")
def test_a_worker_returns_free_memory():
    script = (
        "import threading, time\nfrom pathlib import Path\nfrom ellayer.runs import group_worker\n"
        "group_worker._TRIM = 0.05\n"
        "def used(): return int(Path('/proc/self/statm').read_text().split()[1]) * 4096\n"
        "blocks = [bytes(2000) for _ in range(50_000)]; last = bytes(2000); del blocks\n"
        "before = used(); threading.Thread(target=group_worker._return_free_memory, daemon=True).start()\n"
        "end = time.monotonic() + 10\n"
        "while used() > before - 50e6 and time.monotonic() < end: time.sleep(0.02)\n"
        "print(before - used() > 50e6)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.stdout == "True\n", ended.stderr


@pytest.mark.parametrize("processes", [0, -1])
def test_there_is_at_least_one(processes):
    with pytest.raises(EllayerError, match="--processes: expected at least 1"):
        train_in_processes({"source": "a.csv"}, GroupOptions(processes))
