"""The benchmarks: the same work in Ellayer and its peers, in one run, as ratios.

    python benchmarks/run.py                         everything
    python benchmarks/run.py cats flower             these workloads
    python benchmarks/run.py mnist --contenders ellayer torch --repeat 5 --out results.md
    python benchmarks/run.py --smoke                 ratios with wide limits, half a minute

Every contender of every workload runs in a fresh process of its own, in turn with the others, and
the medians are reported. Besides the workloads there are "estimators", "scaling", "memory",
"steps", "accuracy" and "busy" (see README.md).
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import accuracy
import busy
import estimators
import record
import scaling
import smoke
import workloads
from contenders import CONTENDERS, available
from goals import GOALS, auto_rows

HERE = Path(__file__).resolve().parent
SLOW = 4.0  # seconds: a contender that takes longer runs once or twice, and the table says how often
OTHERS = {
    "estimators": estimators.rows,
    "scaling": scaling.rows,
    "memory": scaling.memory_rows,
    "steps": scaling.step_rows,
    "accuracy": accuracy.rows,
    "busy": busy.rows,
}


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for and print the tables."""
    options = _options(arguments)
    if options.smoke:
        rows = smoke.rows()
        print(markdown(rows))
        return 0 if all(row["reached"] for row in rows) else 1
    header = _header(options)
    print("\n".join(header), flush=True)
    results: list[dict] = []
    goals: list[dict] = []
    seconds: dict[str, float] = {}
    others = record.Others()
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.workloads or [*workloads.SPECS, *OTHERS]:
            begin = time.perf_counter()
            if name in OTHERS:
                rows = OTHERS[name](options.data, options.repeat, options.clock)
                print(markdown(rows), flush=True)
                goals += rows
            else:
                results += _workload(name, options, Path(scratch))
            seconds[name] = time.perf_counter() - begin
    header += _duration(seconds, others.share(), options.clock)
    measured = {(row["workload"], row["contender"], column): row[column]
                for row in results for column in ("fresh", "second")}  # fmt: skip
    ratios = [row for goal in GOALS if (row := goal.row(measured))] + auto_rows(measured)
    goals = ratios + goals
    print(f"\n### Goals\n\n{markdown(goals)}")
    if options.store:
        _compare_with_last(options, header, results, goals)
    print("\n" + "\n".join(header[1:]))
    if options.out:
        _write(options.out, header, results, goals)
    return 0 if all(row["agrees"] != "no" for row in results) else 1


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help=f"of {', '.join([*workloads.SPECS, *OTHERS])}; all where none",
    )
    parser.add_argument("--contenders", nargs="+", choices=CONTENDERS, help="only these")
    parser.add_argument("--repeat", type=int, default=3, help="processes per contender (default 3)")
    parser.add_argument(
        "--repeat-slow", type=int, default=1, help=f"for those that take more than {SLOW:g} s"
    )
    parser.add_argument("--data", type=Path, default=HERE.parents[1] / "shared" / "data",
                        help="folder with cats/ and mnist/")  # fmt: skip
    parser.add_argument("--cores", type=int, help="pin each process to so many cores (Linux, taskset)")
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall",
                        help="cpu: seconds on a processor, for a machine that others use; with --cores 1")  # fmt: skip
    parser.add_argument("--smoke", action="store_true",
                        help="only ratios with wide limits, by the processor's clock; exit code 1 beyond one of them")  # fmt: skip
    parser.add_argument("--store", type=Path, metavar="FOLDER",
                        help="keep the results there, and list what changed since the last ones of this machine")  # fmt: skip
    parser.add_argument("--out", type=Path, help="also write here: .md or .json")
    options = parser.parse_args(arguments)
    unknown = set(options.workloads) - {*workloads.SPECS, *OTHERS}
    if unknown:
        parser.error(
            f"unknown workload {', '.join(sorted(unknown))}; there are {', '.join([*workloads.SPECS, *OTHERS])}"
        )
    if options.out and options.out.suffix not in (".md", ".json"):
        parser.error(f"--out: expected a name that ends in .md or .json, received {options.out}")
    if options.repeat < 1 or options.repeat_slow < 1:
        parser.error("--repeat and --repeat-slow: expected 1 or more")
    return options


def _header(options: argparse.Namespace) -> list[str]:
    packages = ("ellayer", "numpy", "jax", "scikit-learn", "torch")
    versions = [f"{name} {_version(name)}" for name in packages]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    warning = record.warning_of(record.busy_share())
    return [
        f"{f'Pinned to {options.cores} of the cores, ' if options.cores else ''}{options.clock} clock. "
        f"{date.today()}, {record.processor()}, {os.cpu_count()} cores, load {load:.1f} at the start; "
        f"Python {platform.python_version()}, {', '.join(versions)}.",
        *([warning] if warning and options.clock == "wall" else []),
    ]


def _duration(seconds: dict[str, float], share: float | None, clock: str) -> list[str]:
    """Return how long each part took, with a warning if other programs ran meanwhile."""
    parts = ", ".join(f"{name} {part:.0f}" for name, part in seconds.items())
    total = sum(seconds.values())
    warning = record.warning_of(share or 0.0) if clock == "wall" else ""
    meanwhile = "" if share is None else f" Other programs used {share:.0%} of the cores meanwhile."
    return [
        f"Took {total / 60:.1f} minutes (seconds: {parts}).{meanwhile}",
        *([warning] if warning else []),
    ]


def _compare_with_last(
    options: argparse.Namespace, header: list[str], results: list[dict], goals: list[dict]
) -> None:
    """Print what changed since the last stored numbers under these conditions, and store these."""
    conditions = {
        "processor": record.processor(),
        "cores": options.cores or os.cpu_count(),
        "clock": options.clock,
    }
    changes, compared = record.changes(record.last(options.store, conditions), results, goals)
    if compared:
        print(
            f"\n### Since the last time\n\n{compared} numbers compared, {len(changes)} changed by "
            f"{record.CHANGE:g} times or more.\n\n{markdown(changes)}"
        )
    print(f"\nstored: {record.store(options.store, conditions, header, results, goals)}")


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _workload(name: str, options: argparse.Namespace, scratch: Path) -> list[dict]:
    """Run a workload and print its table; return its rows, none without its data."""
    try:
        rows = _compare(name, options, scratch)
    except workloads.DataMissingError as missing:
        print(f"\n{name}: skipped, {missing}", flush=True)
        return []
    print(f"\n### {name}: {workloads.SPECS[name].about}\n\n{markdown(_readable(rows))}", flush=True)
    return rows


def _compare(name: str, options: argparse.Namespace, scratch: Path) -> list[dict]:
    """Run the contenders of a workload in turn; return a row each."""
    spec = workloads.SPECS[name]
    folder = scratch / name
    work = workloads.make(spec, options.data)
    workloads.save(work, folder)
    names = [
        c for c in spec.contenders if available(c) and (not options.contenders or c in options.contenders)
    ]
    runs: dict[str, list[dict]] = {contender: [] for contender in names}
    for turn in range(max(options.repeat, options.repeat_slow)):
        for contender in names:
            slow = bool(runs[contender]) and runs[contender][0]["first"] > SLOW
            if turn < (options.repeat_slow if slow else options.repeat):
                print(f"  {name}: {contender}, {turn + 1}", file=sys.stderr, flush=True)
                runs[contender].append(run_child(folder, contender, scratch, options))
    return [_row(spec, contender, runs) for contender in names]


def run_child(folder: Path, contender: str, scratch: Path, options: argparse.Namespace) -> dict:
    """Run one contender in a fresh process, with nothing compiled at hand unless it is the cached one."""
    environment = dict(os.environ)
    if options.cores:
        environment |= dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(options.cores)
        )
    if contender == "ellayer-cached":
        cache = scratch / f"cache-{folder.name}"
        environment["ELLAYER_CACHE"] = str(cache)
        if not cache.exists():
            _child(folder, contender, environment, options)
    else:
        environment["ELLAYER_CACHE"] = tempfile.mkdtemp(dir=scratch)
    return _child(folder, contender, environment, options)


def _child(folder: Path, contender: str, environment: dict[str, str], options: argparse.Namespace) -> dict:
    command = [
        sys.executable,
        str(HERE / "child.py"),
        str(folder),
        contender,
        str(time.time()),
        options.clock,
    ]
    if options.cores:
        command = ["taskset", "-c", f"0-{options.cores - 1}", *command]
    outcome = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if outcome.returncode:
        raise RuntimeError(f"{contender} failed at {folder.name}:\n{outcome.stderr}")
    return json.loads(outcome.stdout.splitlines()[-1])


def _row(spec: workloads.Spec, contender: str, runs: dict[str, list[dict]]) -> dict:
    own = runs[contender]
    references = [
        runs[name][0] for name in ("notes", "torch", "ellayer-one-by-one", "ellayer") if name in runs
    ]
    references = references[:1] + [run for run in references[1:] if run["updates"] == own[0]["updates"]][:1]
    fields = {
        column: statistics.median(run[column] for run in own) for column in ("fresh", "compiling", "second")
    }
    return {
        "workload": spec.name,
        "contender": contender,
        **fields,
        "per_epoch": fields["second"] / spec.epochs if spec.epochs else None,
        "spread": max(run["second"] for run in own) / min(run["second"] for run in own),
        "runs": len(own),
        "engine": own[0]["engine"],
        "final_cost": own[0]["final_cost"],
        "updates": own[0]["updates"],
        "of": spec.steps,
        "agrees": agreement(own[0], references, spec.tolerance),
        "against": statistics.median(run["second"] for run in runs["ellayer"]) if "ellayer" in runs else None,
    }


def agreement(run: dict, references: list[dict], tolerance: float) -> str:
    """Tell whether a run reached the final cost of each reference, and how far apart the cost table of the first is.

    If one of the two did fewer updates, the last cost is compared that both have in their tables.
    """
    if run["final_cost"] is None:
        return ""
    word = "yes"
    for number, reference in enumerate(references):
        costs = list(zip(run["costs"] or [], reference["costs"] or [], strict=False))
        a, b = run["final_cost"], reference["final_cost"]
        if run["updates"] != reference["updates"]:
            a, b = costs[-1]
        if not abs(a - b) <= tolerance * abs(b):
            return f"no: {abs(a - b) / abs(b):.1e} apart"
        if costs and not number:
            word += f" (table within {max(abs(a - b) for a, b in costs):.0e})"
    return word


def _readable(rows: list[dict]) -> list[dict]:
    """The rows of a workload as they are printed."""
    readable = []
    for row in rows:
        line = {
            "contender": row["contender"] + (f" [{row['engine']}]" if row["engine"] else "") + _part(row),
            "fresh process s": row["fresh"],
            "of it compiling s": row["compiling"],
            "second call s": row["second"],
        }
        if row["per_epoch"] is not None:
            line["per epoch s"] = row["per_epoch"]
        line["× ellayer"] = row["second"] / row["against"] if row["against"] else None
        line |= {
            "final cost": None if row["final_cost"] is None else f"{row['final_cost']:.6f}",
            "agrees": row["agrees"],
            "runs": f"{row['runs']} (max/min {row['spread']:.2f})",
        }
        readable.append(line)
    return readable


def _part(row: dict) -> str:
    """Tell in words that a contender did a part of the updates only."""
    if row["updates"] == row["of"]:
        return ""
    return f" ({row['updates']:,} of {row['of']:,} updates, seconds × {row['of'] // row['updates']})"


def markdown(rows: list[dict]) -> str:
    """Return rows of equal keys as a Markdown table."""
    if not rows:
        return ""
    lines = ["| " + " | ".join(rows[0]) + " |", "|" + " --- |" * len(rows[0])]
    lines += ["| " + " | ".join(_cell(value) for value in row.values()) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "**no**"
    if isinstance(value, float):
        return f"{value:.4g}" if value < 100 else f"{value:.0f}"
    return "" if value is None else str(value)


def _write(out: Path, header: list[str], results: list[dict], goals: list[dict]) -> None:
    if out.suffix == ".json":
        out.write_text(json.dumps({"about": header, "results": results, "goals": goals}, indent=1))
        return
    parts = list(header)
    for name in dict.fromkeys(row["workload"] for row in results):
        rows = [row for row in results if row["workload"] == name]
        parts.append(f"### {name}: {workloads.SPECS[name].about}\n\n{markdown(_readable(rows))}")
    parts.append(f"### Goals\n\n{markdown(goals)}")
    out.write_text("\n\n".join(parts) + "\n")


if __name__ == "__main__":
    sys.exit(main())
