"""``ellayer compare``: runs side by side: what was set otherwise, and how good they are."""

from __future__ import annotations

import json as json_text
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import UsageError
from .errors import answering
from .options import Debug, Json

_FACTS = {"epochs": "epochs or updates", "stopped_by": "stopped by"}
_NOT_SET = ("out", "sha256", "ellayer")  # what a config holds beside settings


@dataclass(frozen=True)
class Run:
    """The summary of a run folder, and its curve of held-out rows."""

    path: Path
    summary: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """What the run was set to."""
        return _flat(self.summary.get("settings", {}))

    @property
    def scores(self) -> dict[str, dict[str, float | None]]:
        """The network's scores: value, low and high."""
        return self.summary["scores"]


@answering
def compare(
    runs: Annotated[
        list[Path], typer.Argument(help="Folders that ellayer train wrote, two or more.", metavar="RUN...")
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Draw the runs' curves on held-out rows into this picture.", metavar="FILE"
        ),
    ] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show the settings in which runs differ, and their scores side by side with 95 % intervals.

    Runs are compared on the rows each was judged on; on other rows, differences may be those of the rows.

    Example: ellayer compare runs/titanic-1 runs/titanic-2 --out curves.png
    """
    if len(runs) < 2:
        raise UsageError(
            f"expected two or more run folders, received {len(runs)}; try ellayer compare runs/titanic-1 runs/titanic-2"
        )
    if out is not None and out.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise UsageError(f"--out: expected a name that ends in .png, .svg or .pdf, received {str(out)!r}")
    if out is not None and out.exists():
        raise UsageError(
            f"--out: expected a file that is not there yet, received {str(out)!r}; choose another name"
        )
    found = [read_run(path) for path in runs]
    notes = _notes(found)
    table = differing([run.settings for run in found])
    alike = len({str(run.summary.get("target")) for run in found}) == 1
    best = best_of([run.scores for run in found]) if alike else {}
    if out is not None:
        _draw(found, out)
    if json:
        told = {"runs": [{"run": str(run.path), "scores": run.scores, "rows": run.summary.get("rows", {}),
                          "seconds": run.summary.get("seconds", {})} for run in found],
                "settings": table,
                "best": {name: [str(found[i].path) for i in places] for name, places in best.items()}, "notes": notes}  # fmt: skip
        typer.echo(json_text.dumps(told))
        return
    _show(found, table, best, notes)
    if out is not None:
        typer.echo(f"Curves drawn to {out}")


def read_run(path: Path) -> Run:
    """Return the run of a folder.

    Raises
    ------
    BadInput
        For something that is no folder of a run.
    """
    file = path / "run.json"
    if not file.is_file():
        what = (
            "a folder without run.json" if path.is_dir() else "a file" if path.exists() else "nothing there"
        )
        raise UsageError(
            f"expected the folder of a run, received {str(path)!r}, {what}; try one that ellayer train wrote"
        )
    try:
        summary = json_text.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(
            f"{file}: expected the JSON that ellayer train wrote, received something else ({error})"
        ) from None
    if isinstance(summary, dict) and "models" in summary:
        summary = _of_named_set(summary)
    if not isinstance(summary, dict) or not isinstance(summary.get("scores"), dict):
        raise UsageError(
            f"{file}: expected the scores of a run, received none; try the folder of another run"
        )
    return Run(path, summary)


def _of_named_set(summary: dict[str, Any]) -> dict[str, Any]:
    """The summary of a run on a named data set as one on a file tells it: its network has an accuracy."""
    from ..report.scores import Score, wilson

    data, network = summary["data"], summary["models"][-1]
    on = "train" if network["test_accuracy"] is None else "test"
    rows = {"train": data["examples"], "test": data["test_examples"]}
    share = network[f"{on}_accuracy"]
    shape = {"layer_dims": network["layer_dims"], "activations": network["activations"]}
    return {
        "target": data["name"],
        "scored_on": f"{on} examples",
        "scores": {"accuracy": Score(share, *wilson(share, rows[on])).to_json()},
        "rows": rows,
        "epochs": network["updates"],
        "stopped_by": network["stopped_by"],
        "seconds": {"fitting": network["seconds"]},
        "settings": {"source": data["name"], **shape, **summary["settings"]},
    }


def differing(settings: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return the settings that are not the same in all runs; None where a run has none.

    >>> differing([{"layers": [4], "seed": 1}, {"layers": [8], "seed": 1}])
    {'layers': [[4], [8]]}
    """
    names = dict.fromkeys(name for one in settings for name in one)
    columns = {name: [one.get(name) for one in settings] for name in names if name not in _NOT_SET}
    return {name: values for name, values in columns.items() if any(value != values[0] for value in values)}


def best_of(scored: list[dict[str, dict[str, Any]]]) -> dict[str, list[int]]:
    """Return which runs have the best value of each score.

    >>> best_of([{"rmse": {"value": 2.0}}, {"rmse": {"value": 1.5}}, {"rmse": {"value": None}}])
    {'rmse': [1]}
    """
    from ..core.metrics import METRICS

    found = {}
    for name in dict.fromkeys(name for one in scored for name in one):
        values = {
            i: one[name]["value"]
            for i, one in enumerate(scored)
            if one.get(name, {}).get("value") is not None
        }
        if name in METRICS and len(values) > 1:
            top = (max if METRICS[name].maximize else min)(values.values())
            found[name] = [i for i, value in values.items() if value == top]
    return found


def _flat(settings: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Settings of settings under names with dots."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, dict) else {f"{before}{name}": value}
    return found


def _notes(runs: list[Run]) -> list[str]:
    """Why a comparison may not be one."""
    found = []
    for what, said in (
        ("target", "predict different targets"),
        ("scored_on", "were judged on rows of different kinds"),
    ):
        values = [str(run.summary.get(what)) for run in runs]
        if len(set(values)) > 1:
            found.append(f"the runs {said}: {', '.join(dict.fromkeys(values))}")
    for what in ("source", "seed"):
        if len({str(run.settings.get(what)) for run in runs}) > 1:
            found.append(f"the runs have not the same {what}, so they may have been judged on different rows")
    return found


def _show(
    runs: list[Run], settings: dict[str, list[Any]], best: dict[str, list[int]], notes: list[str]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..core.metrics import METRICS
    from ..report.scores import Score
    from ..report.sentences import interval, seconds, shown

    table = Table()
    table.add_column("")
    for run in runs:
        table.add_column(Text(str(run.path)), justify="right")
    for name, values in settings.items():
        table.add_row(Text(name), *(Text("-" if value is None else _plain(value)) for value in values))
    for name in _FACTS:
        table.add_row(_FACTS[name], *(Text(str(run.summary.get(name, "-"))) for run in runs))
    table.add_row(
        "time", *(seconds(sum(run.summary.get("seconds", {}).values())) for run in runs), end_section=True
    )
    for name in (
        name for name in dict.fromkeys(name for run in runs for name in run.scores) if name in METRICS
    ):
        cells = []
        for i, run in enumerate(runs):
            value, low, high = (
                _number(run.scores.get(name, {}).get(end)) for end in ("value", "low", "high")
            )
            score = Score(value, low, high)
            mark = " *" if i in best.get(name, []) else ""
            cells.append(f"{shown(name, score.value)}{mark}\n{interval(name, score)}")
        table.add_row(METRICS[name].title, *cells)
    console = Console()
    console.print(table)
    if best:
        console.print("* the best of a line", markup=False, highlight=False)
    for note in notes:
        console.print(f"Note: {note}", markup=False, highlight=False)


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _draw(runs: list[Run], out: Path) -> None:
    """The curves of the held-out rows together; of the training rows where a run held none out."""
    import csv

    from ..engine.history import History
    from ..report.plots_data import cost_curves
    from ..report.plots_quality import curve_of
    from ..report.style import save_picture

    curves: dict[str, tuple[Any, Any]] = {}
    steps: list[str] = []
    for run in runs:
        file = run.path / "history.csv"
        if not file.is_file():
            raise UsageError(f"--out: expected {file} beside run.json, received none; leave --out away")
        with file.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines))
        columns = History({name: [_float(row[name]) for row in rows] for name in (rows[0] if rows else {})})
        costs = curve_of(columns, "held out") or curve_of(columns, "training")
        along = next((name for name in ("epoch", "iteration") if columns.get(name)), "epoch")
        curves[str(run.path)] = (columns.get(along) or range(1, len(costs) + 1), costs)
        steps.append(along)
    ends = {name: min(costs) for name, (_, costs) in curves.items() if costs}
    if not ends:
        raise UsageError(
            "--out: expected runs with a history to draw, received none with one; leave --out away"
        )
    lowest = min(ends, key=lambda name: ends[name])
    save_picture(
        cost_curves(
            curves,
            f"{lowest} reaches the lowest cost, {ends[lowest]:.4g}",
            along=" or ".join(sorted({*steps})),
        ),
        out,
    )


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
