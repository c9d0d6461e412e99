"""The notes' experiments on the cats, from the two HDF5 files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ..._progress_bars import StartProgress
from ...core.network import Network
from ...data import Dataset
from ...report.plots_data import cost_curves, image_grid
from ...report.run_facts import RunFacts
from ...report.style import save_picture
from ...runs.notes_networks import TrainedNetwork, per_cent, train_whole
from ...runs.notes_trainer import as_examples
from ...runs.predictions import predict
from ...runs.report_files import draw_mistakes
from . import published
from .comparisons import Comparison, compare_training


def reproduce_cats(
    dataset: Dataset, picture: tuple[str, np.ndarray] | None, folder: Path, start: StartProgress
) -> list[Comparison]:
    """Train logistic regression, the two-layer and the deep network on the cats.

    Parameters
    ----------
    dataset : Dataset
    picture : (str, array (n_x, 1)) or None
        Name and pixels of the user's image.
    folder : Path
        For the pictures.
    start : callable
        ``start(label, total)`` returns a progress function.

    Returns
    -------
    list of Comparison
    """
    return [
        *_logistic(dataset, start),
        *_learning_rates(dataset, folder, start),
        *_two_layer(dataset, start),
        *_deep(dataset, picture, folder, start),
    ]


def _fit(
    name: str, dataset: Dataset, hidden: list[int], start: StartProgress, iterations: int, **settings: Any
) -> TrainedNetwork:
    return train_whole(
        name, dataset, Network([len(dataset.X), *hidden, 1]), **settings, num_iterations=iterations, record_every=100,
        progress=start(f"cats: {name}", iterations),
    )  # fmt: skip


def _logistic(dataset: Dataset, start: StartProgress) -> list[Comparison]:
    model = _fit("logistic regression", dataset, [], start, 2000, initializer="zeros", learning_rate=0.005)
    return compare_training("cats, logistic regression", model, published.CATS_LOGISTIC_COSTS,
                            published.CATS_LOGISTIC_ACCURACY)  # fmt: skip


def _learning_rates(dataset: Dataset, folder: Path, start: StartProgress) -> list[Comparison]:
    models = {
        rate: _fit(f"learning rate {rate}", dataset, [], start, 1500, initializer="zeros", learning_rate=rate)
        for rate in published.CATS_LEARNING_RATES
    }
    figure = cost_curves(
        {model.name: model.curve for model in models.values()},
        "Logistic regression on the cats: large learning rates converge fast but unevenly, small ones slowly",
    )
    save_picture(figure, folder / "learning_rates.png")
    return [
        Comparison("cats, learning rates", f"last cost with {rate}", "", f"{model.curve[1][-1]:.6f}", None)
        for rate, model in models.items()
    ]


def _two_layer(dataset: Dataset, start: StartProgress) -> list[Comparison]:
    model = _fit(
        "two-layer network", dataset, [7], start, 2500, initializer="randn", seed=1, learning_rate=0.0075
    )
    return compare_training(f"cats, network {model.sizes}", model, published.CATS_TWO_LAYER_COSTS,
                            published.CATS_TWO_LAYER_ACCURACY)  # fmt: skip


def _deep(
    dataset: Dataset, picture: tuple[str, np.ndarray] | None, folder: Path, start: StartProgress
) -> list[Comparison]:
    model = _fit("deep network", dataset, [20, 7, 5], start, 2500, initializer="randn_over_sqrt", seed=1,
                 learning_rate=0.0075)  # fmt: skip
    title = f"cats, network {model.sizes}"
    wrong, count = _draw_mistakes(dataset, model, folder / "mislabelled.png")
    rows = [
        *compare_training(title, model, published.CATS_DEEP_COSTS, published.CATS_DEEP_ACCURACY),
        Comparison(title, "mislabelled test images", "", f"{wrong} of {count}", None),
    ]
    if picture:
        rows.append(_own_picture(dataset, model, *picture, folder))
    return rows


def _draw_mistakes(dataset: Dataset, model: TrainedNetwork, path: Path) -> tuple[int, int]:
    """Draw the misclassified test images; return their number and the number of all."""
    examples, classes = as_examples(dataset, test=True), list(dataset.classes)
    predictions = predict(f"{model.name} {model.sizes}", model.result, examples.X, classes)
    y = np.asarray(examples.y)
    facts = RunFacts(
        name=dataset.name, task="classes", target="the class", classes=classes, network=model.result.network, y=y,
        models=[predictions], held_out_on="test examples",
        images=np.asarray(examples.X).reshape(-1, *(dataset.image_shape or ())),
    )  # fmt: skip
    save_picture(draw_mistakes(facts, predictions), path)
    return int(np.sum(predictions.prediction != y)), len(y)


def _own_picture(
    dataset: Dataset, model: TrainedNetwork, name: str, x: np.ndarray, folder: Path
) -> Comparison:
    probability = float(model.result.predict_proba(x)[0, 0])
    label = dataset.classes[int(probability > 0.5)]
    answer = f"{label} ({per_cent(max(probability, 1 - probability))})"
    image = x[:, 0].reshape(dataset.image_shape or (-1,))
    save_picture(
        image_grid([image], ["at the network's resolution"], f"{name}: {answer}"), folder / "own_picture.png"
    )
    return Comparison(f"cats, network {model.sizes}", f"prediction for {name}", "", answer, None)
