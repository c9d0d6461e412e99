"""save and load: a model as one file that contains no code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from .._forms import Count, conform
from ..core.arrays import to_numpy
from ..core.inference import fold_scaling
from ..core.network import Network
from ..engine.history import History
from ..engine.result import TrainingResult
from ..engine.state import Parameters, TrainState
from ..engine.stored import read_network, read_parameters
from ..errors import EllayerError
from . import file_format
from .plain_data import ModelFileError

# The only classes that a file may name; they are looked up in ``estimators``.
ESTIMATORS = ("MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor")
_SCALING = "standardise"
KINDS = ("TrainingResult", "network", *ESTIMATORS)
_RESULT_FACTS = ("stopped_by", "engine", "seconds", "compile_seconds")


class NetworkContent(TypedDict):
    """The content of a file of a network and its parameters."""

    network: dict[str, object]
    parameters: dict[str, np.ndarray]


class ResultContent(NetworkContent):
    """The content of a file of a ``TrainingResult``."""

    costs: list[float]
    history: dict[str, list[float | str | None]]
    final: dict[str, float | str | None]
    seed: Count
    step: Count
    stopped_by: str
    engine: str
    seconds: float
    compile_seconds: float


class EstimatorContent(TypedDict):
    """The content of a file of an estimator."""

    settings: dict[str, object]
    arrays: dict[str, np.ndarray]
    facts: dict[str, object]


class Scaling(TypedDict):
    """The scaling of the inputs that older files keep in their provenance."""

    mean: list[float] | np.ndarray
    scale: list[float] | np.ndarray


def save(model: Any, path: str | os.PathLike[str], *, provenance: Mapping[str, Any] | None = None) -> None:
    """Save a model as one safetensors file with a JSON description, without code.

    The file has the architecture, parameters, classes, feature names, history, seed and versions, a format
    version and a SHA-256. It is written atomically: after a failure ``path`` is still the old file.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), MLPClassifier or MLPRegressor
    path : path
        Conventionally with the suffix ``.ellayer``.
    provenance : dict, optional
        Provenance of the model as plain data, saved with it for ``read_provenance``.

    Raises
    ------
    ModelFileError
        If the model cannot be stored as plain data, e.g. because of a custom activation; or for the key
        "standardise" in ``provenance``, which has a special meaning in older files (see ``load``).
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import ellayer, tempfile, os
    >>> network = ellayer.Network([2, 3, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.ellayer")
    ...     ellayer.save((network, ellayer.initialize_parameters(network, seed=1)), path)
    ...     ellayer.load(path)[0]
    Network(2-3-1, relu, sigmoid; binary_cross_entropy)
    """
    kind, content = _content(model)
    if provenance is not None:
        if _SCALING in provenance:
            raise ModelFileError(
                f"provenance: expected no key {_SCALING!r}, which in older files is the scaling of the inputs; "
                "try another name, or fold the scaling into the first layer: ellayer.core.inference.fold_scaling"
            )
        content = {**content, "provenance": dict(provenance)}
    file_format.write(path, kind, content)


def load(path: str | os.PathLike[str]) -> Any:
    """Load a model saved by ``save``, or that of a run.

    Parameters
    ----------
    path : path
        A model file, or the folder of a run, which holds the model in ``model.ellayer``.

    Returns
    -------
    TrainingResult, (Network, parameters), MLPClassifier or MLPRegressor
        The saved model, with equal predictions, for unscaled inputs. (Older files of some named data sets have a
        network for standardised inputs, with mean and scale: these are folded into W1 and b1 here.) The
        ``state`` of a loaded ``TrainingResult`` has the parameters and the step, not the arrays of the
        optimizer; those are in a checkpoint.

    Raises
    ------
    ModelFileError
        For a truncated, altered or newer file, or one of another format.
    FileNotFoundError
    """
    return load_with_provenance(path)[0]


def load_with_provenance(
    path: str | os.PathLike[str], *, to_predict: bool = False
) -> tuple[Any, dict[str, Any]]:
    """Load a model and its provenance, reading the file once.

    Parameters
    ----------
    path : path
    to_predict : bool
        Whether the model only has to predict: a table model comes without scikit-learn's interface then, which takes
        a second to import.

    Returns
    -------
    model, dict

    Raises
    ------
    ModelFileError
        For a truncated, altered or newer file, or one of another format.
    FileNotFoundError
    """
    path = model_in(Path(path))
    kind, content = file_format.read(path, KINDS)
    try:
        return _build(kind, _fold_old_scaling(content), to_predict), _provenance(content)
    except (EllayerError, RecursionError) as error:
        raise ModelFileError(f"{path}: expected a {kind} that this version supports; {error}") from error


def model_in(path: Path) -> Path:
    """Return the path of the model file in the folder of a run, or of a model file itself.

    Raises
    ------
    ModelFileError
        For a folder without a model.
    """
    if not path.is_dir():
        return path
    file = path / "model.ellayer"
    if not file.exists():
        raise ModelFileError(
            f"{path}: expected a model file, or the folder of a run, which holds the model in {file.name}; received "
            f"a folder without it"
        )
    return file


def _build(kind: str, content: dict[str, Any], to_predict: bool) -> Any:
    if kind == "network":
        return _read_network(conform(content, NetworkContent, kind))
    if kind == "TrainingResult":
        return _read_result(conform(content, ResultContent, kind))
    stored = conform(content, EstimatorContent, kind)
    if to_predict and kind.startswith("Tabular"):
        from ..estimators.tabular import fitted

        model = getattr(fitted, kind.replace("Tabular", "FittedTable"))()
    else:
        model = _new_estimator(kind, stored["settings"])
    model._set_fitted(stored["arrays"], stored["facts"])
    return model


def _new_estimator(kind: str, settings: dict[str, object]) -> Any:
    from .._sklearn_compat import parameter_names

    estimator_class = _estimator_class(kind)
    if unknown := settings.keys() - set(parameter_names(estimator_class)):
        raise ModelFileError(
            f"settings: expected parameters of {kind}, received {', '.join(sorted(unknown))}"
        )
    estimator = estimator_class(**settings)
    estimator._validate_params()
    return estimator


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the provenance that was passed to ``save``.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        Empty if there was none.

    Raises
    ------
    ModelFileError
        For a truncated, altered or newer file, or one of another format.
    FileNotFoundError

    Examples
    --------
    >>> import ellayer, tempfile, os
    >>> network = ellayer.Network([2, 1])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "m.ellayer")
    ...     ellayer.save((network, ellayer.initialize_parameters(network)), path, provenance={"source": "a.csv"})
    ...     read_provenance(path)
    {'source': 'a.csv'}
    """
    try:
        return _provenance(file_format.read(path, KINDS)[1])
    except EllayerError as error:
        raise ModelFileError(f"{path}: {error}") from error


def _provenance(content: object) -> dict[str, Any]:
    stored = conform(content, dict[str, object], "content").get("provenance", {})
    provenance = conform(stored, dict[str, Any], "provenance")
    return {key: value for key, value in provenance.items() if key != _SCALING}


def _fold_old_scaling(value: object) -> dict[str, object]:
    """Return the content of a network whose first layer takes unscaled inputs."""
    content = conform(value, dict[str, object], "content")
    provenance = conform(content.get("provenance", {}), dict[str, Any], "provenance")
    if provenance.get(_SCALING) is None or "parameters" not in content:
        return content
    rule = conform(provenance[_SCALING], Scaling, _SCALING)
    mean, scale = np.asarray(rule["mean"]), np.asarray(rule["scale"])
    _, parameters = _read_network(conform(content, NetworkContent, "network"))
    fits = mean.shape == scale.shape == parameters["W1"].shape[1:]
    if not fits or not (np.isfinite(mean) & (scale > 0)).all():
        raise ModelFileError(f"{_SCALING}: expected a finite mean and a scale above 0 for each input")
    return content | {"parameters": fold_scaling(parameters, mean, scale)}


def _content(model: object) -> tuple[str, dict[str, Any]]:
    """Return the kind of a model and its content as plain data and arrays."""
    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        return "network", _network(*model)
    if isinstance(model, TrainingResult):
        return "TrainingResult", _result(model)
    kind = type(model).__name__
    if kind not in ESTIMATORS or type(model) is not _estimator_class(kind):
        raise ModelFileError(
            f"model: expected a TrainingResult, a pair (network, parameters), {' or '.join(ESTIMATORS)}; received "
            f"{kind}; try ellayer.to_onnx or joblib for a pipeline"
        )
    from sklearn.utils.validation import check_is_fitted

    estimator: Any = model
    check_is_fitted(estimator)
    try:
        arrays, facts = estimator._get_fitted()
    except ValueError as error:
        raise ModelFileError(f"{kind}: {error}") from None
    settings = {name: value for name, value in estimator.get_params(deep=False).items() if name != "n_jobs"}
    return kind, {"settings": settings, "arrays": arrays, "facts": facts}


def _estimator_class(kind: str) -> Any:
    """Return a class named in a file, which must be one of ``ESTIMATORS``."""
    from .. import estimators

    return getattr(estimators, kind)


def _network(network: Network, parameters: Parameters) -> dict[str, Any]:
    try:
        arrays = read_parameters(network, {name: to_numpy(theta) for name, theta in parameters.items()})
        fields = json.loads(network.to_json())
    except EllayerError as error:
        raise ModelFileError(f"network: {error}") from None
    return {"network": fields, "parameters": arrays}


def _read_network(content: NetworkContent) -> tuple[Network, Parameters]:
    network = read_network(json.dumps(content["network"]), len(content["parameters"]))
    return network, read_parameters(network, content["parameters"])


def _result(result: TrainingResult) -> dict[str, Any]:
    return _network(result.network, result.parameters) | {
        "costs": [float(cost) for cost in result.costs],
        "history": dict(result.history),
        "final": result.history.final,
        "seed": result.state.seed,
        "step": result.state.step,
        **{name: getattr(result, name) for name in _RESULT_FACTS},
    }


def _read_result(content: ResultContent) -> TrainingResult:
    network, parameters = _read_network(content)
    history = History(content["history"], content["final"])
    if len({len(column) for column in content["history"].values()}) > 1:
        raise ModelFileError("history: expected columns of one length")
    columns = {name: list(column) for name, column in history.items()}
    return TrainingResult(
        network=network,
        parameters={name: theta.copy() for name, theta in parameters.items()},
        costs=content["costs"],
        history=history,
        state=TrainState(parameters, None, step=content["step"], seed=content["seed"], history=columns),
        stopped_by=content["stopped_by"],
        engine=content["engine"],
        seconds=content["seconds"],
        compile_seconds=content["compile_seconds"],
    )
