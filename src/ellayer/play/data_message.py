"""The examples and the network of a run, as messages for the page."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._samples import even_sample
from ..core.network import Network
from ..engine.state import Parameters
from . import limits
from .frames import shown_parameters, statistics_step
from .messages import JsonObject
from .planes import Plane, bounds
from .problem import Problem
from .run import Run

PICTURES = 24


def data_message(run: Run) -> JsonObject:
    """Return the examples of a run: points of the plane, or some pictures."""
    problem = run.problem
    values = np.append(problem.y, problem.y_test)
    notes = list(problem.notes)
    if run.every > 1:
        notes.append(f"costs are those of every {run.every}th example")
    if (step := statistics_step(len(problem.train))) > 1:
        notes.append(f"scores of the training set are those of every {step}th example")
    features = list(problem.features)
    if len(features) > limits.FEATURES_SHOWN:
        notes.append(f"{limits.FEATURES_SHOWN} of {len(features):,} columns are listed for the axes")
        features = [*dict.fromkeys([*(problem.plane.names if problem.plane else ()), *features])][
            : limits.FEATURES_SHOWN
        ]
    content: JsonObject = {
        "type": "data",
        "task": problem.task,
        "name": problem.rows.name,
        "about": problem.rows.about,
        "features": features,
        "classes": list(problem.classes),
        "axes": None if problem.plane is None else _axes(problem.plane),
        "train": len(problem.train),
        "test": len(problem.test),
        "points": _points(problem),
        "target_range": None if problem.classes else [float(values.min()), float(values.max())],
        "notes": notes,
    }
    shape = problem.rows.image_shape
    if shape is not None and len(shape) == 2:
        some = problem.in_units(problem.train[:PICTURES]).T
        content["pictures"] = {
            "width": shape[1],
            "height": shape[0],
            "pixels": np.clip(some * 255, 0, 255).round().astype(int).tolist(),
            "labels": problem.y[:PICTURES].tolist(),
            "indices": problem.train[:PICTURES].tolist(),
        }
    return content


def _axes(plane: Plane) -> JsonObject:
    limits_of_axes = bounds(plane)
    return {
        "names": list(plane.names),
        "lower": limits_of_axes[:, 0].tolist(),
        "upper": limits_of_axes[:, 1].tolist(),
    }


def _points(problem: Problem) -> list[list[float | None]]:
    """Return [a, b, label, is test, number] of each example; of many, those of an evenly spaced sample."""
    y = np.append(problem.y, problem.y_test)
    numbers = np.append(problem.train, problem.test)
    is_test = np.repeat([0, 1], [len(problem.train), len(problem.test)])
    some = even_sample(len(y), limits.POINTS_SHOWN)
    rows: list[list[float | None]] = []
    places = [[None, None]] * len(some) if problem.plane is None else problem.plane.places[:, some].T.tolist()
    for place, label, test, number in zip(
        places, y[some].tolist(), is_test[some].tolist(), numbers[some].tolist(), strict=True
    ):
        rows.append([*place, label, test, number])
    return rows


def network_message(network: Network, parameters: Parameters, names: Sequence[str]) -> JsonObject:
    """Return the layers of a network with their weights and biases; of wide layers the first units.

    Parameters
    ----------
    network : Network
    parameters : dict
    names : sequence of str
        Of the rows of A^[0].
    """
    most = limits.SHOWN
    layers = shown_parameters(network, parameters)
    cut = [width for width in network.widths if width > most]
    return {
        "type": "network",
        "input": list(names[:most]),
        "layers": [
            {"units": units, "activation": activation, "shown": min(units, most)}
            for units, activation in zip(network.layer_dims[1:], network.activations, strict=True)
        ],
        "loss": network.loss,
        "W": [_plain(W) for W, _ in layers],
        "b": [_plain(b[:, 0]) for _, b in layers],
        "note": f"the first {most} units and inputs of each layer are shown" if cut else "",
    }


def _plain(values: np.ndarray) -> object:
    return np.where(np.isfinite(values), values, 0.0).tolist()
