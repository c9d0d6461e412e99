"""The open model as a message for the page."""

from __future__ import annotations

import numpy as np

from .._json import finite
from .._samples import even_sample
from ..core.inference import class_index, outputs
from ..core.metrics import METRICS
from .all_members import averages
from .messages import JsonObject
from .opening import ModelCard, ReadOnlyModel, StartModel
from .run import Run

NO_MODEL: JsonObject = {"type": "model", "name": None}
EXAMPLES = 2_000  # of a score, of each set
LEVELS = 50  # of an embedding that are shown
Scores = tuple[list[JsonObject], JsonObject | None]


def score_members(model: StartModel, run: Run) -> Scores:
    """Return the scores of each member as opened, and those of all together."""
    problem = run.problem
    own = len(problem.rows.y)
    samples = {
        "train": even_sample(len(problem.train), EXAMPLES),
        "test": even_sample(len(problem.test), EXAMPLES),
    }
    sets = {"train": (problem.X, problem.y), "test": (problem.X_test, problem.y_test)}
    members: list[JsonObject] = []
    for parameters in model.members:
        scores: JsonObject = {}
        for part, (X, y) in sets.items():
            some = samples[part]
            with np.errstate(all="ignore"):
                AL, _ = outputs(X[:, some], parameters, run.network)
            scores[part] = _score(run, y[some], class_index(AL) if problem.classes else AL[0])
        members.append(scores)
    if model.predict is None:
        return members, None
    mean: JsonObject = {}
    for part, numbers in (("train", problem.train), ("test", problem.test)):
        rows = numbers[samples[part]]
        rows = rows[rows < own]
        mean[part] = _score(run, problem.rows.y[rows], model.predict(rows)) if len(rows) else None
    return members, mean


def _score(run: Run, y: np.ndarray, prediction: np.ndarray) -> float | None:
    K = len(run.problem.classes)
    metric = METRICS["accuracy" if K else "r2"]
    return finite(metric.value(y, prediction, K=K)) if len(y) else None


def model_message(model: StartModel, run: Run, scores: Scores) -> JsonObject:
    """Return the message about a model that a run continues."""
    members, mean = scores
    return {
        **_card(model.card),
        "read_only": False,
        "why": "",
        "score": METRICS["accuracy" if run.problem.classes else "r2"].title,
        "members": members,
        "mean": mean,
        "member": run.state["network"]["member"],
        "draws_mean": averages(model, run),
        "embeddings": _embeddings(model.card, run.parameters),
        "needs": None,
    }


def read_only_message(model: ReadOnlyModel) -> JsonObject:
    """Return the message about a model that can only be looked at."""
    needs = None
    if model.saved is not None:
        needs = {"columns": model.saved.needed, "target": model.saved.target or ""}
    return {
        **_card(model.card),
        "read_only": True,
        "why": model.why,
        "score": "",
        "members": [],
        "mean": None,
        "member": None,
        "draws_mean": False,
        "embeddings": _embeddings(model.card, model.parameters),
        "needs": needs,
    }


def _card(card: ModelCard) -> JsonObject:
    return {"type": "model", "name": card.name, "facts": [list(fact) for fact in card.facts]}


def _embeddings(card: ModelCard, parameters: dict[str, np.ndarray]) -> list[JsonObject]:
    """Return the table of each embedded category: a row of numbers for each level."""
    tables: list[JsonObject] = []
    for j, (column, levels) in enumerate(card.embedded, start=1):
        if f"E{j}" not in parameters:
            continue
        E = parameters[f"E{j}"]
        note = f"the first {LEVELS} of {len(levels)} levels" if len(levels) > LEVELS else ""
        values = np.where(np.isfinite(E), E, 0.0).T[:LEVELS].tolist()
        tables.append({"column": column, "levels": list(levels[:LEVELS]), "values": values, "note": note})
    return tables
