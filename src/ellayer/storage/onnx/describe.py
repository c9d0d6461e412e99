"""Description of a model for the export, and the packages that the export needs."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

import numpy as np

from ...core.network import Network
from ...engine.model import Model, unpack_model
from ...engine.state import Parameters
from ...errors import EllayerError
from .head import Head, label_array

if TYPE_CHECKING:
    from .table import TableEstimator


class NetworkModel(NamedTuple):
    """A network with its parameters and the meaning of its outputs."""

    network: Network
    parameters: Parameters
    head: Head


def require(*packages: str) -> None:
    """Raise an ImportError with installation instructions if a package is missing."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ImportError(
                f"ONNX export: expected the package {package!r}, received {error}; try pip install 'ellayer[onnx]'"
            ) from error


def is_table_model(model: object) -> TypeGuard[TableEstimator]:
    """Return True for a table estimator, which includes the preparation of raw columns."""
    return isinstance(model, Model) and not isinstance(model, type) and hasattr(model, "preparation_")


def describe_network(model: Model | tuple[Network, Parameters]) -> NetworkModel:
    """Return network, parameters and head of a model of one network.

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), MLPClassifier or MLPRegressor

    Returns
    -------
    NetworkModel

    Raises
    ------
    EllayerError
        For a table estimator.

    Examples
    --------
    >>> describe_network((Network([2, 3]), {})).head.classes
    array([0, 1, 2])
    """
    parts = unpack_model(model)
    if is_table_model(model) or parts.network is None:
        raise EllayerError(
            f"expected an MLPClassifier or an MLPRegressor as a step of a pipeline, received {type(model).__name__}; "
            "it includes the preparation of a table: fit it on the table without a pipeline, and pass it alone to ellayer.to_onnx"
        )
    network, kind = parts.network, parts.target_kind
    classes = None
    if kind in ("binary", "classes", "one class"):
        numbers = np.arange(max(2, network.layer_dims[-1])) if parts.classes is None else parts.classes
        classes = label_array(numbers)
    output, is_estimator = network.activations[-1], parts.classes is not None
    clip = is_estimator and kind != "numbers" and output not in ("sigmoid", "softmax")
    head = Head(kind, classes, clip, normalise=is_estimator and kind == "classes" and output != "softmax")
    return NetworkModel(network, dict(parts.member_parameters[0]), head)
