"""What ``ellayer train`` does between reading the options and writing the folder."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import UsageError
from .config import read_activations
from .folder import output_folder
from .notes_models import Model, fit
from .notes_prepare import Standardised, prepare
from .notes_recipes import RECIPES, Recipe
from .progress import StartProgress, no_progress

if TYPE_CHECKING:
    from ..core.network import Network
    from ..data import Dataset


@dataclass(frozen=True)
class Job:
    """What is to be trained.

    Parameters
    ----------
    name : str
        The data set.
    data : Path or None
        The folder of its files.
    recipe : Recipe
    layers : list of int
        Sizes of the hidden layers.
    activations : str or list of str
    settings : dict
        The network's, as ``ellayer.train``.
    baseline_iterations : int
    """

    name: str
    data: Path | None
    recipe: Recipe
    layers: list[int]
    activations: str | list[str]
    settings: dict[str, Any]
    baseline_iterations: int


@dataclass
class Training:
    """What came out of a job: the network, the baseline (unless Ctrl-C came before it), and notes."""

    job: Job
    dataset: Dataset
    standardised: Standardised | None
    network: Model
    notes: list[str]
    baseline: Model | None = None
    interrupted: bool = False

    @property
    def models(self) -> list[Model]:
        """The models trained, the simpler first."""
        return [model for model in (self.baseline, self.network) if model]

    @property
    def diverged(self) -> bool:
        """Whether a cost stopped being a number."""
        return any(model.result.stopped_by == "divergence" for model in self.models)


@dataclass(frozen=True)
class NamedRun:
    """A finished run on a named data set: its folder, and its summary as in ``run.json`` and with the costs."""

    training: Training
    summary: dict[str, Any]
    path: Path


def run_named(
    settings: Mapping[str, Any], out: Path | None = None, start: StartProgress = no_progress
) -> NamedRun:
    """Train on a named data set and write the folder.

    Parameters
    ----------
    settings : mapping
        Keyed by the names of the options.
    out : Path, optional
        The folder; ``runs/NAME-N`` by default.
    start : callable, optional
    """
    from ..data import load

    job = _job(settings)
    dataset = load(job.name, data=job.data)
    with output_folder(out, job.name) as folder:
        training = train_job(job, dataset, start)
        from .notes_artifacts import write_run  # matplotlib: only once there is something to draw

        summary = write_run(folder.staging, training)
        return NamedRun(training, summary, folder.finish())


def _job(settings: Mapping[str, Any]) -> Job:
    name, data = settings["source"], settings.get("data")
    if name == "cats" and data is None:
        raise UsageError(
            "cats is read from files: expected --data DIR, the folder of train_catvnoncat.h5 and "
            "test_catvnoncat.h5; try ellayer train cats --data path/to/folder"
        )
    recipe = RECIPES[name]
    told = {"seed": recipe.seed, "initializer": recipe.initializer, "num_iterations": recipe.iterations,
            "optimizer": "gd", "batch_size": None, "l2": 0.0, "dropout": 0.0, "engine": "auto"}  # fmt: skip
    iterations = settings.get("iterations")
    told |= {key: settings[key] for key in told if key in settings}
    told["num_iterations"] = recipe.iterations if iterations is None else iterations
    own_rate = told["optimizer"] != "gd"
    told["learning_rate"] = settings.get("learning_rate", None if own_rate else recipe.learning_rate)
    return Job(
        name=name,
        data=None if data is None else Path(data),
        recipe=recipe,
        layers=list(settings.get("layers", recipe.layers)),
        activations=read_activations(settings.get("activation", recipe.activation)),
        settings=told,
        baseline_iterations=recipe.baseline_iterations if iterations is None else iterations,
    )


def train_job(job: Job, dataset: Dataset, start: StartProgress) -> Training:
    """Train the network of a job, then the network without a hidden layer to compare with.

    Parameters
    ----------
    job : Job
    dataset : Dataset
    start : callable
        ``start(label, total)`` returns a progress function.

    Returns
    -------
    Training
    """
    from ..core.network import Network

    dataset, standardised, notes = prepare(dataset, job.recipe)
    n_x, n_y = len(dataset.X), len(dataset.Y)
    network = Network([n_x, *job.layers, n_y], job.activations)
    check_memory(network, dataset.X.shape[1])
    record_every = max(1, job.settings["num_iterations"] // 100)

    def run(name: str, network: Network, settings: dict[str, Any]) -> Model:
        progress = start(name, settings["num_iterations"])
        return fit(name, dataset, network, **settings, record_every=record_every, progress=progress)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        training = Training(job, dataset, standardised, run("network", network, job.settings), notes)
        training.interrupted = training.network.result.stopped_by == "interrupted"
        if not training.interrupted:
            name = "logistic regression" if n_y == 1 else "softmax regression"
            try:
                training.baseline = run(name, Network([n_x, n_y]), _baseline(job))
                training.interrupted = training.baseline.result.stopped_by == "interrupted"
            except KeyboardInterrupt:
                training.interrupted = True
    notes += dict.fromkeys(str(w.message) for w in caught if issubclass(w.category, UserWarning))
    if training.interrupted:
        done = (f"{m.name} after {m.result.state.step} of {m.planned} updates" for m in training.models)
        notes.append(f"interrupted by Ctrl-C; what was reached is saved: {', '.join(done)}")
    return training


def check_memory(network: Network, m: int) -> None:
    """Refuse a network whose numbers would not fit into this machine's memory.

    Parameters, gradients and their products, and Z, A and dZ of every layer for m examples, float64.
    """
    if not hasattr(os, "sysconf"):
        return
    available = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = 24 * (network.parameter_count + sum(network.layer_dims) * m)
    if needed > available:
        raise UsageError(
            f"--layers: expected a network that fits into {available / 1e9:.0f} GB of memory, received "
            f"{list(network.layer_dims[1:-1])}, which needs about {needed / 1e9:.0f} GB; try fewer units"
        )


def _baseline(job: Job) -> dict[str, Any]:
    """Gradient descent from zeros: with no hidden layer the cost is convex and needs no more."""
    return {
        "initializer": "zeros",
        "learning_rate": job.recipe.baseline_rate,
        "num_iterations": job.baseline_iterations,
        "engine": job.settings["engine"],
    }
