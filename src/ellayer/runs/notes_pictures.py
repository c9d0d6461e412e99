"""Pictures of a run on a named data set: the data, the costs, the decision boundary, the mislabelled images."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from ..core.inference import class_index
from ..data import Dataset
from ..report.plots_data import cost_curves, data_points, decision_boundaries, image_grid
from .notes_networks import TrainedNetwork, per_cent

MOST_IMAGES = 15


def draw(dataset: Dataset, networks: Sequence[TrainedNetwork]) -> dict[str, Figure]:
    """Draw the data, the costs of all networks, and their decision boundaries if there are two features.

    Parameters
    ----------
    dataset : Dataset
    networks : sequence of TrainedNetwork
        With the network last.

    Returns
    -------
    dict of str to Figure
        "data", "cost", "boundary".
    """
    figures = {"data": _data(dataset)}
    costs = networks[-1].curve[1]
    title = f"{dataset.name}: the network's cost goes from {costs[0]:.3f} to {costs[-1]:.3f}"
    curves = {f"{network.name} {network.sizes}": network.curve for network in networks}
    figures["cost"] = cost_curves(curves, title)
    if len(dataset.X) == 2:
        panels = {f"{n.name} {n.sizes}: accuracy {per_cent(n.accuracy, 2)}": n for n in networks}
        title = f"{dataset.name}: predictions of each model"
        figures["boundary"] = boundaries(dataset, panels, title)
    return figures


def boundaries(dataset: Dataset, panels: dict[str, TrainedNetwork], title: str, columns: int = 2) -> Figure:
    """Draw a panel with the decision boundary of each network.

    Parameters
    ----------
    dataset : Dataset
        Of two features.
    panels : dict of str to TrainedNetwork
        By title.
    title : str
    columns : int
        Panels side by side.
    """
    models = {name: network.result.predict_proba for name, network in panels.items()}
    return decision_boundaries(
        models, dataset.X, dataset.Y, title, dataset.classes, dataset.feature_names or (), columns
    )


def _data(dataset: Dataset) -> Figure:
    labels, (n, m) = class_index(dataset.Y), dataset.X.shape
    if dataset.image_shape:
        images = [dataset.X[:, i].reshape(dataset.image_shape) for i in range(min(MOST_IMAGES, m))]
        captions = [dataset.classes[label] for label in labels[: len(images)]]
        title = f"{dataset.name}: the first {len(images)} of {m} training images"
        return image_grid(images, captions, title)
    counts = ", ".join(f"{np.sum(labels == k)} {c}" for k, c in enumerate(dataset.classes))
    title = f"{dataset.name}: {counts}" if len(dataset.classes) < 4 else f"{dataset.name}: {m} examples"
    title += "" if n <= 2 else ",\nprojected on the first two principal components"
    return data_points(dataset.X, dataset.Y, title, dataset.classes, dataset.feature_names or ())
