"""Text from the document of a run: the templates' environment, and tables of scores."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypedDict

from .._wording import pluralize
from ..core.metrics import METRICS, Metric
from . import number_text, sentences
from .document_types import ReportDocument, ScoreFacts
from .run_facts import Score

if TYPE_CHECKING:
    from jinja2 import Environment

_MARKDOWN = re.compile(r"([\\`*_\[\]<>|~$&])")


class ScoreCell(TypedDict):
    """A score of one model as text."""

    value: str
    interval: str
    best: bool


class ScoreRow(TypedDict):
    """One metric of all models."""

    metric: Metric
    cells: list[ScoreCell]


@lru_cache  # each compiles its templates once: a sweep writes a report for every trial
def environment(*, autoescape: bool) -> Environment:
    """Return the environment of the templates.

    Parameters
    ----------
    autoescape : bool
        For HTML; Markdown is escaped by the filter ``md``.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("ellayer.report"), autoescape=autoescape, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    templates.globals.update(
        seconds=lambda value: sentences.format_seconds(value).replace(" ", "\N{NO-BREAK SPACE}"),
        pluralize=pluralize,
        number=number_text.format_number,
        per_cent=sentences.per_cent,
        describe_folds=sentences.describe_folds,
        class_shares=sentences.class_shares,
        metrics=METRICS,
        score=_score_text,
        interval=_interval_text,
    )
    templates.filters.update(
        keep_percents=sentences.keep_percents, capitalize_first=sentences.capitalize, md=escape_markdown
    )
    return templates


def _score_text(name: str, facts: ScoreFacts) -> str:
    return number_text.format_score(name, facts["value"])


def _interval_text(name: str, facts: ScoreFacts) -> str:
    return number_text.format_interval(name, Score.from_json(facts))


def escape_markdown(text: object) -> str:
    """Return a text of one line in which no character is markup.

    >>> escape_markdown("a|b_c" + chr(10) + "<b>")
    'a\\\\|b\\\\_c \\\\<b\\\\>'
    """
    return _MARKDOWN.sub(r"\\\1", " ".join(str(text).split()))


def score_rows(scores: Mapping[str, Mapping[str, ScoreFacts]]) -> dict[str, object] | None:
    """Return the models, and a row of texts for each metric; None without a model.

    Parameters
    ----------
    scores : mapping of str to mapping of str to ScoreFacts
        By model, then by metric.
    """
    if not scores:
        return None
    names = list(dict.fromkeys(name for of_model in scores.values() for name in of_model))
    rows = [ScoreRow(metric=METRICS[name], cells=_cells(name, scores)) for name in names]
    return {"models": list(scores), "rows": rows}


def _cells(name: str, scores: Mapping[str, Mapping[str, ScoreFacts]]) -> list[ScoreCell]:
    """Return one metric of each model as text; the best is marked if there are several models."""
    column = [of_model.get(name) for of_model in scores.values()]
    values = [facts["value"] for facts in column if facts is not None and facts["value"] is not None]
    best = (max if METRICS[name].maximize else min)(values) if len(values) > 1 else None
    return [
        ScoreCell(value="–", interval="–", best=False)
        if facts is None
        else ScoreCell(
            value=_score_text(name, facts),
            interval=_interval_text(name, facts),
            best=best is not None and facts["value"] == best,
        )
        for facts in column
    ]


def model_card(document: ReportDocument) -> str:
    """Return the model card of a run as Markdown.

    Parameters
    ----------
    document : ReportDocument
    """
    template = environment(autoescape=False).get_template("model_card.md")
    alarms = [check for check in document["checks"] if check["grade"] != "PASS"]
    text = template.render(report=document, scores=score_rows(document["scores"]), alarms=alarms)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
