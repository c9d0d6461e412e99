"""Hostile files by the thousand, and a target for a fuzzer; part of ``storm.py``.

The generators are those of ``tests/attacks``. Every file is read and used in a process whose memory is limited, with a
limit of time for each; an outcome that is neither "refused" nor "used" is a failure.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType, FunctionType
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(ROOT / "tests" / "attacks"), str(ROOT / "tests")]

import hostile as model_files  # noqa: E402
import hostile_files as data_files  # noqa: E402
from sample_files import samples  # noqa: E402

from table_files import WRITERS  # noqa: E402

BATCH = 1000  # files in one process
SECONDS = 10  # for one file
EXTRA_MEMORY = 1 << 30  # beside what the process has taken before it reads the first file
MODEL_SHARE = 0.7  # of the files; the others are data files
GOOD = ("refused", "used")

Use = Callable[[], object]


class Files:
    """Hostile files by their number: the same for a seed."""

    def __init__(self, folder: Path, seed: int, models: dict[str, model_files.Sample] | None = None):
        self.folder, self.seed = folder, seed
        self.samples = samples(folder) if models is None else models
        self.texts: dict[str, bytes] = {}
        for name in data_files.DAMAGED:
            WRITERS[name](data_files.FRAME, folder / name)
            self.texts[name] = (folder / name).read_bytes()

    def make(self, number: int) -> tuple[str, Use]:
        """Write a file; return what it is and a function that reads and uses it."""
        rng = random.Random(f"{self.seed} {number}")
        if rng.random() < MODEL_SHARE:
            return self._model(rng)
        name = rng.choice([*self.texts])
        path = self.folder / f"changed-{name}"
        path.write_bytes(_changed(self.texts[name], rng))
        return f"changed {name}", lambda: _read_table(path)

    def of_bytes(self, data: bytes) -> tuple[str, Use]:
        """Write the file that some bytes of a fuzzer stand for, as ``make`` does."""
        names, data = [*self.texts], data or b"\0"
        which = data[0] % (len(names) + 2)
        if which > len(names):
            return self._model(random.Random(data[1:]))
        path = self.folder / (f"changed-{names[which]}" if which < len(names) else "m.ellayer")
        path.write_bytes(data[1:])
        if which < len(names):
            return f"bytes of {path.name}", lambda: _read_table(path)
        return "bytes of a model", lambda: self.samples["network"].load(path)

    def _model(self, rng: random.Random) -> tuple[str, Use]:
        kind = rng.choice([*self.samples])
        sample, path = self.samples[kind], self.folder / "m.ellayer"
        if rng.random() < 0.2:
            sample.parts.write(path)
            path.write_bytes(_changed(path.read_bytes(), rng))
            change = "bytes"
        else:
            change, parts = _changed_parts(sample.parts, rng)
            parts.write(path)
        return f"{kind}: {change}", lambda: sample.use(sample.load(path))


def _changed_parts(parts: model_files.Parts, rng: random.Random) -> tuple[str, model_files.Parts]:
    """Change an array, or one to three places of the description."""
    if parts.arrays and rng.random() < 0.25:
        return rng.choice([*model_files.changed_arrays(parts)])
    tree, changes = parts.content, []
    for _ in range(rng.choice([1, 1, 2, 3])):
        places = [*model_files.places(tree)]
        if not places:
            break
        place = rng.choice(places)
        if rng.random() < 0.1:
            tree = model_files.removed(tree, place)
            changes.append(f"without {place}")
            continue
        texts = dict(model_files.nested_texts(tree))
        if place in texts:
            inner = rng.choice([*model_files.places(texts[place])])
            value: Any = json.dumps(model_files.replaced(texts[place], inner, rng.choice(model_files.LEAVES)))
        else:
            value = rng.choice(model_files.LEAVES)
        tree = model_files.replaced(tree, place, value)
        changes.append(f"{place} = {value!r}"[:200])
    return "; ".join(changes), model_files.Parts(parts.kind, tree, parts.arrays)


def _changed(content: bytes, rng: random.Random) -> bytes:
    """Change some bytes, or cut, repeat or insert a piece."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 4, 40])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    begin, end = sorted((rng.randrange(len(changed)), rng.randrange(len(changed))))
    how = rng.random()
    if how < 0.15:
        return bytes(changed[:begin])
    if how < 0.25:
        return bytes(changed[:begin] + changed[end:])
    if how < 0.35:
        return bytes(changed[:end] + changed[begin:])
    return bytes(changed)


def _read_table(path: Path) -> None:
    from ellayer.data import read_examples

    read_examples(path)


def outcome(use: Use) -> str:
    """Return "used", "refused" or what was wrong."""
    from ellayer.errors import EllayerError

    begin = time.monotonic()
    signal.signal(signal.SIGALRM, _too_slow)
    signal.alarm(SECONDS)
    try:
        use()
        result = "used"
    except EllayerError:
        result = "refused"
    except TimeoutError:
        result = "hang"
    except MemoryError:
        result = "memory"
    except BaseException as error:
        result = f"traceback: {type(error).__name__}: {error}"[:300]
    finally:
        signal.alarm(0)
    return result if time.monotonic() - begin < SECONDS else "hang"


def _too_slow(number: int, frame: FrameType | None) -> None:
    raise TimeoutError


def _batch(folder: Path, seed: int, numbers: range, answers: Connection) -> None:
    """Read the files of a batch in this process, whose memory is limited, and send each outcome."""
    import numpy as np

    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # where Rust reports panics that we catch
    files = Files(folder, seed)
    outcome(files.make(numbers[0])[1])
    with open("/proc/self/status") as status:
        used = next(int(line.split()[1]) for line in status if line.startswith("VmData")) << 10
    resource.setrlimit(resource.RLIMIT_DATA, (used + EXTRA_MEMORY,) * 2)
    for number in numbers:
        change, use = files.make(number)
        answers.send((number, change, ""))
        answers.send((number, change, outcome(use)))


def _outcomes(folder: Path, seed: int, numbers: range) -> Iterator[tuple[int, str, str]]:
    """Yield the outcome of each file; one that ends the process is an outcome too."""
    context = multiprocessing.get_context("spawn")  # polars may not be used after a fork
    while numbers:
        receive, send = context.Pipe(duplex=False)
        work = Path(tempfile.mkdtemp(dir=folder))
        child = context.Process(target=_batch, args=(work, seed, numbers, send))
        child.start()
        send.close()
        number, change, result = numbers[0], "", ""
        with contextlib.suppress(EOFError):
            while receive.poll(SECONDS * 6):
                number, change, result = receive.recv()
                if result:
                    yield number, change, result
            child.kill()  # a hang
        child.join()
        shutil.rmtree(work)
        if not result:
            yield number, change, "hang" if child.exitcode == -9 else f"ended with {child.exitcode}"
        numbers = range(number + 1, numbers.stop)


def hostile(folder: Path, count: int, minutes: float, seed: int, record: dict[str, Any]) -> None:
    """Read so many hostile files, for at most so many minutes; the record has how many and what was wrong."""
    end = time.monotonic() + 60 * minutes
    outcomes = Counter(record.get("outcomes", {}))
    record.setdefault("wrong", {})
    record.setdefault("done", 0)
    while record["done"] < count and time.monotonic() < end:
        numbers = range(record["done"], min(record["done"] + BATCH, count))
        for number, change, result in _outcomes(folder, seed, numbers):
            outcomes[result.split(":")[0]] += 1
            if result not in GOOD:
                record["wrong"][str(number)] = [result, change]
                print(number, result, change, flush=True)
        record["done"] = numbers.stop
    record["outcomes"] = dict(outcomes)


def fuzz(folder: Path, count: int, minutes: float, seed: int, record: dict[str, Any]) -> None:
    """Let atheris change files, guided by the lines of Ellayer that they reach, for so many minutes.

    The first byte chooses between the bytes of a table, of a model file, and changes of a description that is signed anew.
    """
    child = multiprocessing.get_context("spawn").Process(target=_fuzz, args=(folder, count, minutes, seed))
    child.start()  # atheris ends its process
    child.join()
    record |= json.loads((folder / "fuzzed.json").read_text())
    if child.exitcode:
        record["wrong"]["process"] = [f"the process ended with {child.exitcode}"]


def _fuzz(folder: Path, count: int, minutes: float, seed: int) -> None:
    import atheris

    files, corpus = Files(folder, seed), folder / "corpus"
    corpus.mkdir()
    for k, text in enumerate(files.texts.values()):
        (corpus / f"{k}").write_bytes(bytes([k]) + text)
        outcome(files.make(k)[1])  # imports what is imported late
    for function in _functions(
        ("ellayer.data", "ellayer.storage", "ellayer.engine.stored", "ellayer._forms")
    ):
        atheris.instrument_func(function)
    warnings.simplefilter("ignore")
    outcomes: Counter[str] = Counter()
    record: dict[str, Any] = {"done": 0, "wrong": {}, "outcomes": outcomes}
    end = time.monotonic() + 60 * minutes

    def one(data: bytes) -> None:
        change, use = files.of_bytes(data)
        result = outcome(use)
        record["done"] += 1
        outcomes[result.split(":")[0]] += 1
        if result not in GOOD:
            record["wrong"][str(record["done"])] = [result, change, data[:2000].hex()]
            print(result, change, flush=True)
        if (
            record["done"] % 100 == 0
            or result not in GOOD
            or record["done"] == count
            or time.monotonic() > end
        ):
            (folder / "fuzzed.json").write_text(json.dumps(record))

    options = [
        f"-max_total_time={round(60 * minutes)}",
        f"-runs={min(count, 2**31 - 1)}",
        f"-seed={seed + 1}",
    ]
    atheris.Setup(
        [sys.argv[0], *options, "-max_len=20000", "-timeout=60", "-rss_limit_mb=4096", str(corpus)], one
    )
    atheris.Fuzz()


def _functions(modules: tuple[str, ...]) -> Iterator[FunctionType]:
    """Yield the functions and methods of the modules that are imported."""
    for name, module in [*sys.modules.items()]:
        if name.startswith(modules):
            for value in [*vars(module).values()]:
                members = vars(value).values() if isinstance(value, type) else (value,)
                yield from (f for f in members if isinstance(f, FunctionType) and f.__module__ == name)
