"""The experiments of the notes on the flower, which need no file."""

from __future__ import annotations

from pathlib import Path

from ..._progress_bars import StartProgress
from ...core.network import Network
from ...data import Dataset, load
from ...report.style import save_picture
from ...runs.notes_networks import TrainedNetwork, per_cent, train_whole
from ...runs.notes_pictures import boundaries
from . import published
from .comparisons import Comparison, compare_costs


def reproduce_flower(folder: Path, start: StartProgress) -> list[Comparison]:
    """Train logistic regression and the networks on the flower; draw their boundaries.

    Parameters
    ----------
    folder : Path
        For the pictures.
    start : callable
        ``start(label, total)`` returns a progress function.

    Returns
    -------
    list of Comparison
    """
    dataset = load("flower")
    return [*_four_units(dataset, folder, start), *_hidden_sizes(dataset, folder, start)]


def _four_units(dataset: Dataset, folder: Path, start: StartProgress) -> list[Comparison]:
    logistic = train_whole(
        "logistic regression", dataset, Network([2, 1]), initializer="zeros", learning_rate=1.2,
        num_iterations=10000, record_every=1000, progress=start("flower: logistic regression", 10000),
    )  # fmt: skip
    network = _network(dataset, 4, 10000, start)
    _draw([logistic, network], dataset, "Four hidden units separate the petals, logistic regression cannot",
          folder / "flower.png", columns=2)  # fmt: skip
    title = f"flower, network {network.sizes}"
    obtained = per_cent(logistic.train_accuracy)
    accuracy = per_cent(network.train_accuracy, 2)
    return [
        Comparison("flower, logistic regression", "accuracy", published.FLOWER_LOGISTIC_ACCURACY, obtained,
            obtained == published.FLOWER_LOGISTIC_ACCURACY),
        *compare_costs(title, network, published.FLOWER_COSTS, published.FLOWER_COST_RANGES),
        Comparison(title, "accuracy", published.FLOWER_ACCURACY, accuracy,
            f"{int(100 * network.train_accuracy)} %" == published.FLOWER_ACCURACY),
    ]  # fmt: skip


def _hidden_sizes(dataset: Dataset, folder: Path, start: StartProgress) -> list[Comparison]:
    models = {
        n_h: _network(dataset, n_h, published.HIDDEN_SIZES_ITERATIONS, start)
        for n_h in published.HIDDEN_SIZES
    }
    best = max(models, key=lambda n_h: models[n_h].train_accuracy)
    _draw(list(models.values()), dataset, f"Hidden layers of 1 to 50 units: {best} fit the flower best",
          folder / "hidden_sizes.png", columns=4)  # fmt: skip
    title = "flower, hidden layer sizes"
    rows = [
        Comparison(title, f"accuracy with {n_h}", "", per_cent(model.train_accuracy, 2), None)
        for n_h, model in models.items()
    ]
    highest = models[best].train_accuracy
    rows.append(
        Comparison(
            title, "best size", str(published.BEST_HIDDEN_SIZE), str(best), best == published.BEST_HIDDEN_SIZE
        )
    )
    rows.append(Comparison(title, "its accuracy", f"around {published.BEST_ACCURACY}", per_cent(highest, 2),
                    per_cent(highest) == published.BEST_ACCURACY))  # fmt: skip
    return rows


def _network(dataset: Dataset, n_h: int, iterations: int, start: StartProgress) -> TrainedNetwork:
    units = f"{n_h} hidden unit" + ("s" if n_h > 1 else "")
    return train_whole(
        units, dataset, Network([2, n_h, 1], "tanh"), initializer="randn", seed=2, learning_rate=1.2,
        num_iterations=iterations, record_every=1000, progress=start(f"flower: {units}", iterations),
    )  # fmt: skip


def _draw(models: list[TrainedNetwork], dataset: Dataset, title: str, path: Path, columns: int) -> None:
    panels = {f"{m.name}: accuracy {per_cent(m.train_accuracy, 2)}": m for m in models}
    save_picture(boundaries(dataset, panels, title, columns), path)
