"""The numbers of one picture of a run: costs, scores, statistics of the layers, and planes of bytes."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Sequence

import numpy as np

from .._json import finite
from ..core.inference import class_index, outputs
from ..core.metrics import METRICS
from ..core.network import Network
from ..core.propagation import Cache, L_model_forward
from ..engine.history import History
from ..engine.state import Parameters
from ..inspection.diagnosis import diagnose
from ..inspection.diagnosis_input import Curve, LayerFigures, run_sample
from ..inspection.model_parts import unpack_for_inspection
from . import limits
from .errors import StateError
from .messages import JsonObject, finding_rows
from .planes import grid
from .problem import Problem
from .run import Run

EXAMPLES = 2_000  # of statistics, evenly spread
MOST_CLASSES = 20  # of a confusion matrix
GRID, UNIT_GRID = 64, 32  # points along a side of a plane
PLANE_NUMBERS = 40_000_000  # multiplications for a plane; a larger network has one of UNIT_GRID points
PLANE, UNITS, NUMBERS, PICTURES = 1, 2, 3, 4  # kinds of binary messages
Outputs = Callable[[np.ndarray], np.ndarray]


class FrameMaker:
    """Maker of the frames of one run; everything that does not change is computed once.

    Parameters
    ----------
    run : Run
    whole : callable, optional
        Takes inputs (n_x, m), and returns the outputs (n_L, m) of the whole model whose member the run trains.
    plane_of : {"member", "mean"}
        Whether the plane is that of the run, or of the whole model if there is one.
    """

    def __init__(self, run: Run, whole: Outputs | None = None, plane_of: str = "member") -> None:
        self.run, self._whole = run, whole
        self.plane_of: str = "member" if whole is None else plane_of
        problem = run.problem
        self._size = GRID if GRID**2 * run.network.parameter_count <= PLANE_NUMBERS else UNIT_GRID
        self._grid = None if problem.plane is None else grid(problem.plane, self._size)
        self._numbers = slice(None, None, statistics_step(problem.X.shape[1]))
        values = np.append(problem.y, problem.y_test)
        self._range = None if problem.classes or problem.plane is None else _range(values)

    def choose_plane(self, of: str) -> str:
        """Draw the plane of the run ("member") or of the whole model ("mean"), and return which.

        Raises
        ------
        StateError
        """
        known = ("member",) if self._whole is None else ("member", "mean")
        if of not in known:
            raise StateError("", f"of: expected {' or '.join(known)} for this model, received {of[:40]!r}")
        self.plane_of = of
        return of

    def frame(self, number: int, running: bool, speed: float) -> tuple[JsonObject, list[bytes]]:
        """Return the message of a frame without its diagnosis, and the binary messages that follow it.

        Parameters
        ----------
        number : int
        running : bool
        speed : float
            Iterations per second.
        """
        run = self.run
        score, confusions = self._scores()
        train_cost, test_cost = run.shown_cost
        planes, scales = self._planes(number)
        binary = [*planes, _message(number, NUMBERS, *_flat(run.network, run.parameters))]
        content: JsonObject = {
            "type": "frame",
            "frame": number,
            "iteration": run.iteration,
            "epoch": run.iteration / run.updates_per_epoch,
            "cost": {"train": finite(train_cost), "test": finite(test_cost)},
            "score": score,
            "per_layer": self._layers(),
            "learning_rate": run.learning_rate,
            "iterations_per_second": round(speed),
            "running": running,
            "finished": run.finished,
            "plane_range": self._range,
            "plane_of": self.plane_of,
            "unit_scale": scales,
            "text": _text(run, score),
            "binary": len(binary),
        }
        if confusions:
            content["confusions"] = confusions
        return content, binary

    def diagnosis(self) -> list[JsonObject]:
        """Return the findings about the run as it is now."""
        run, problem = self.run, self.run.problem
        result = run.result()
        curve = [point for point in run.curve if math.isfinite(point[1])]
        result.history = History(
            {
                "iteration": [point[0] for point in curve],
                "loss": [point[1] for point in curve],
                "learning_rate": [run.learning_rate] * len(curve),
                **({"validation_loss": [point[2] for point in curve]} if problem.has_test_set else {}),
            }
        )
        some = self._numbers
        held_out = (problem.X_test[:, some], run.Y_test[:, some]) if problem.has_test_set else None
        with np.errstate(all="ignore"):
            return finding_rows(diagnose(result, problem.X[:, some], run.Y[:, some], validation=held_out))

    def _scores(self) -> tuple[JsonObject, dict[str, list[list[int]] | None]]:
        """Return the score and the confusion matrix of both sets; no matrices for numbers and for very many classes."""
        run, problem = self.run, self.run.problem
        some = self._numbers
        sets = (("train", problem.X[:, some], problem.y[some]), ("test", problem.X_test, problem.y_test))
        name = "accuracy" if problem.classes else "r2"
        K = len(problem.classes)
        score: JsonObject = {"name": METRICS[name].title}
        confusions: dict[str, list[list[int]] | None] = {}
        for part, X, y in sets:
            with np.errstate(all="ignore"):
                AL, _ = outputs(X, run.parameters, run.network)
            prediction = class_index(AL) if K else AL[0]
            score[part] = finite(METRICS[name].value(y, prediction, K=K)) if len(y) else None
            if 1 < K <= MOST_CLASSES:
                counts = np.bincount(y * K + prediction, minlength=K * K).reshape(K, K)
                confusions[part] = counts.tolist() if len(y) else None
        return score, confusions

    def _layers(self) -> list[JsonObject]:
        run = self.run
        some = self._numbers
        inspected = unpack_for_inspection(run.result())
        curve = Curve.of(run.result(), inspected)
        X, Y = run.problem.X[:, some], run.Y[:, some]
        figures = run_sample(run.network, run.parameters, curve, X, Y, 1).layers
        with np.errstate(all="ignore"):
            caches = L_model_forward(X, run.parameters, run.network)[1]
            return [_layer(one, cache) for one, cache in zip(figures, caches, strict=True)]

    def _planes(self, number: int) -> tuple[list[bytes], list[list[float]]]:
        """Return the planes of output and hidden units, or the weight pictures; and the scale of each unit."""
        run, problem = self.run, self.run.problem
        if self._grid is None:
            return _weight_pictures(number, run, problem)
        with np.errstate(all="ignore"):
            AL, caches = L_model_forward(self._grid, run.parameters, run.network)
        size = self._size
        step = size // UNIT_GRID
        side = size
        if self._whole is not None and self.plane_of == "mean":
            cube = self._grid.reshape(-1, size, size)[:, ::step, ::step]
            AL, side = self._whole(cube.reshape(len(cube), -1)), UNIT_GRID
        low, high = self._range or (0.0, 1.0)
        output = (AL - low) / (high - low) * 255
        messages = [_message(number, PLANE, _bytes(output), side, side, len(AL))]
        units, scales = [], []
        for cache in caches[:-1]:
            A = cache.A[: limits.SHOWN].reshape(-1, size, size)[:, ::step, ::step]
            pictures, scale = _signed_bytes(A.reshape(len(A), -1))
            units.append(pictures)
            scales.append(scale)
        if units:
            planes = np.concatenate(units)
            messages.append(_message(number, UNITS, planes.tobytes(), UNIT_GRID, UNIT_GRID, len(planes)))
        return messages, scales


def statistics_step(m: int) -> int:
    """Return the step between the training examples of scores and statistics."""
    return max(1, -(-m // EXAMPLES))


def _range(values: np.ndarray) -> list[float]:
    low, high = float(values.min()), float(values.max())
    return [low, high if high > low else low + 1.0]


def _layer(figures: LayerFigures, cache: Cache) -> JsonObject:
    numbers = {
        "gradient_norm": figures.gradient,
        "update_ratio": figures.update,
        "weight_norm": float(np.linalg.norm(cache.W)),
        "activation_mean": float(cache.A.mean()),
        "activation_std": float(cache.A.std()),
        "saturated": figures.saturated,
        "dead": figures.dead,
    }
    return {"layer": figures.layer, **{name: finite(value) for name, value in numbers.items()}}


def _bytes(values: np.ndarray) -> bytes:
    return np.clip(np.nan_to_num(values, nan=128.0), 0, 255).round().astype(np.uint8).tobytes()


def _signed_bytes(values: np.ndarray) -> tuple[np.ndarray, list[float]]:
    """Return rows as bytes, 128 for 0, and the largest absolute value of each row."""
    values = np.nan_to_num(values, nan=0.0, posinf=1e30, neginf=-1e30)
    scale = np.abs(values).max(axis=1, keepdims=True)
    shares = values / np.where(scale > 0, scale, 1.0)
    return (128 + 127 * shares).round().astype(np.uint8), scale[:, 0].tolist()


def _weight_pictures(number: int, run: Run, problem: Problem) -> tuple[list[bytes], list[list[float]]]:
    shape = problem.rows.image_shape
    if shape is None or len(shape) != 2 or run.network.widths[0] != shape[0] * shape[1]:
        return [], []
    pictures, scale = _signed_bytes(run.parameters["W1"][: limits.SHOWN])
    return [_message(number, PICTURES, pictures.tobytes(), shape[1], shape[0], len(pictures))], [scale]


def _flat(network: Network, parameters: Parameters) -> tuple[bytes, int, int, int]:
    """Return the shown weights and biases as 32-bit numbers, and their number."""
    parts: list[np.ndarray] = []
    for W, b in shown_parameters(network, parameters):
        parts += [W.ravel(), b.ravel()]
    with np.errstate(over="ignore"):
        flat = np.concatenate(parts).astype("<f4")
    return flat.tobytes(), len(flat), 1, 1


def shown_parameters(network: Network, parameters: Parameters) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return the part of W and b of each layer that is drawn."""
    most = limits.SHOWN
    return [(parameters[f"W{l}"][:most, :most], parameters[f"b{l}"][:most]) for l in range(1, network.L + 1)]


def _message(number: int, kind: int, body: bytes, width: int, height: int, planes: int) -> bytes:
    return struct.pack("<5I", number, kind, width, height, planes) + body


def finite_curve(points: Sequence[tuple[int, float, float]]) -> list[list[float | None]]:
    """Return points of a curve for JSON."""
    return [[iteration, finite(train), finite(test)] for iteration, train, test in points]


def _text(run: Run, score: JsonObject) -> str:
    """Return costs and scores as a sentence."""
    train, test = run.shown_cost
    parts = [f"Iteration {run.iteration:,}: training cost {train:.4g}"]
    if run.problem.has_test_set:
        parts.append(f"test cost {test:.4g}")
    for part in ("train", "test"):
        value = score[part]
        if isinstance(value, float):
            figure = f"{100 * value:.1f} %" if run.problem.classes else f"{value:.3f}"
            parts.append(f"{'training' if part == 'train' else 'test'} {score['name']} {figure}")
    endings = {"iterations": "stopped after the iterations of the stop rule", "divergence": "stopped: the cost is no longer finite",
               "patience": "stopped: the test cost no longer improves"}  # fmt: skip
    if run.finished:
        parts.append(endings[run.finished])
    return ", ".join(parts) + "."
