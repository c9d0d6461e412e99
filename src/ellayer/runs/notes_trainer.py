"""Train on a named data set, as in the notes: a network, and one without a hidden layer for comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._progress_bars import StartProgress
from ..core.inference import class_index, fold_scaling
from ..core.network import Network
from ..data import Dataset, Examples
from ..engine.model import Model
from ..errors import UsageError
from .config import NAMED, as_list, read_activations
from .folder import OutputFolder
from .memory import check_memory
from .messages import collect_messages
from .notes_networks import TrainedNetwork, train_network
from .notes_recipes import RECIPES, Recipe
from .predictions import predict
from .saved_model import ModelExamples
from .trained_run import HeldOut, TrainedRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Settings of ``ellayer.train`` that are options, and their defaults.
_DEFAULTS = {"optimizer": "gd", "batch_size": None, "l2": 0.0, "dropout": 0.0, "engine": "auto"}


@dataclass(frozen=True)
class NotesTrainer:
    """A named data set, prepared by its recipe, and the settings of the networks.

    Attributes
    ----------
    dataset : Dataset
        Standardised if the recipe says so.
    scaling : dict
        "mean" and "scale" of each feature, (n_x, 1); empty if the features are used as they are.
    settings : dict
        Keyed by the names of the options; complete.
    network, baseline : dict
        Arguments of ``ellayer.train``.
    messages : list of str
    """

    dataset: Dataset
    scaling: dict[str, np.ndarray]
    settings: dict[str, Any]
    network: dict[str, Any]
    baseline: dict[str, Any]
    messages: list[str]

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> NotesTrainer:
        """Load the data set of the settings, and complete the settings by its recipe.

        Raises
        ------
        EllayerError
            If a setting or the files of the data set cannot be used.
        """
        from ..data import load

        name, data = settings["source"], settings.get("data")
        if name == "cats" and data is None:
            raise UsageError(
                "cats is read from files: expected --data DIR, the folder of train_catvnoncat.h5 and "
                "test_catvnoncat.h5; try ellayer train cats --data path/to/folder"
            )
        recipe = RECIPES[name]
        complete = _complete(settings, recipe)
        dataset, scaling, messages = _prepare(load(name, data=None if data is None else Path(data)), recipe)
        network = {key: complete[key] for key in ("seed", "initializer", "learning_rate", *_DEFAULTS)}
        # Gradient descent from zeros: without a hidden layer the cost is convex and needs no more.
        baseline = {
            "initializer": "zeros",
            "learning_rate": recipe.baseline_rate,
            "engine": complete["engine"],
        }
        network["device"] = baseline["device"] = complete["device"]
        network["num_iterations"] = complete["iterations"]
        baseline["num_iterations"] = settings.get("iterations", recipe.baseline_iterations)
        return cls(dataset, scaling, complete, network, baseline, messages)

    @property
    def name(self) -> str:
        """Name of the data set; the default name of the run's folder."""
        return self.dataset.name

    def train(self, folder: OutputFolder | None, resume: Path | None, start: StartProgress) -> TrainedRun:
        """Train the network, then the one without a hidden layer; Ctrl-C keeps the current state.

        Parameters
        ----------
        folder : OutputFolder or None
            Not used: no checkpoints are written.
        resume : Path or None
            Not used.
        start : callable
        """
        dataset = self.dataset
        n_x, n_y = len(dataset.X), len(dataset.Y)
        network = Network([n_x, *self.settings["layers"], n_y], read_activations(self.settings["activation"]))
        check_memory(network.layer_dims, dataset.X.shape[1])
        record_every = max(1, self.settings["iterations"] // 100)

        def fit(name: str, network: Network, options: dict[str, Any]) -> TrainedNetwork:
            progress = start(name, options["num_iterations"])
            return train_network(
                name, dataset, network, **options, record_every=record_every, progress=progress
            )

        with collect_messages() as messages:
            networks = [fit("network", network, self.network)]
            interrupted = networks[0].result.stopped_by == "interrupted"
            if not interrupted:
                try:
                    baseline = "logistic regression" if n_y == 1 else "softmax regression"
                    networks.append(fit(baseline, Network([n_x, n_y]), self.baseline))
                    interrupted = networks[1].result.stopped_by == "interrupted"
                except KeyboardInterrupt:
                    interrupted = True
        if interrupted:
            states = (
                f"{n.name} after {n.result.state.step} of {n.planned} updates" for n in reversed(networks)
            )
            messages.append(f"interrupted; the state reached is saved without a report: {', '.join(states)}")
        return self._result(networks, messages, interrupted)

    def _result(self, networks: list[TrainedNetwork], messages: list[str], interrupted: bool) -> NotesRun:
        from ..tables.survey import Survey

        dataset, result = self.dataset, networks[0].result
        m, m_test = dataset.X.shape[1], 0 if dataset.X_test is None else dataset.X_test.shape[1]
        return NotesRun(
            name=self.name, source=dataset.source, survey=Survey(m, "the class", "classes"),
            classes=list(dataset.classes), train=as_examples(dataset),
            rows={"train": m, "test": m_test} if m_test else {"train": m},
            model=result, epochs=result.state.step, settings=self.settings,
            messages=[*self.messages, *messages], seconds={"fitting": result.seconds}, interrupted=interrupted,
            diverged=any(n.result.stopped_by == "divergence" for n in networks),
            dataset=dataset, networks=networks, scaling=self.scaling,
        )  # fmt: skip


@dataclass(kw_only=True, eq=False)
class NotesRun(TrainedRun):
    """The networks trained on a named data set: the network, then its baseline unless interrupted before.

    Attributes
    ----------
    dataset : Dataset
        As used for training.
    networks : list of TrainedNetwork
    scaling : dict
        As of ``NotesTrainer``.
    """

    dataset: Dataset
    networks: list[TrainedNetwork]
    scaling: dict[str, np.ndarray]

    @property
    def options(self) -> tuple[str, ...]:
        """The settings of a run on a named data set."""
        return NAMED

    def held_out(self) -> HeldOut:
        """Return the test examples, or the training examples if there are none, with the predictions."""
        tested = self.dataset.X_test is not None
        examples = as_examples(self.dataset, test=tested)
        names = ["the network", *(network.name for network in self.networks[1:])]
        predictions = [
            predict(name, network.result, examples.X, self.classes)
            for name, network in zip(names, self.networks, strict=True)
        ]
        return HeldOut(examples, "test examples" if tested else "training examples", predictions)

    def model_examples(self) -> ModelExamples:
        """Return the network with its training examples."""
        return ModelExamples(self.model, self.dataset.X, self.dataset.Y, rows_first=False)

    def provenance(self) -> dict[str, Any]:
        """Return the names of the classes."""
        return {"classes": self.classes}

    def summaries(self) -> list[dict[str, Any]]:
        """Return a summary with the curve of each network, the simpler first."""
        return [network.summary() for network in reversed(self.networks)]

    def figures(self) -> dict[str, Figure]:
        """Return pictures of the data, of the costs of both networks, and of their decision boundaries."""
        from .notes_pictures import draw

        return draw(self.dataset, list(reversed(self.networks)))

    def models_to_save(self) -> dict[str, Model]:
        """Return the networks with the standardisation in their first layer: for unscaled features."""
        results = {name: n.result for name, n in zip(["", "baseline"], self.networks, strict=False)}
        if not self.scaling:
            return {**results}
        return {
            name: replace(result, parameters=fold_scaling(result.parameters, **self.scaling))
            for name, result in results.items()
        }


def as_examples(dataset: Dataset, test: bool = False) -> Examples:
    """Return a named data set, or its test part, as the rows of a file."""
    X, Y = (dataset.X_test, dataset.Y_test) if test else (dataset.X, dataset.Y)
    assert X is not None
    assert Y is not None
    shape, reading = dataset.image_shape, {}
    if shape is not None:
        reading = {"kind": "images", "size": list(shape[:2]), "grey": len(shape) == 2}
    y = np.asarray(dataset.classes)[class_index(Y)]
    return Examples(dataset.name, X.T, y, image_shape=shape, reading=reading)


def _complete(settings: Mapping[str, Any], recipe: Recipe) -> dict[str, Any]:
    """Complete the settings of a run by its recipe: so that a config reproduces it."""
    optimizer = settings.get("optimizer", "gd")
    activations = read_activations(settings.get("activation", recipe.activation))
    return {
        "source": settings["source"],
        "data": None if settings.get("data") is None else str(settings["data"]),
        "layers": as_list(settings.get("layers", recipe.layers)),
        "activation": activations if isinstance(activations, str) else ",".join(activations),
        "seed": settings.get("seed", recipe.seed),
        "initializer": settings.get("initializer", recipe.initializer),
        **{key: settings.get(key, default) for key, default in _DEFAULTS.items()},
        # other optimizers have their own default rate
        "learning_rate": settings.get("learning_rate", recipe.learning_rate if optimizer == "gd" else None),
        "iterations": settings.get("iterations", recipe.iterations),
        "device": settings.get("device"),
        "no_rows": settings.get("no_rows"),
    }


def _prepare(dataset: Dataset, recipe: Recipe) -> tuple[Dataset, dict[str, np.ndarray], list[str]]:
    """Hold out test examples and standardise as the recipe says; mean and scale are those of the training part."""
    messages = []
    if dataset.X_test is None and recipe.held_out:
        from sklearn.model_selection import train_test_split

        labels = class_index(dataset.Y)
        train, test = train_test_split(
            np.arange(len(labels)), test_size=recipe.held_out, random_state=0, stratify=labels
        )
        X, Y = dataset.X, dataset.Y
        dataset = replace(dataset, X=X[:, train], Y=Y[:, train], X_test=X[:, test], Y_test=Y[:, test])
        messages.append(f"{len(test)} of {len(labels)} examples were held out for testing (stratified)")
    if not recipe.standardise:
        return dataset, {}, messages
    deviation, mean = dataset.X.std(axis=1, keepdims=True), dataset.X.mean(axis=1, keepdims=True)
    scale = np.where(deviation > 0, deviation, 1.0)
    messages.append(
        "every feature was standardised (mean 0, standard deviation 1 on the training part); the saved model does "
        "so itself"
    )
    X_test = None if dataset.X_test is None else (dataset.X_test - mean) / scale
    return (
        replace(dataset, X=(dataset.X - mean) / scale, X_test=X_test),
        {"mean": mean, "scale": scale},
        messages,
    )
