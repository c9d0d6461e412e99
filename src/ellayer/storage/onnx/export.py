"""to_onnx: a model for every runtime, checked and compared with what it was made from."""

from __future__ import annotations

import importlib
import json
import os
from typing import Any

import numpy as np

from ... import __version__
from ...core.network import Network
from ...errors import EllayerError
from ..file_format import replacing
from ..model_file import ESTIMATORS
from ..plain_data import ModelFileError
from .compare import compare
from .compare_table import compare_table
from .model_proto import finish, input_value
from .network import Graph, Head, add_head, add_network, label_array, make_head
from .table import build_table, describe_table


def to_onnx(
    model: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    X: Any = None,
    dtype: str = "float32",
    zipmap: bool = False,
) -> Any:
    """Return a model as an ONNX ``ModelProto``, checked and compared with the model itself.

    Input ``X`` (m, n_x), examples as rows. A classifier's outputs are ``label`` (m,), whole numbers or
    text, and ``probabilities`` (m, classes); with several labels per example both are (m, n_L). A
    model of numbers has the output ``variable`` (m, n_L).

    A table estimator has one input (m, 1) for each column it uses, under the column's name (with "_" before
    it where an output is called so), and its preparation inside: numbers, nan where missing; categories and
    truth values as text, "" where missing; dates as days since 1970 (UTC) with fractions, nan where missing. Where
    it was fitted on an array of numbers, like the pixels of images, all columns are the one input ``X`` (m, n).

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), an estimator, or a scikit-learn Pipeline
    path : path, optional
        Written atomically.
    X : array or DataFrame, shape (m, n_x), optional
        Rows to compare on besides random ones and edges. A pipeline needs some: they give the types
        of its inputs (one per column of a DataFrame), and are what it is compared on.
    dtype : "float32" or "float64"
        Of the input and all arithmetic. Dates, and columns of a table whose numbers float32 cannot tell apart,
        are float64 always, and so is what comes before the first layer of a table's network.
    zipmap : bool
        Probabilities as one dict per example, as skl2onnx does it: outputs ``output_label`` and
        ``output_probability``.

    Returns
    -------
    onnx.ModelProto
        Its ``metadata_props`` tell the version, the network and ``ellayer.max_difference``, the largest
        difference from the model's own outputs (relative where they exceed 1; of a table's numbers in units
        of the target's spread), and of a table ``ellayer.columns``, what each input holds.

    Raises
    ------
    ModelFileError
        Where the model has no form in ONNX, or onnxruntime computes something else.
    ImportError
        Without the packages of ``pip install 'ellayer[onnx]'``.

    Examples
    --------
    >>> import ellayer
    >>> network = ellayer.Network([2, 3, 1])
    >>> proto = ellayer.to_onnx((network, ellayer.initialize_parameters(network, seed=1)))
    >>> [output.name for output in proto.graph.output]
    ['label', 'probabilities']
    """
    if path is not None and not isinstance(path, (str, os.PathLike)):
        raise ModelFileError(
            f"path: expected a path, received {type(path).__name__}; give rows by name, X=..."
        )
    if dtype not in ("float32", "float64"):
        raise ModelFileError(f"dtype: expected 'float32' or 'float64', received {dtype!r}")
    require("onnx", "onnxruntime")
    if _is_estimator(model) and hasattr(model, "preparation_"):
        table = describe_table(model)
        proto = build_table(table, dtype, zipmap)
        _note(proto, "max_difference", repr(compare_table(proto, model, table, dtype, X)))
        _note(proto, "columns", json.dumps(table.inputs(dtype), ensure_ascii=False))
        network = table.network
    elif parts := describe(model):
        proto = _build(*parts, dtype, zipmap)
        _note(proto, "max_difference", repr(compare(proto, *parts, dtype, X)))
        network = parts[0]
    else:
        from .skl2onnx import convert_pipeline

        proto, network = convert_pipeline(model, X, dtype, zipmap), None
    if network is not None and not network.own:
        _note(proto, "network", network.to_json())
    _note(proto, "version", __version__)
    if path is not None:
        with replacing(path) as partial:
            partial.write_bytes(proto.SerializeToString())
    return proto


def require(*packages: str) -> None:
    """Say how to get a package that is not installed."""
    for package in packages:
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise ImportError(
                f"ONNX export: expected the package {package!r}, received {error}; try pip install 'ellayer[onnx]'"
            ) from error


def describe(model: Any) -> tuple[Network, dict[str, np.ndarray], Head] | None:
    """Return network, parameters and head of a model of the house, None for any other."""
    import ellayer

    if isinstance(model, tuple) and len(model) == 2 and isinstance(model[0], Network):
        return model[0], model[1], make_head(model[0])
    if isinstance(model, ellayer.TrainingResult):
        return model.network, model.parameters, make_head(model.network)
    return describe_estimator(model) if _is_estimator(model) else None


def _is_estimator(model: Any) -> bool:
    import ellayer

    names = {cls.__name__ for cls in type(model).__mro__}
    return any(name in names and isinstance(model, getattr(ellayer, name)) for name in ESTIMATORS)


def describe_estimator(estimator: Any) -> tuple[Network, dict[str, np.ndarray], Head]:
    """Return network, parameters and head of a fitted estimator."""
    from sklearn.utils.validation import check_is_fitted

    from ...estimators.labels import target_kind

    check_is_fitted(estimator)
    if hasattr(estimator, "preparation_"):
        raise EllayerError(
            f"expected an MLPClassifier or an MLPRegressor as a step of a pipeline, received {type(estimator).__name__}; "
            "it prepares a table by itself: fit it on the table without a pipeline, and give it alone to ellayer.to_onnx"
        )
    network, labels = estimator.network_, getattr(estimator, "_label_binarizer", None)
    if labels is None:
        return network, estimator.parameters_, Head("numbers")
    kind = target_kind(labels)
    output = network.activations[-1]
    head = Head(
        kind,
        None if kind == "multilabel" else label_array(labels.classes_),
        clip=output not in ("sigmoid", "softmax"),
        normalise=kind == "classes" and output != "softmax",
    )
    return network, estimator.parameters_, head


def _build(network: Network, parameters: dict, head: Head, dtype: str, zipmap: bool) -> Any:
    graph = Graph()
    if head.kind == "numbers":
        add_network(graph, "X", network, parameters, dtype, out="variable")
    else:
        A = add_network(graph, "X", network, parameters, dtype)
        add_head(graph, head, A, dtype, "output_label" if zipmap else "label", "probabilities")
    X = input_value("X", dtype, network.layer_dims[0])
    return finish(graph, [X], head, network.layer_dims[-1], dtype, zipmap, repr(network))


def _note(proto: Any, key: str, value: str) -> None:
    proto.metadata_props.add(key=f"ellayer.{key}", value=value)
