"""Tables: Ellayer at its defaults against linear models, scikit-learn's network and boosted trees at theirs.

    python benchmarks/tables.py                              the nine tables of the goals, a seed
    python benchmarks/tables.py titanic "red wine" --seeds 3 these, the mean of three splits
    python benchmarks/tables.py --further --members 1        other tables, one network
    python benchmarks/tables.py --ordered --splits random honest --members 1    tables with a time or groups
    python benchmarks/tables.py --part choice                the rows that settings are chosen by
    python benchmarks/tables.py --out results.md             also written there

60 % of the rows to learn from (20,000 at most), 20 % to choose settings by, 20 % to report on. Scored by the
log loss of classes, or the root mean squared error over the target's standard deviation; less is better. An honest
split is by time or by group; with it Ellayer is fitted twice, with validation rows at random (its default) and by the
same rule.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import sys
import time
import warnings
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import table_contenders as contenders
import table_data as data
from run import markdown

HERE = Path(__file__).resolve().parent
VERSIONS = ("ellayer", "numpy", "jax", "scikit-learn", "lightgbm", "xgboost", "xgboost-cpu", "catboost")
SAME_RULE = ", validation alike"  # validation rows by the rule of the test rows
Scores = dict[str, dict[str, float]]  # by table, by contender


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
        scores, seconds = compare(options.tables, [*each, *names], options, how)
        if not scores:
            print("no table is there; --data names the folder that holds tabular/")
            return 1
        parts += [
            f"Split {how}:" if len(options.splits) > 1 else "",
            *_report(scores, seconds, [*each, *names]),
        ]
    parts = list(filter(None, parts))
    print("\n\n".join(["", *parts[1:]]))
    if options.out:
        options.out.write_text("\n\n".join(parts) + "\n")
    return 0


def compare(
    tables: list[str], names: list[str], options: argparse.Namespace, how: str = "random"
) -> tuple[Scores, Scores]:
    """Return the mean score and the mean seconds of a fit by table and contender."""
    scores: Scores = {}
    seconds: Scores = {}
    for name in tables:
        try:
            table = data.load(name, options.data)
        except data.TableMissingError as missing:
            print(f"{name} is left out: {missing}", flush=True)
            continue
        found = {c: [_fit(c, table, seed, options.part, how) for seed in range(options.seeds)] for c in names}
        scores[name] = {c: float(np.mean([score for score, _ in runs])) for c, runs in found.items()}
        seconds[name] = {c: float(np.mean([spent for _, spent in runs])) for c, runs in found.items()}
        told = ", ".join(f"{c} {value:.3f} ({seconds[name][c]:.1f} s)" for c, value in scores[name].items())
        print(f"  {name}: {told}", file=sys.stderr, flush=True)
    return scores, seconds


def _fit(contender: str, table: data.Table, seed: int, part: str, how: str = "random") -> tuple[float, float]:
    """Fit on the training rows of a seed; return the score of the others and the seconds."""
    rows = data.split(table, seed, how)
    rule = (
        {table.kind: table.keys[rows.train]}
        if contender.endswith(SAME_RULE) and table.keys is not None
        else {}
    )
    X, y = table.X.iloc[rows.train], table.y[rows.train]
    begin = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of convergence, of columns that are left out
        if contender in contenders.PEERS:
            model = contenders.peer(contender, table.task, X, seed)
        else:
            model = contenders.ours(table.task, seed, n_members=_members_of(contender))
        model.fit(X, y, **rule)
        spent = time.perf_counter() - begin
        return score(model, table, getattr(rows, part)), spent


def score(model: Any, table: data.Table, rows: np.ndarray) -> float:
    """Return the log loss, or the RMSE over the standard deviation of the target: of all rows if they have an order."""
    X, y = table.X.iloc[rows], table.y[rows]
    if table.task == "numbers":
        spread = table.y.std() if table.kind else y.std()
        return float(np.sqrt(np.mean((model.predict(X) - y) ** 2)) / spread)
    P = np.asarray(model.predict_proba(X), np.float64)  # float32 rows need not add up to 1
    p = (P / P.sum(axis=1, keepdims=True))[np.arange(len(y)), np.searchsorted(model.classes_, y)]
    return float(-np.log(np.maximum(p, 1e-15)).mean())


def ranks(scores: Scores, names: list[str]) -> dict[str, float]:
    """Return the mean rank of each of some contenders over the tables; 1 is best, ties share."""
    table = np.array([[scores[name][c] for c in names] for name in scores])
    less = (table[:, :, None] > table[:, None, :]).sum(axis=2)
    equal = (table[:, :, None] == table[:, None, :]).sum(axis=2)
    return dict(zip(names, (less + (equal + 1) / 2).mean(axis=0).tolist(), strict=True))


def _report(scores: Scores, seconds: Scores, names: list[str]) -> list[str]:
    own = [name for name in names if name not in contenders.PEERS]
    peers = [name for name in names if name in contenders.PEERS]
    parts = [markdown([{"table": t, **{c: f"{v:.3f}" for c, v in row.items()}} for t, row in scores.items()])]
    if peers:
        lines = []
        for one in own:
            mean = ranks(scores, [one, *peers])
            lines.append({"mean rank": f"with {one}", one: mean[one], **{peer: mean[peer] for peer in peers}})
        columns = ["mean rank", *names]
        parts.append(markdown([{c: line.get(c, "") for c in columns} for line in lines]))
        better = [
            {"number of tables on which it is better": one, "of": len(scores)}
            | {peer: str(sum(row[one] < row[peer] for row in scores.values())) for peer in peers}
            for one in own
        ]
        parts.append(markdown([{**line, "of": str(line["of"])} for line in better]))
    spent = [{"seconds of a fit": t, **{c: f"{v:.1f}" for c, v in row.items()}} for t, row in seconds.items()]
    return [*parts, markdown(spent)]


def _names(options: argparse.Namespace) -> list[str]:
    own = [_name_of(members) for members in options.members]
    return [*own, *(peer for peer in _peers(options) if contenders.available(peer))]


def _peers(options: argparse.Namespace) -> tuple[str, ...]:
    return contenders.PEERS if options.contenders is None else tuple(options.contenders)


def _name_of(members: int) -> str:
    return f"Ellayer, {members} member{'s' if members > 1 else ''}"


def _members_of(name: str) -> int:
    return int(name.split()[1])


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
    add("tables", nargs="*", metavar="TABLE", help=f"of {', '.join(data.TABLES)}; the first nine where none")
    add("--further", action="store_true", help="the others instead")
    add("--ordered", action="store_true", help="those whose rows have a time or groups instead")
    add(
        "--splits",
        nargs="+",
        choices=("random", "honest"),
        default=["random"],
        help="how rows are split (default random)",
    )
    add("--seeds", type=int, default=1, help="splits whose mean is taken (default 1)")
    add("--members", type=int, nargs="+", default=[1, 8], help="numbers of our members (default 1 8)")
    add("--contenders", nargs="*", choices=contenders.PEERS, help="only these peers")
    add("--part", choices=("test", "choice"), default="test", help="the rows that are scored (default test)")
    add("--data", type=Path, default=HERE.parents[1] / "shared" / "data", help="folder with tabular/")
    add("--out", type=Path, help="also write Markdown here")
    options = parser.parse_args(arguments)
    if unknown := set(options.tables) - set(data.TABLES):
        parser.error(f"unknown table {', '.join(sorted(unknown))}; there are {', '.join(data.TABLES)}")
    if options.seeds < 1 or min(options.members) < 1:
        parser.error("--seeds and --members: expected 1 or more")
    several = data.ORDERED if options.ordered else data.FURTHER if options.further else data.NINE
    options.tables = options.tables or list(several)
    if "honest" in options.splits and (other := set(options.tables) - set(data.ORDERED)):
        parser.error(f"--splits honest: expected tables of --ordered, received {', '.join(sorted(other))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
