"""The pictures in the folder of a run on a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from ..report import plots_quality as judged_plots
from ..report import titles
from ..report.mistakes import largest_mistakes
from ..report.plots_data import image_grid
from ..report.run_facts import Predictions, RunFacts
from ..report.style import save_picture

MOST_IMAGES = 30


def draw_run(folder: Path, facts: RunFacts) -> None:
    """Draw the cost, what was taken for what, what matters and, of images, the mistakes; as far as there is any.

    Parameters
    ----------
    folder : Path
    facts : RunFacts
    """
    for name, figure in _figures(facts).items():
        save_picture(figure, folder / f"{name}.png")


def _figures(facts: RunFacts) -> dict[str, Figure]:
    found = {}
    if facts.history and len(facts.history) > 1:
        found["cost"] = judged_plots.learning_curves(facts.history, facts.best_epoch, titles.of_curves(facts))
    if facts.models and len(facts.y):
        ours = facts.models[0]
        if facts.task == "numbers":
            found |= _of_numbers(facts, ours)
        else:
            found["confusion"] = judged_plots.confusion_matrix(
                facts.y, ours.prediction, facts.classes, titles.of_confusion(facts, ours)
            )
        if facts.images is not None:
            found["mislabelled"] = _mislabelled(facts, ours)
    if facts.importance:
        found["importance"] = judged_plots.importance_bars(
            facts.importance, facts.importance_of, titles.of_importance(facts)
        )
    return found


def _of_numbers(facts: RunFacts, ours: Predictions) -> dict[str, Figure]:
    y, said = np.asarray(facts.y, dtype=float), np.asarray(ours.prediction, dtype=float).ravel()
    if not (np.isfinite(y) & np.isfinite(said)).any():
        return {}
    title = titles.of_errors(y, said)
    return {"predicted": judged_plots.predicted_against_true(y, said, title, facts.target)}


def _mislabelled(facts: RunFacts, ours: Predictions) -> Figure:
    """The images that were called wrong, those whose true class got the least probability first."""
    assert facts.images is not None
    wrong = largest_mistakes(facts, ours, len(facts.y))
    of = "called wrong" if facts.task == "classes" else "judged, the largest errors first"
    title = f"{len(wrong)} of {len(facts.y)} images ({facts.held_out_on}) are {of}"
    if len(wrong) > MOST_IMAGES:
        title += f"\n(the {MOST_IMAGES} worst)"
    shown = wrong[:MOST_IMAGES]
    captions = [f"{row.truth}\ncalled {row.said}" for row in shown]
    return image_grid([facts.images[row.place] for row in shown], captions, title)
