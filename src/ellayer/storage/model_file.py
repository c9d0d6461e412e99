"""save and load: a model as one file without code in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..core.arrays import to_numpy
from ..core.inference import fold_scaling
from ..core.network import Network
from ..engine.state import TrainState
from . import file_format as container
from .plain_data import ModelFileError

# The classes a file may name; they are looked up as public names of the package, never otherwise.
ESTIMATORS = ("MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor")
_SCALING = "standardise"
KINDS = ("TrainingResult", "network", *ESTIMATORS)


def save(model: Any, path: str | os.PathLike[str], *, provenance: Mapping[str, Any] | None = None) -> None:
    """Save a model as one safetensors file with a JSON description; nothing in it is code.

    The file holds architecture, parameters, classes, feature names, history, seed and versions, a format
    version and a SHA-256 over all of it. It is written atomically: whatever happens, ``path`` holds the
    old file or the new one.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), MLPClassifier or MLPRegressor
    path : path
        By habit with the ending ``.ellayer``.
    provenance : dict, optional
        Where the model comes from, as plain data: kept beside it for ``read_provenance``.

    Raises
    ------
    ModelFileError
        Where the model cannot be stored as plain data, e.g. an activation that is a function; or for the key
        "standardise" in ``provenance``, which has a meaning of its own in older files (see ``load``).
    OSError
        Where the file cannot be written.

    Examples
    --------
    >>> import ellayer, tempfile, os
    >>> network = ellayer.Network([2, 3, 1])
    >>> path = os.path.join(tempfile.mkdtemp(), "m.ellayer")
    >>> ellayer.save((network, ellayer.initialize_parameters(network, seed=1)), path)
    >>> ellayer.load(path)[0]
    Network(2-3-1, relu, sigmoid; binary_cross_entropy)
    """
    kind, content = _content(model)
    if provenance is not None:
        if _SCALING in provenance:
            raise ModelFileError(
                f"provenance: expected no key {_SCALING!r}, which older files keep what their inputs are scaled by in; "
                "try another name, or fold the scaling into the first layer: ellayer.core.inference.fold_scaling"
            )
        content = {**content, "provenance": dict(provenance)}
    container.write(path, kind, content)


def load(path: str | os.PathLike[str]) -> Any:
    """Load a model that ``save`` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    TrainingResult, (Network, parameters), MLPClassifier or MLPRegressor
        What was saved, with equal predictions; it takes the inputs as they are. (Of named sets with features in
        units of their own, older files hold a network of standardised inputs, and mean and scale beside it:
        these are folded into W1 and b1 here.) A ``TrainingResult`` comes back light: its ``state`` has
        the parameters and the step, not the optimizer's own arrays; those are in a checkpoint.

    Raises
    ------
    ModelFileError
        For a truncated, altered, foreign or newer file.
    FileNotFoundError
    """
    kind, content = container.read(path, KINDS)
    try:
        content = _fold_old_scaling(content)
        if kind == "network":
            return _read_network(content)
        if kind == "TrainingResult":
            return _read_result(content)
        return _read_estimator(kind, content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelFileError(f"{path}: expected a {kind} that this version can build; {error}") from error


def read_provenance(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return what ``save`` was told about where a model comes from.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict
        Empty where nothing was told.

    Raises
    ------
    ModelFileError
        For a truncated, altered, foreign or newer file.
    FileNotFoundError

    Examples
    --------
    >>> import ellayer, tempfile, os
    >>> network = ellayer.Network([2, 1])
    >>> path = os.path.join(tempfile.mkdtemp(), "m.ellayer")
    >>> ellayer.save((network, ellayer.initialize_parameters(network)), path, provenance={"source": "a.csv"})
    >>> read_provenance(path)
    {'source': 'a.csv'}
    """
    _, content = container.read(path, KINDS)
    told = content.get("provenance", {})
    if not isinstance(told, dict):
        raise ModelFileError(f"{path}: expected a dict as provenance, received {type(told).__name__}")
    return {key: value for key, value in told.items() if key != _SCALING}


def _fold_old_scaling(content: dict[str, Any]) -> dict[str, Any]:
    """Return the content of a network whose first layer takes the inputs as they are."""
    rule = content.get("provenance", {}).get(_SCALING)
    if rule is None or "parameters" not in content:
        return content
    return content | {"parameters": fold_scaling(content["parameters"], rule["mean"], rule["scale"])}


def _content(model: Any) -> tuple[str, Any]:
    """Return what kind a model is, and what of it is stored."""
    import ellayer

    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        return "network", _network(*model)
    if isinstance(model, ellayer.TrainingResult):
        return "TrainingResult", _result(model)
    name = type(model).__name__
    if name in ESTIMATORS and type(model) is getattr(ellayer, name):
        arrays, facts = _fitted(model)
        return name, {"settings": model.get_params(deep=False), "arrays": arrays, "facts": facts}
    raise ModelFileError(
        f"model: expected a TrainingResult, a pair (network, parameters), {' or '.join(ESTIMATORS)}; received "
        f"{type(model).__name__}; a pipeline goes with ellayer.to_onnx or with joblib"
    )


def _fitted(estimator: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    try:
        return estimator._get_fitted()
    except ValueError as error:
        raise ModelFileError(f"{type(estimator).__name__}: {error}") from None


def _network(network: Network, parameters: Any) -> dict[str, Any]:
    plain = {name: to_numpy(theta) for name, theta in dict(parameters).items()}
    _check_parameters(network, plain)
    try:
        fields = json.loads(network.to_json())
    except ValueError as error:
        raise ModelFileError(f"network: {error}") from None
    return {"network": fields, "parameters": plain}


def _read_network(content: dict[str, Any]) -> tuple[Network, dict[str, np.ndarray]]:
    network = Network.from_json(json.dumps(content["network"]))
    _check_parameters(network, content["parameters"])
    return network, content["parameters"]


def _check_parameters(network: Network, parameters: dict[str, np.ndarray]) -> None:
    received = {name: theta.shape for name, theta in parameters.items()}
    if received != network.shapes:
        raise ModelFileError(f"parameters: expected the shapes {network.shapes}, received {received}")


def _result(result: Any) -> dict[str, Any]:
    return _network(result.network, result.parameters) | {
        "costs": [float(cost) for cost in result.costs],
        "history": dict(result.history),
        "final": result.history.final,
        "stopped_by": result.stopped_by,
        "engine": result.engine,
        "seed": result.state.seed,
        "step": result.state.step,
        "seconds": result.seconds,
        "compile_seconds": result.compile_seconds,
    }


def _read_result(content: dict[str, Any]) -> Any:
    import ellayer

    network, parameters = _read_network(content)
    history = ellayer.engine.History(content["history"], content["final"])
    columns = {name: list(column) for name, column in history.items()}
    state = TrainState(parameters, None, step=content["step"], seed=content["seed"], history=columns)  # type: ignore[arg-type]
    return ellayer.TrainingResult(
        network=network,
        parameters={name: theta.copy() for name, theta in parameters.items()},
        costs=content["costs"],
        history=history,
        stopped_by=content["stopped_by"],
        engine=content["engine"],
        state=state,
        seconds=content["seconds"],
        compile_seconds=content["compile_seconds"],
    )


def _read_estimator(kind: str, content: dict[str, Any]) -> Any:
    import ellayer

    estimator = getattr(ellayer, kind)(**content["settings"])
    estimator._set_fitted(content["arrays"], content["facts"])
    return estimator
