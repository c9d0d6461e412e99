"""Checks of a finished run: reasons not to trust its scores, each with its figure and a remedy."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._wording import pluralize, quoted_list
from ..core.metrics import METRICS
from ..errors import EllayerError
from ..estimators.tabular.recipes import TITLES
from ..report.number_text import format_score
from ..report.run_facts import Check, Grade, Predictions
from ..report.scores import differences, score_values, wilson
from ..tables.survey_columns import LEFT_OUT
from .baselines import CONSTANTS, simple_models
from .split import parse_test

if TYPE_CHECKING:
    import polars as pl

    from ..data import Examples
    from ..tables.survey import Survey
    from .trained_run import HeldOut

TOO_GOOD = {"numbers": ("r2", 0.99), "classes": ("roc_auc", 0.995)}
TOO_GOOD_TO_BE_TRUE = "too good to be true"
ENOUGH_RIGHT = 100  # test rows, of which not one is wrong; with fewer, classes may be easy by chance
NEARLY_ALL = 0.99  # share of right rows that is too good, by the lower end of its interval
CARRIERS, CARRIER_ROWS = 3, 5_000  # columns to try alone, and rows to fit each on
CLEARLY = 4.0  # the other columns miss the limit clearly: AUC below 0.98, R2 below 0.96
REPEATED = (0.01, 0.2)  # share of the test rows that are training rows too: to warn, to fail
FEWEST_REPEATED = 5
NATURAL = 10.0  # possible rows for each row of the table; below, equal rows are no surprise
# AUC of training against test rows; later rows and other groups always differ some
SHIFT = {"split": 0.8, "file": 0.7}
SHOWN = 3
SIMPLE_MODELS = "simple models"


@dataclass(frozen=True)
class CheckInput:
    """Input of the checks.

    Attributes
    ----------
    survey : Survey
    settings : mapping
        Of the run.
    classes : list
    train : Examples
    test : Examples or None
    held_out : HeldOut
        Rows with the predictions of the network and of simple models.
    important : sequence of str
        Columns, the most important first.
    """

    survey: Survey
    settings: Mapping[str, Any]
    classes: list[Any]
    train: Examples
    test: Examples | None
    held_out: HeldOut
    important: Sequence[str]

    @property
    def task(self) -> str:
        """The task: "classes" or "numbers"."""
        return str(self.survey.task)

    def value(self, metric: str, y: np.ndarray, model: Predictions) -> float:
        """Return the metric of predictions; nan if they do not have it."""
        return score_values(y, model.prediction, model.P, self.classes or None).get(metric, math.nan)


def run_checks(case: CheckInput) -> list[Check]:
    """Return the checks of a run on a file.

    Parameters
    ----------
    case : CheckInput
    """
    checks = [_too_good(case), *(leak_checks(case.survey) if case.survey.columns else ())]
    if case.test is not None:
        checks += [_count_repeated(case, case.test), *_shift(case, case.test)]
    return [*checks, *_simple_models(case)]


def _too_good(case: CheckInput) -> Check:
    """Compare the score with what real data allow, and name the columns that carry it.

    Many tables of classes are easy, so a ROC AUC above the limit is suspect only if the rows are enough to be sure that
    nearly none is wrong, or if few of many columns carry it.
    """
    held_out, important, task = case.held_out, case.important, case.task
    title, m = TOO_GOOD_TO_BE_TRUE, held_out.examples.m
    if not held_out.predictions or not m:
        return Check(title, "PASS", "no rows were held out")
    metric, limit = TOO_GOOD[task]
    y, network = np.asarray(held_out.examples.y), held_out.predictions[0]
    value = case.value(metric, y, network)
    figure = f"{METRICS[metric].title} {format_score(metric, value)} on {m:,} {held_out.description}"
    if not value > limit:
        return Check(title, "PASS", figure)
    if task == "classes" and m < ENOUGH_RIGHT:
        return Check(title, "PASS", f"{figure}, of too few rows to be suspect")
    columns = list(important[:CARRIERS])
    joint_score = _quick_score(case, columns) if columns else math.nan
    carriers = {name: _quick_score(case, [name]) for name in columns if joint_score > limit}
    leaks = [
        f"{name!r} alone reaches {format_score(metric, score)}"
        for name, score in carriers.items()
        if score > limit
    ]
    if leaks:
        advice = "drop it, unless it is known before the target is"
        return Check(title, "FAIL", f"{figure}; {', '.join(leaks)}", advice)
    summary = _carried_by_few(case, columns, joint_score)
    if task == "numbers" or summary or _nearly_none_wrong(y, network, value):
        matter = summary or (f"; what matters most: {quoted_list(columns)}" if columns else "")
        advice = (
            "check that these columns are known before the target is, and the split (--split time or group)"
        )
        return Check(title, "WARN", figure + matter, advice)
    return Check(title, "PASS", f"{figure}, and no column alone reaches it")


def _nearly_none_wrong(y: np.ndarray, network: Predictions, auc: float) -> bool:
    """Return whether none of many rows is wrong, or so few that accuracy and ROC AUC of all rows exceed 0.99 and the limit."""
    right = float((network.prediction == y).mean())
    rarest = float(np.unique(y, return_counts=True)[1].min())
    sure = wilson(right, len(y))[0] > NEARLY_ALL and wilson(auc, rarest)[0] > TOO_GOOD["classes"][1]
    return sure or (right == 1.0 and len(y) >= ENOUGH_RIGHT)


def _carried_by_few(case: CheckInput, columns: list[str], together: float) -> str:
    """Return the scores of few columns and of all others if only the few reach the limit; "" otherwise."""
    metric, limit = TOO_GOOD[case.task]
    others = [
        column.name
        for column in case.survey.columns
        if column.name not in columns and column.kind not in LEFT_OUT
    ]
    if not together > limit or len(others) < len(columns):
        return ""
    rest = _quick_score(case, others)
    if not 1.0 - rest > CLEARLY * (1.0 - limit):
        return ""
    texts = [format_score(metric, score) for score in (together, rest)]
    return f"; {quoted_list(columns)} reach {texts[0]}, all other columns {texts[1]}"


def _quick_score(case: CheckInput, columns: list[str]) -> float:
    """Return the best score of simple models that have some columns only."""
    rows = np.random.RandomState(0).permutation(case.train.m)[:CARRIER_ROWS]
    train, test = case.train.take(rows), case.held_out.examples
    one, other = train.X[columns], test.X[columns]
    kinds = {name: kind for name, kind in (case.settings.get("kinds") or {}).items() if name in columns}
    settings = {**case.settings, "kinds": kinds}
    models = simple_models(replace(train, X=one), other, case.task, settings, case.classes)
    metric, y = TOO_GOOD[case.task][0], np.asarray(test.y)
    return max(
        (value for model in models if (value := case.value(metric, y, model)) == value), default=math.nan
    )


def leak_checks(survey: Survey) -> Iterator[Check]:
    """Repeat what the survey has said of the columns and the target."""
    kinds: tuple[tuple[str, list[str], Grade], ...] = (
        ("columns that leak the target", survey.leaks, "FAIL"),
        ("pairs of columns that leak the target", survey.pair_leaks, "FAIL"),
        ("columns that count the rows", survey.counters, "WARN"),
    )
    for title, findings, grade in kinds:
        if findings:
            for finding in findings:
                figure, _, advice = finding.rpartition("; ")
                yield Check(title, grade, figure, advice)
        else:
            yield Check(title, "PASS", f"none of {pluralize(len(survey.columns), 'column')}")


def _count_repeated(case: CheckInput, test: Examples) -> Check:
    """Count the test rows that are training rows too."""
    title = "rows repeated across the split"
    share = float(np.isin(_hashes(test), _hashes(case.train)).mean())
    count = round(share * test.m)
    figure = f"{count:,} of {test.m:,} test rows ({100 * share:.1f} %) are training rows too"
    possible = sum(math.log(column.distinct + 1) for column in case.survey.columns)
    if case.survey.columns and possible < math.log(NATURAL * case.survey.m):
        return Check(title, "PASS", f"{figure}; rows of so few different values repeat by nature")
    grade: Grade = (
        "PASS"
        if share < REPEATED[0] or count < FEWEST_REPEATED
        else "WARN"
        if share < REPEATED[1]
        else "FAIL"
    )
    advice = "" if grade == "PASS" else "drop the copies, or keep them on one side with --group COLUMN"
    return Check(title, grade, figure, advice)


def _hashes(examples: Examples) -> np.ndarray:
    """Return a number for each row and its target; equal for equal rows."""
    import polars as pl

    y = pl.Series("target of the run", np.asarray(examples.y).astype(str))
    if isinstance(examples.X, np.ndarray):
        rows = pl.DataFrame({"row": [row.tobytes() for row in examples.X]})
    else:
        rows = examples.X
    return rows.hstack([y]).hash_rows(seed=0).to_numpy()


def _shift(case: CheckInput, test: Examples) -> Iterator[Check]:
    """Compare the distributions of training and test rows, inputs and target, with a classifier that separates them."""
    from ..tables.row_order import distinguish

    settings, title = case.settings, "test rows unlike the training rows"
    first, second = case.train.X, test.X
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        return
    from_a_file = isinstance(parse_test(settings["test"]), str)
    if not from_a_file and settings.get("split") not in ("time", "group", "order"):
        yield Check(title, "PASS", "the test rows are random rows of the same table")
        return
    leave_out = [settings[key] for key in ("time", "group") if settings.get(key)]
    targets = [_target_column(str(case.survey.target), rows, case.task) for rows in (case.train, test)]
    try:
        auc, columns = distinguish(first.with_columns(targets[0]), second.with_columns(targets[1]), leave_out)
    except EllayerError:
        return  # columns that cannot be compared are refused when they are predicted
    figure = f"a classifier tells test rows from training rows with AUC {auc:.2f}"
    if auc < SHIFT["file" if from_a_file else "split"]:
        yield Check(title, "PASS", figure)
        return
    advice = (
        "the score speaks for rows like the test rows; gather training rows like them, or drop these columns"
    )
    yield Check(title, "WARN", f"{figure}, most by {quoted_list(columns[:SHOWN])}", advice)


def _target_column(name: str, rows: Examples, task: str) -> pl.Series:
    """Return the targets as a column for comparison."""
    import polars as pl

    y = np.asarray(rows.y)
    return pl.Series(name, y.astype(np.float64) if task == "numbers" else y.astype(str))


def _simple_models(case: CheckInput) -> Iterator[Check]:
    """Compare the network with each simple model on the same rows."""
    held_out, title, name = case.held_out, SIMPLE_MODELS, "rmse" if case.task == "numbers" else "log_loss"
    if len(held_out.predictions) < 2 or not held_out.examples.m:
        return
    y, (ours, *others) = np.asarray(held_out.examples.y), held_out.predictions
    alarms = []
    for other in others:
        lead = differences(y, ours, other, case.classes or None, [name]).get(name)
        constant = other.name in CONSTANTS
        if lead is None or not (lead.high < 0 or (constant and lead.value <= 0)):
            continue
        values = [format_score(name, case.value(name, y, model)) for model in (other, ours)]
        figure = (
            f"{other.name} is better: {METRICS[name].title} {values[0]} against {values[1]} of {ours.name}"
        )
        alarms.append(Check(title, "FAIL" if constant else "WARN", figure, _remedy(ours.name, other.name)))
    yield from alarms or [Check(title, "PASS", f"none is significantly better than {ours.name}")]


def _remedy(ours: str, better: str) -> str:
    """Return the advice about a model that is better than the one of the run."""
    if better in CONSTANTS:
        return f"{ours} has learned nothing: look at the data warnings and the diagnosis"
    kind = next(kind for kind, titles in TITLES.items() if better in titles.values())
    more = (
        ", or try ellayer sweep, --preset best or --recipe full"
        if ours == TITLES["network"]["classes"]
        else ""
    )
    return f"take it with --model {kind}{more}"
