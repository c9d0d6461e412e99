"""The history of a run: the recorded columns, also as one row per epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .._plots import DrawnDisplay, draw
from .._views import curves, html_table, page, shorten_rows

OLDER_NAMES = {"cost": "loss", "mean_cost": "mean_loss", "validation_cost": "validation_loss"}
RESERVED = frozenset(
    {"iteration", "epoch", "loss", "mean_loss", "validation_loss", "validation_score", "learning_rate",
     "gradient_norm", "seconds", "loop", *OLDER_NAMES}
)  # fmt: skip
_EPOCH_COLUMNS = ("learning_rate", "gradient_norm", "seconds")


def current_name(name: str) -> str:
    """Return the current name of a column, from the current or an older name.

    >>> current_name("mean_cost"), current_name("seconds")
    ('mean_loss', 'seconds')
    """
    return OLDER_NAMES.get(name, name)


class Columns(dict[str, Any]):
    """Values by column name, also under the older names."""

    def __init__(self, values: Mapping[str, Any] | None = None):
        super().__init__({current_name(name): value for name, value in (values or {}).items()})

    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(current_name(name))

    def __contains__(self, name: object) -> bool:
        return super().__contains__(OLDER_NAMES.get(name, name) if isinstance(name, str) else name)

    def get(self, name: str, default: object = None) -> Any:
        """Return a column, or ``default``."""
        return super().get(current_name(name), default)


class History(Columns):
    """The recorded columns of a run, one list each; row i belongs to iteration ``i * record_every``.

    Columns: "iteration", "loss" (the cost J before that update, with its penalties; on its mini-batch, if
    any), "mean_loss" (mini-batches only: the mean over the updates up to the next record),
    "validation_loss", "validation_score", the metrics and their "validation_" twins, "learning_rate",
    "gradient_norm", "seconds" (since the start) and "loop" (which loop ran it, e.g. "jax wide"). The names
    "cost", "mean_cost" and "validation_cost" of earlier versions are accepted.

    Parameters
    ----------
    columns, final : mapping, optional

    Attributes
    ----------
    final : dict
        The values after the last update, if there is a validation set or metrics.

    Examples
    --------
    >>> history = History({"iteration": [0, 10], "loss": [0.7, 0.5]})
    >>> history.append({"iteration": 20, "loss": 0.4})
    >>> history["loss"], history["cost"] == history["loss"]
    ([0.7, 0.5, 0.4], True)
    """

    def __init__(
        self, columns: Mapping[str, Sequence[Any]] | None = None, final: Mapping[str, Any] | None = None
    ):
        super().__init__({name: list(values) for name, values in (columns or {}).items()})
        self.final: Columns = Columns(final)

    def __repr__(self) -> str:
        if not self:
            return "History(no records)"
        last = ", ".join(f"{name} {_text(column[-1])}" for name, column in self.items())
        return f"History({len(self):,} records; last: {last})"

    def plot(self, **options: object) -> DrawnDisplay:
        """Draw the learning curve.

        Parameters
        ----------
        **options
            ``ax`` and ``title`` of ``ellayer.plot.learning_curve``.

        Returns
        -------
        LearningCurveDisplay
        """
        return draw("learning_curve", self, **options)

    def curves(self) -> str:
        """Return the learning curves as a picture in SVG."""
        along = "epoch" if "epoch" in self else "iteration"
        lines = {"loss": self.losses, "validation loss": self.get("validation_loss", [])}
        return curves(self.get(along, []), lines, along)

    def _repr_html_(self) -> str:
        rows = shorten_rows([[_text(value) for value in row.values()] for row in self.rows()])
        return page(self.curves()) + html_table(list(self), rows, caption=f"{len(self):,} records")

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row; new columns are filled with nan above."""
        if not row.keys() <= self.keys():
            length = len(self)
            for name in row:
                self.setdefault(name, [math.nan] * length)
        for name, column in self.items():
            column.append(row.get(name, math.nan))

    def extend(self, rows: Mapping[str, Sequence[Any]]) -> None:
        """Add rows by columns; missing columns of either side are filled with nan."""
        length, count = len(self), len(next(iter(rows.values()), []))
        for name in {**self, **rows}:
            new = list(rows.get(name, []))[:count]
            self.setdefault(name, [math.nan] * length).extend(new + [math.nan] * (count - len(new)))

    def truncate(self, rows: int) -> None:
        """Keep the first ``rows`` rows."""
        for column in self.values():
            del column[rows:]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.values()), []))

    def __bool__(self) -> bool:
        return len(self) > 0

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows as dicts."""
        return [dict(zip(self.keys(), values, strict=True)) for values in zip(*self.values(), strict=True)]

    def to_csv(self, first: int = 0) -> str:
        """Return the table as CSV text with a header, or the rows from ``first`` on without it."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not first:
            writer.writerow(self.keys())
        writer.writerows(zip(*(column[first:] for column in self.values()), strict=True))
        return text.getvalue()

    @property
    def losses(self) -> list[float]:
        """The loss of the updates from each record to the next: "mean_loss", or "loss" for the full batch."""
        return self.get("mean_loss") or self.get("loss") or []

    def epochs(self, validation: Mapping[str, Sequence[float]] | None = None) -> History:
        """Return one row per epoch, for a run with one record per epoch.

        The validation columns of a record are those before its updates, those of an epoch are after them: they
        move up by one row, and ``final`` becomes the last.

        Parameters
        ----------
        validation : mapping, optional
            Validation columns by epoch, in place of those of the records.

        Returns
        -------
        History
            "epoch", "loss", "validation_loss", "validation_score", "learning_rate", "gradient_norm", "seconds".

        Examples
        --------
        >>> run = History({"iteration": [0, 9], "loss": [0.7, 0.5], "validation_loss": [0.8, 0.6]}, {"validation_loss": 0.4})
        >>> {name: column for name, column in run.epochs().items() if column}
        {'epoch': [1, 2], 'loss': [0.7, 0.5], 'validation_loss': [0.6, 0.4]}
        """
        by_epoch = validation or {}
        table: dict[str, list[Any]] = {"epoch": list(range(1, len(self) + 1)), "loss": list(self.losses)}
        for name in ("validation_loss", "validation_score"):
            if name in by_epoch:
                table[name] = list(by_epoch[name])
            elif name in self:
                table[name] = [*self[name][1:], self.final.get(name, math.nan)]
        return History(table | {name: self.get(name, []) for name in _EPOCH_COLUMNS})


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def mean_epochs(histories: Sequence[History]) -> History:
    """Return one row per epoch: the means over several runs, for the epochs that all of them have.

    Parameters
    ----------
    histories : sequence of History
        With one record per epoch.
    """
    tables = [history.epochs() for history in histories]
    count = min(len(table["epoch"]) for table in tables)
    means = {name: np.mean([table[name][:count] for table in tables], axis=0).tolist() for name in tables[0]}
    return History({**means, "epoch": list(range(1, count + 1))})


def best_epoch(history: History, maximize: bool) -> int:
    """Return the number of epochs with the best validation score; all epochs if there is no validation score.

    Parameters
    ----------
    history : History
        The history of the engine for one member.
    maximize : bool
    """
    if "validation_score" not in history:
        return len(history)
    scores = np.array([*history["validation_score"], history.final.get("validation_score", math.nan)])
    if np.isnan(scores).all():
        return len(history)
    return int(np.nanargmax(scores) if maximize else np.nanargmin(scores))
