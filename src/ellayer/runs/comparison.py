"""Compare runs: the settings in which they differ, and their scores."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.metrics import METRICS
from ..engine.history import History
from ..errors import UsageError

_NOT_SETTINGS = ("out", "sha256", "ellayer")  # keys of a config that are not settings


@dataclass(frozen=True)
class RunSummary:
    """The summary of a run folder.

    Attributes
    ----------
    path : Path
    summary : dict
        The content of ``run.json``.
    """

    path: Path
    summary: dict[str, Any]

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of the run; those of a table in a table have names with dots."""
        return _flat(self.summary.get("settings", {}))

    @property
    def scores(self) -> dict[str, dict[str, float | None]]:
        """The network's scores: value, low and high."""
        return self.summary["scores"]

    def curve(self) -> tuple[str, Sequence[float], Sequence[float]]:
        """Return the steps' name, the steps, and the loss of the validation rows, or of the training rows."""
        from ..report.plots_quality import curve_of

        file = self.path / "history.csv"
        if not file.is_file():
            raise UsageError(f"--out: expected {file} next to run.json, received none; omit --out")
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                rows = list(csv.DictReader(lines, restval=""))
        except (UnicodeDecodeError, csv.Error) as error:
            raise UsageError(
                f"--out: expected the history of a run in {file}, received something else ({error})"
            ) from None
        columns = {name: [_float(row[name]) for row in rows] for name in (rows[0] if rows else {}) if name}
        history = History(columns)
        losses = curve_of(history, "validation") or curve_of(history, "training")
        step = next((name for name in ("epoch", "iteration") if history.get(name)), "epoch")
        return step, history.get(step) or range(1, len(losses) + 1), losses


@dataclass(frozen=True)
class Comparison:
    """Runs side by side.

    Attributes
    ----------
    runs : list of RunSummary
    settings : dict of str to list
        Those that are not the same in all runs.
    best : dict of str to list of int
        The numbers of the runs with the best value of each score; empty if the runs predict different targets.
    messages : list of str
        Reasons why the scores may not be comparable.
    """

    runs: list[RunSummary]
    settings: dict[str, list[Any]]
    best: dict[str, list[int]]
    messages: list[str]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as plain data."""
        runs = [
            {"run": str(run.path), "scores": run.scores, "rows": run.summary.get("rows", {}),
             "seconds": run.summary.get("seconds", {})}
            for run in self.runs
        ]  # fmt: skip
        best = {name: [str(self.runs[i].path) for i in numbers] for name, numbers in self.best.items()}
        return {"runs": runs, "settings": self.settings, "best": best, "notes": self.messages}

    def draw(self, path: Path) -> None:
        """Draw the curves of all runs into one picture.

        Parameters
        ----------
        path : Path

        Raises
        ------
        UsageError
            If no run has a history.
        """
        from ..report.plots_data import cost_curves
        from ..report.style import save_picture

        curves = {str(run.path): run.curve() for run in self.runs}
        lowest = {name: min(losses) for name, (_, _, losses) in curves.items() if losses}
        if not lowest:
            raise UsageError("--out: expected runs with a history, received none with one; omit --out")
        name = min(lowest, key=lambda name: lowest[name])
        title = f"{name} reaches the lowest cost, {lowest[name]:.4g}"
        along = " or ".join(sorted({step for step, _, _ in curves.values()}))
        lines = {name: (steps, losses) for name, (_, steps, losses) in curves.items()}
        save_picture(cost_curves(lines, title, along=along), path)


def compare_runs(paths: Sequence[Path]) -> Comparison:
    """Compare the runs of two or more folders.

    Parameters
    ----------
    paths : sequence of Path

    Raises
    ------
    UsageError
        If there are fewer than two, or one is not a run folder.
    """
    if len(paths) < 2:
        raise UsageError(
            f"expected two or more run folders, received {len(paths)}; try ellayer compare runs/titanic-1 runs/titanic-2"
        )
    runs = [read_run(path) for path in paths]
    same_target = (
        len({(str(run.summary.get("target")), *run.summary.get("classes", ())) for run in runs}) == 1
    )
    best = best_runs([run.scores for run in runs]) if same_target else {}
    return Comparison(runs, differences([run.settings for run in runs]), best, _messages(runs))


def read_run(path: Path) -> RunSummary:
    """Read the summary of a run folder.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UsageError
        If it is not a run folder.
    """
    file = path / "run.json"
    if not file.is_file():
        kind = (
            "a folder without run.json" if path.is_dir() else "a file" if path.exists() else "nothing there"
        )
        raise UsageError(
            f"expected the folder of a run, received {str(path)!r}, {kind}; try one that ellayer train wrote"
        )
    try:
        summary = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(
            f"{file}: expected the JSON that ellayer train wrote, received something else ({error})"
        ) from None
    if not isinstance(summary, dict) or not isinstance(summary.get("scores"), dict):
        raise UsageError(
            f"{file}: expected the scores of a run, received none; try the folder of another run"
        )
    return RunSummary(path, summary)


def differences(settings: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return the settings that differ between runs; None for a missing setting.

    >>> differences([{"layers": [4], "seed": 1}, {"layers": [8], "seed": 1}])
    {'layers': [[4], [8]]}
    """
    names = dict.fromkeys(name for one in settings for name in one)
    columns = {name: [one.get(name) for one in settings] for name in names if name not in _NOT_SETTINGS}
    return {name: values for name, values in columns.items() if any(value != values[0] for value in values)}


def best_runs(scores: Sequence[Mapping[str, Mapping[str, float | None]]]) -> dict[str, list[int]]:
    """Return the numbers of the runs with the best value of each score.

    >>> best_runs([{"rmse": {"value": 2.0}}, {"rmse": {"value": 1.5}}, {"rmse": {"value": None}}])
    {'rmse': [1]}
    """
    best = {}
    for name in dict.fromkeys(name for one in scores for name in one):
        values = {
            i: value for i, one in enumerate(scores) if (value := one.get(name, {}).get("value")) is not None
        }
        if name in METRICS and len(values) > 1:
            top = (max if METRICS[name].maximize else min)(values.values())
            best[name] = [i for i, value in values.items() if value == top]
    return best


def _flat(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested settings to names with dots."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat


def _messages(runs: Sequence[RunSummary]) -> list[str]:
    """Return reasons why scores may not be comparable."""
    messages = []
    for key, reason in (
        ("target", "predict different targets"),
        ("scored_on", "were evaluated on different kinds of rows"),
    ):
        values = [str(run.summary.get(key)) for run in runs]
        if len(set(values)) > 1:
            messages.append(f"the runs {reason}: {', '.join(dict.fromkeys(values))}")
    for key in ("source", "seed"):
        if len({str(run.settings.get(key)) for run in runs}) > 1:
            messages.append(f"the runs differ in {key}, so they may have been evaluated on different rows")
    return messages


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
