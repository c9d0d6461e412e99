"""Pages of a server: its models, a form to predict one row, and its endpoints."""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from .models import ModelStore, ServedModel
from .openapi import openapi

if TYPE_CHECKING:
    from jinja2 import Template


@functools.cache
def _template(name: str) -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    templates = Environment(
        loader=PackageLoader("ellayer.serve"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    return templates.get_template(name)


def index_page(store: ModelStore) -> str:
    """Return the page that lists the models."""
    return _template("index.html").render(models=list(store))


def model_page(model: ServedModel) -> str:
    """Return the page with a form to predict one row."""
    saved = model.saved
    example = {field.name: _example(field.levels, field.low) for field in model.fields}
    return _template("model.html").render(
        model=model,
        target=saved.target,
        can_explain=saved.prepares_tables and getattr(saved.model, "model", "network") != "boosting",
        has_intervals=hasattr(saved.model, "predict_interval"),
        request=_in_quotes({"rows": [example or [0.0] * len(model.columns)]}),
    )


def _in_quotes(content: dict[str, Any]) -> str:
    r"""Return JSON that may stand in the quotation marks of a shell.

    >>> print(_in_quotes({"a": "it's"}))
    {"a": "it'\''s"}
    """
    return json.dumps(content, ensure_ascii=False)[:2000].replace("'", "'\\''")


def _example(levels: tuple[str, ...], low: float | None) -> object:
    return levels[0] if levels else low


def api_page(store: ModelStore) -> str:
    """Return the page that lists the endpoints."""
    document = openapi(store)
    endpoints = [
        (path, method.upper(), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    tags = dict.fromkeys(operation["tags"][0] for _, _, operation in endpoints)
    groups = {tag: [entry for entry in endpoints if entry[2]["tags"][0] == tag] for tag in tags}
    return _template("api.html").render(groups=groups)


@functools.cache
def stylesheet() -> str:
    """Return the style of the pages: that of the reports, and that of the form."""
    report = files("ellayer.report").joinpath("templates/report.css").read_text(encoding="utf-8")
    return report + files("ellayer.serve").joinpath("templates/serve.css").read_text(encoding="utf-8")
