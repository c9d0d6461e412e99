"""Tables: Ellayer at its defaults against linear models, boosted trees and other networks at theirs.

    python benchmarks/tables.py                              the study: 36 tables, a seed
    python benchmarks/tables.py titanic "red wine" --seeds 3 these, the mean of three splits
    python benchmarks/tables.py --main                       the nine tables of the goals; --further: nine others
    python benchmarks/tables.py --presets --members 1 8      one network, and eight, instead of the default
    python benchmarks/tables.py --ordered --splits random honest    tables with a time or groups
    python benchmarks/tables.py --part choice                the rows that settings are chosen by
    python benchmarks/tables.py --runs runs.jsonl --out results.md  keep each fit, continue later; also written there

60 % of the rows to learn from (20,000 at most), 20 % to choose settings by, 20 % to report on. Scored by the
log loss of classes, or the root mean squared error over the target's standard deviation; less is better. Classes have
the calibration error too: the mean distance of predicted and observed frequency in ten bins of as many rows. An honest
split is by time or by group; with it Ellayer is fitted twice, with validation rows at random (its default) and by the
same rule.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import table_contenders as contenders
import table_data as data
from ellayer.core.metrics import METRICS
from run import markdown
from table_ranks import Scores, elo, ranks, wins

HERE = Path(__file__).resolve().parent
VERSIONS = (
    "ellayer", "numpy", "jax", "scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "catboost", "pytabkit", "torch",
)  # fmt: skip
SAME_RULE = ", validation alike"  # validation rows by the rule of the test rows


class Run(NamedTuple):
    """The score of one fit, its seconds, those of all processor cores together, and the calibration error of classes."""

    score: float
    seconds: float
    processor: float
    calibration: float = float("nan")


def main(arguments: list[str] | None = None) -> int:
    """Fit everyone on every table and print the tables of scores, ranks and seconds."""
    options = _options(arguments)
    header = _header()
    print(header, flush=True)
    names = _names(options)
    for peer in _peers(options):
        if not contenders.available(peer):
            print(f"{peer} is left out: it is not installed")
    parts = [header]
    for how in options.splits:
        each = [name + SAME_RULE for name in names if how == "honest" and name not in contenders.PEERS]
        results = compare(options.tables, [*each, *names], options, how)
        if not results:
            print("no table is there; --data names the folder that holds tabular/")
            return 1
        parts += [
            f"Split {how}:" if len(options.splits) > 1 else "",
            *_report(results, [*each, *names]),
        ]
    parts = list(filter(None, parts))
    print("\n\n".join(["", *parts[1:]]))
    if options.out:
        options.out.write_text("\n\n".join(parts) + "\n")
    return 0


def compare(
    tables: list[str], names: list[str], options: argparse.Namespace, how: str = "random"
) -> dict[str, dict[str, Run]]:
    """Return the means over the seeds by table and contender."""
    results: dict[str, dict[str, Run]] = {}
    before = _earlier_runs(options.runs)
    for name in tables:
        try:
            table = data.load(name, options.data)
        except data.TableMissingError as missing:
            print(f"{name} is left out: {missing}", flush=True)
            continue
        results[name] = {}
        for contender in names:
            runs = []
            for seed in range(options.seeds):
                key = [name, contender, how, options.part, seed]
                run = before.get(tuple(key)) or _fit(contender, table, seed, options.part, how)
                runs.append(run)
                if options.runs and tuple(key) not in before:
                    with options.runs.open("a") as lines:
                        lines.write(json.dumps([key, run]) + "\n")
            results[name][contender] = Run(*np.mean(runs, axis=0).tolist())
        line = ", ".join(f"{c} {run.score:.3f} ({run.seconds:.1f} s)" for c, run in results[name].items())
        print(f"  {name}: {line}", file=sys.stderr, flush=True)
    return results


def _earlier_runs(path: Path | None) -> dict[tuple, Run]:
    if path is None or not path.exists():
        return {}
    return {tuple(key): Run(*run) for key, run in map(json.loads, path.read_text().splitlines())}


def _fit(contender: str, table: data.Table, seed: int, part: str, how: str = "random") -> Run:
    """Fit on the training rows of a seed, and score the others."""
    rows = data.split(table, seed, how)
    rule = (
        {table.kind: table.keys[rows.train]}
        if contender.endswith(SAME_RULE) and table.keys is not None
        else {}
    )
    X, y = table.X.iloc[rows.train], table.y[rows.train]
    begin, processor = time.perf_counter(), time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, of columns that are left out
        if contender in contenders.PEERS:
            model = contenders.peer(contender, table.task, X, seed)
        else:
            model = contenders.ours(table.task, seed, **_parameters_of(contender))
        model.fit(X, y, **rule)
        spent = time.perf_counter() - begin, time.process_time() - processor
        loss, calibration = score(model, table, getattr(rows, part))
        return Run(loss, *spent, calibration)


def score(model: Any, table: data.Table, rows: np.ndarray) -> tuple[float, float]:
    """Return the log loss and the calibration error; of numbers the RMSE over their standard deviation, and nan.

    The standard deviation is that of all rows if they have an order.
    """
    X, y = table.X.iloc[rows], table.y[rows]
    if table.task == "numbers":
        spread = table.y.std() if table.kind else y.std()
        return float(np.sqrt(np.mean((model.predict(X) - y) ** 2)) / spread), float("nan")
    P = np.asarray(model.predict_proba(X), np.float64)  # float32 rows need not add up to 1
    P /= P.sum(axis=1, keepdims=True)
    truth = np.searchsorted(model.classes_, y)
    p = P[np.arange(len(y)), truth]
    return float(-np.log(np.maximum(p, 1e-15)).mean()), METRICS["calibration_error"].value(
        truth, P, K=P.shape[1]
    )


def _report(results: dict[str, dict[str, Run]], names: list[str]) -> list[str]:
    own = [name for name in names if name not in contenders.PEERS]
    peers = [name for name in names if name in contenders.PEERS]
    scores: Scores = {t: {c: run.score for c, run in row.items()} for t, row in results.items()}
    parts = [markdown([{"table": t, **{c: f"{v:.3f}" for c, v in row.items()}} for t, row in scores.items()])]
    if peers:
        lines = []
        for one in own:
            mean = ranks(scores, [one, *peers])
            lines.append({"mean rank": f"with {one}", one: mean[one], **{peer: mean[peer] for peer in peers}})
        columns = ["mean rank", *names]
        parts.append(markdown([{c: line.get(c, "") for c in columns} for line in lines]))
        better = [
            {"number of tables on which it is better": one, "of": str(len(scores))}
            | {peer: str(wins(scores, one, peer)) for peer in peers}
            for one in own
        ]
        parts += [markdown(better), markdown(_summary(results, scores, names))]
    for what, number in (("seconds of a fit", 1), ("processor seconds of a fit", 2)):
        spent = [
            {what: t, **{c: f"{run[number]:.1f}" for c, run in row.items()}} for t, row in results.items()
        ]
        parts.append(markdown(spent))
    classes = {
        t: row for t, row in results.items() if np.isfinite([run.calibration for run in row.values()]).all()
    }
    if classes:
        errors = {t: {c: run.calibration for c, run in row.items()} for t, row in classes.items()}
        median = {c: np.median([row[c] for row in errors.values()]) for c in names}
        lines = errors | {"median": median}
        parts.append(
            markdown(
                [
                    {"calibration error": t, **{c: f"{e:.3f}" for c, e in row.items()}}
                    for t, row in lines.items()
                ]
            )
        )
    return parts


def _summary(results: dict[str, dict[str, Run]], scores: Scores, names: list[str]) -> list[dict]:
    """Return a line per contender, the best first: rating, and the medians of the seconds."""
    rating = elo(scores, names)
    lines = []
    for name in sorted(names, key=lambda name: -rating[name].rating):
        seconds, processor = np.median([row[name][1:3] for row in results.values()], axis=0)
        line = rating[name]
        lines.append(
            {
                "contender": name,
                "Elo": f"{line.rating:.0f}",
                "interval of 95 %": f"{line.low:.0f} to {line.high:.0f}",
                "median seconds": f"{seconds:.1f}",
                "median processor seconds": f"{processor:.1f}",
            }
        )
    return lines


def _names(options: argparse.Namespace) -> list[str]:
    own = [f"Ellayer, {name}" for name in options.presets]
    own += [f"Ellayer, {members} member{'s' if members > 1 else ''}" for members in options.members]
    return [*own, *(peer for peer in _peers(options) if contenders.available(peer))]


def _peers(options: argparse.Namespace) -> tuple[str, ...]:
    return contenders.PEERS if options.contenders is None else tuple(options.contenders)


def _parameters_of(name: str) -> dict[str, Any]:
    """Return the parameters of one of our contenders: of a number of members, or of a preset."""
    setting = name.removesuffix(SAME_RULE).split()[1]
    if setting.isdigit():
        return {"n_members": int(setting)}
    return {} if setting == "default" else {"preset": setting}


def _header() -> str:
    found = []
    for name in VERSIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return (
        f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at the start; "
        f"Python {platform.python_version()}, {', '.join(found)}."
    )


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "tables",
        nargs="*",
        metavar="TABLE",
        help=f"of {', '.join(data.TABLES)}; those of the study where none",
    )
    add("--main", action="store_true", help="the nine tables of the goals instead")
    add("--further", action="store_true", help="nine others instead")
    add("--ordered", action="store_true", help="those whose rows have a time or groups instead")
    add(
        "--splits",
        nargs="+",
        choices=("random", "honest"),
        default=["random"],
        help="how rows are split (default random)",
    )
    add("--seeds", type=int, default=1, help="splits whose mean is taken (default 1)")
    add("--presets", nargs="*", choices=("fast", "default", "best"), default=["default"], help="of ours")
    add("--members", type=int, nargs="*", default=[], help="numbers of our members, in addition")
    add("--contenders", nargs="*", choices=contenders.PEERS, help="only these peers")
    add("--part", choices=("test", "choice"), default="test", help="the rows that are scored (default test)")
    add("--data", type=Path, default=HERE.parents[1] / "shared" / "data", help="folder with tabular/")
    add("--runs", type=Path, help="keep each fit in this file, and do not repeat those that are there")
    add("--out", type=Path, help="also write Markdown here")
    options = parser.parse_args(arguments)
    if unknown := set(options.tables) - set(data.TABLES):
        parser.error(f"unknown table {', '.join(sorted(unknown))}; there are {', '.join(data.TABLES)}")
    if options.seeds < 1 or min(options.members, default=1) < 1:
        parser.error("--seeds and --members: expected 1 or more")
    groups = ((options.main, data.NINE), (options.further, data.FURTHER), (options.ordered, data.ORDERED))
    several = next((tables for chosen, tables in groups if chosen), data.STUDY)
    options.tables = options.tables or list(several)
    if "honest" in options.splits and (other := set(options.tables) - set(data.ORDERED)):
        parser.error(f"--splits honest: expected tables of --ordered, received {', '.join(sorted(other))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
