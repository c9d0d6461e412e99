"""Kill, interrupt and starve commands at random moments, and read hostile files: nothing may be lost or half-written.

    python benchmarks/storm.py kill --count 200 --minutes 7 --record storm.json    # a part; again for the next one
    python benchmarks/storm.py interrupt --count 200 --record storm.json
    python benchmarks/storm.py full-disk --count 50 --record storm.json
    python benchmarks/storm.py hostile --count 5000 --record storm.json
    python benchmarks/storm.py fuzz --minutes 5 --record storm.json                # pip install atheris

Each round starts ``train``, ``sweep`` or ``predict`` in a folder with a model and predictions of before, and lets SIGKILL,
SIGINT, SIGTERM or SIGHUP reach it at a random moment, or limits the size of what it may write. Then every file must
be whole: what was there before, or what the command writes. After a signal but SIGKILL nothing unfinished may be left;
what SIGKILL leaves, the next run must remove. Most rounds start from a process that has imported the libraries, so that
signals fall into the work and not only into the imports; the time begins when the command handles signals.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import storm_files

COMMANDS = {
    "train": ("train", "rows.csv", "-t", "k", "--epochs", "30", "--layers", "6", "--quiet", "--out", "new"),
    "numbered": ("train", "rows.csv", "-t", "k", "--epochs", "30", "--layers", "6", "--quiet"),
    "notes": ("train", "flower", "--iterations", "3000", "--quiet", "--out", "new"),
    "sweep": ("sweep", "rows.csv", "-t", "k", "--epochs", "5", "--layers", "4", "--quiet", "--out", "new"),
    "predict": ("predict", "model.ellayer", "rows.csv", "--out", "predictions.csv", "--force", "--quiet"),
}  # fmt: skip
RESUMED = ("train", "--resume", "new", "--quiet")
SIGNALS = ("SIGINT", "SIGINT", "SIGINT", "SIGTERM", "SIGHUP")
SECONDS = 2.0  # for a command to end after a signal
WHOLE = 60.0  # seconds that a command may take at most
FROM_IMPORTS = 0.2  # share of rounds that start a new interpreter
INTERRUPTED_FILES = {"model.ellayer", "config.toml", "run.json"}


@dataclass
class Round:
    """One command that is stopped: which, how, and when, as a share of the time that it takes."""

    command: str
    kind: str
    moment: float
    fresh: bool  # a new interpreter


class Storm:
    """A folder to work in, and the seconds and bytes of every command that is let alone."""

    def __init__(self, place: Path):
        import_everything()
        self.place = place
        self.sample = place / "sample"
        self.seconds: dict[tuple[str, bool], float] = {}
        self.sample.mkdir()
        rows = "".join(f"{i * 7919 % 1000},{i % 13},{'xy'[i * i % 7 > 3]}\n" for i in range(300))
        (self.sample / "rows.csv").write_text("a,b,k\n" + rows)
        train = ("train", "rows.csv", "-t", "k", "--epochs", "2", "--layers", "4", "--quiet", "--out", "old")
        assert self._start(train, self.sample, False).wait() == 0
        shutil.move(self.sample / "old" / "model.ellayer", self.sample / "model.ellayer")
        shutil.rmtree(self.sample / "old")
        assert self._start(COMMANDS["predict"], self.sample, False).wait() == 0
        self.bytes = (self.sample / "predictions.csv").read_bytes()

    def work(self) -> Path:
        """Return a new folder with the files of before; the predictions of before are others than the command's."""
        work = Path(tempfile.mkdtemp(dir=self.place))
        shutil.copytree(self.sample, work, dirs_exist_ok=True)
        (work / "predictions.csv").write_text("of before\n")
        return work

    def duration(self, command: str, fresh: bool) -> float:
        """Return the seconds that a command takes."""
        if (command, fresh) not in self.seconds:
            work, begin = self.work(), time.monotonic()
            process = self._start(COMMANDS[command], work, fresh)
            assert process.wait() == 0, command
            self.seconds[command, fresh] = time.monotonic() - begin
            shutil.rmtree(work)
        return self.seconds[command, fresh]

    def run(self, one: Round) -> list[str]:
        """Run one round; return what is wrong."""
        duration, work = self.duration(one.command, one.fresh), self.work()
        limit = int(one.moment * one.moment * 400_000) if one.kind == "full-disk" else None
        process = self._start(COMMANDS[one.command], work, one.fresh, limit)
        wrong: list[str] = []
        if limit is None:
            process.wait_until_it_handles_signals()
            time.sleep(one.moment * duration)
            process.send(getattr(signal, one.kind))
        begin = time.monotonic()
        code = process.wait()
        seconds, errors = time.monotonic() - begin, process.errors()
        if "Traceback" in errors or (code == 3):
            wrong.append(f"traceback: {errors[-600:]}")
        if limit is None and one.kind != "SIGKILL":
            expected = {0, 128 + getattr(signal, one.kind)}
            wrong += [] if code in expected else [f"exit code {code}: {errors[-300:]}"]
            wrong += [] if seconds <= SECONDS else [f"slow: {seconds:.2f} s"]
        if one.kind == "SIGKILL":
            wrong += self.next_run(one, work)
        wrong += self.half_written(work)
        shutil.rmtree(work)
        return wrong

    def next_run(self, one: Round, work: Path) -> list[str]:
        """Run the command again after SIGKILL, or resume; it must succeed and clean up."""
        if not [*work.glob("**/*.partial")] and not (work / "new").exists():
            return []
        wrong = self.half_written(work, partial=True)
        command = RESUMED if (work / "new" / "checkpoint.ellayer").exists() else COMMANDS[one.command]
        if (work / "new" / "run.json").exists():  # it was complete
            command = COMMANDS["predict"]
        elif (work / "new").exists() and command is not RESUMED:
            assert not [*(work / "new").glob("model.ellayer")]
            shutil.rmtree(work / "new")
        process = self._start(command, work, False)
        code = process.wait()
        return wrong + ([] if code == 0 else [f"the next run ended with {code}: {process.errors()[-300:]}"])

    def half_written(self, work: Path, partial: bool = False) -> list[str]:
        """Return what is lost or half-written in a folder."""
        from ellayer.storage import load_checkpoint
        from ellayer.storage.model_file import load_with_provenance

        wrong = []
        if not partial:
            wrong = [f"left: {path.relative_to(work)}" for path in work.glob("**/*.partial")]
        for name in ("rows.csv", "model.ellayer"):
            if (work / name).read_bytes() != (self.sample / name).read_bytes():
                wrong.append(f"changed: {name}")
        if (work / "predictions.csv").read_bytes() not in (b"of before\n", self.bytes):
            wrong.append("changed: predictions.csv")
        for run in {path.parent for path in work.glob("**/run.json")}:
            if ".partial" in str(run):
                continue
            json.loads((run / "run.json").read_text())
            load_with_provenance(run / "model.ellayer")
            if missing := INTERRUPTED_FILES - {path.name for path in run.iterdir()}:
                wrong.append(f"half-written: {run.name} lacks {missing}")
        for path in work.glob("*/**/checkpoint.ellayer"):
            load_checkpoint(path)
        return wrong

    def _start(self, command: tuple[str, ...], work: Path, fresh: bool, limit: int | None = None) -> Process:
        return Process(command, work, fresh, limit)


class Process:
    """A command in a process of its own, forked from this one unless it shall import everything anew."""

    def __init__(self, command: tuple[str, ...], work: Path, fresh: bool, limit: int | None):
        self._errors = work / "errors"
        if fresh:
            code = f"import sys; from ellayer.cli import main; sys.argv[1:] = {list(command)!r}; sys.exit(main())"
            self._new = subprocess.Popen(
                [sys.executable, "-c", code], cwd=work, stdout=subprocess.DEVNULL, stderr=self._errors.open("w"),
                preexec_fn=lambda: _limit(limit),
            )  # fmt: skip
            self.pid = self._new.pid
            return
        self.pid = os.fork()
        if self.pid == 0:
            _be(command, work, self._errors, limit)

    def wait_until_it_handles_signals(self) -> None:
        """Wait until SIGTERM is caught: before, the interpreter itself is starting."""
        with contextlib.suppress(OSError):
            while True:
                status = Path(f"/proc/{self.pid}/status").read_text()
                caught = int(status.split("SigCgt:")[1].split()[0], 16)
                if caught >> (signal.SIGTERM - 1) & 1 or "State:\tZ" in status:
                    return
                time.sleep(0.001)

    def send(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Return the exit code, negative for a signal; a process that hangs is killed."""
        end = time.monotonic() + WHOLE
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                return -99
            time.sleep(0.005)

    def errors(self) -> str:
        """Return what it wrote to standard error, and remove the file."""
        text = self._errors.read_text(errors="replace")
        self._errors.unlink()
        return text


def _limit(size: int | None) -> None:
    """Let no file grow beyond a size, as on a full disk."""
    if size is not None:
        sys.dont_write_bytecode = True  # Python would keep the first part of a compiled module
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def _be(command: tuple[str, ...], work: Path, errors: Path, limit: int | None) -> None:
    """Become a command."""
    code = 70
    atexit._clear()  # else the end of this process would remove the folder of the storm
    try:
        os.chdir(work)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
        _limit(limit)
        sys.argv[1:] = command
        from ellayer.cli import main

        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def import_everything() -> None:
    """Import what the commands need; nothing that starts threads is used before a fork."""
    import jax  # noqa: F401
    import sklearn.ensemble  # noqa: F401

    import ellayer.cli.app
    import ellayer.cli.display
    import ellayer.estimators
    import ellayer.runs.prediction_table
    import ellayer.runs.report_files
    import ellayer.runs.sweep
    import ellayer.runs.table_trainer  # noqa: F401


def storm(kind: str, seed: int, number: int, only: str | None) -> Round:
    """Return a round, the same for a seed and number."""
    rng = random.Random(f"{kind} {seed} {number}")
    signals = {"kill": ("SIGKILL",), "interrupt": SIGNALS, "full-disk": ("full-disk",)}[kind]
    return Round(
        only or rng.choice([*COMMANDS]), rng.choice(signals), rng.random(), rng.random() < FROM_IMPORTS
    )


def repeat(rounds: Storm, options: argparse.Namespace, kind: str, record: dict[str, Any]) -> None:
    """Do the rounds that are left, for at most so many minutes, and record how many were done and what was wrong."""
    end = time.monotonic() + 60 * options.minutes
    record.setdefault("done", 0)
    record.setdefault("wrong", {})
    while record["done"] < options.count and time.monotonic() < end:
        if wrong := rounds.run(storm(kind, options.seed, record["done"], options.only)):
            record["wrong"][str(record["done"])] = wrong
            print(record["done"], *wrong, flush=True)
        record["done"] += 1


def main(arguments: list[str] | None = None) -> int:
    """Run a storm; the exit code is 1 if anything was wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="+", choices=["kill", "interrupt", "full-disk", "hostile", "fuzz"])
    parser.add_argument("--count", type=int, default=10**9)
    parser.add_argument("--minutes", type=float, default=7.0, help="for each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--record", type=Path)
    parser.add_argument("--only", choices=[*COMMANDS], help="a command to stop, in place of all")
    options = parser.parse_args(arguments)
    records = json.loads(options.record.read_text()) if options.record and options.record.exists() else {}
    rounds = None
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        for kind in options.kinds:
            record = records.setdefault(f"{kind} {options.seed}", {})
            if kind in ("hostile", "fuzz"):
                run = storm_files.hostile if kind == "hostile" else storm_files.fuzz
                run(Path(folder), options.count, options.minutes, options.seed, record)
            else:
                rounds = rounds or Storm(Path(folder))
                repeat(rounds, options, kind, record)
            wrong = Counter(text.split(":")[0] for several in record["wrong"].values() for text in several)
            print(
                f"{kind}: {record['done']} done, wrong: {dict(wrong) or 'nothing'}",
                record.get("outcomes", ""),
            )
    if options.record:
        options.record.write_text(json.dumps(records, indent=1))
    return int(any(record["wrong"] for record in records.values()))


if __name__ == "__main__":
    sys.exit(main())
