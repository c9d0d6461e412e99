"""to_onnx: a model for every runtime, checked and compared with what it was made from."""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from .. import __version__
from ..core.network import Network
from .container import replacing
from .model_file import ESTIMATORS
from .onnx_activations import OPSET
from .onnx_compare import compare
from .onnx_graph import Graph, Head, add_head, add_network, label_array, make_head
from .plain import ModelFileError


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

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), MLPClassifier, MLPRegressor, or a scikit-learn Pipeline
    path : path, optional
        Written atomically.
    X : array or DataFrame, shape (m, n_x), optional
        Rows to compare on besides random ones and edges. A pipeline needs some: they give the types
        of its inputs (one per column of a DataFrame), and are what it is compared on.
    dtype : "float32" or "float64"
        Of the input and all arithmetic.
    zipmap : bool
        Probabilities as one dict per example, as skl2onnx does it: outputs ``output_label`` and
        ``output_probability``.

    Returns
    -------
    onnx.ModelProto
        Its ``metadata_props`` tell the version, the network and ``ellayer.max_difference``, the largest
        difference from the model's own outputs (relative where they exceed 1).

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
    parts = describe(model)
    if parts is None:
        from .skl2onnx_converter import convert_pipeline

        proto = convert_pipeline(model, X, dtype, zipmap)
    else:
        proto = _build(*parts, dtype, zipmap)
        _note(proto, "max_difference", repr(compare(proto, *parts, dtype, X)))
        if not parts[0].own:
            _note(proto, "network", parts[0].to_json())
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
    names = {cls.__name__ for cls in type(model).__mro__}
    if any(name in names and isinstance(model, getattr(ellayer, name)) for name in ESTIMATORS):
        return describe_estimator(model)
    return None


def describe_estimator(estimator: Any) -> tuple[Network, dict[str, np.ndarray], Head]:
    """Return network, parameters and head of a fitted estimator."""
    from sklearn.utils.validation import check_is_fitted

    check_is_fitted(estimator)
    if hasattr(estimator, "preparation_"):
        raise ValueError(
            f"to_onnx: expected a network, an MLPClassifier or an MLPRegressor, received {type(estimator).__name__}; "
            "a table's preparation cannot be exported yet: keep such a model with ellayer.save"
        )
    network, labels = estimator.network_, getattr(estimator, "_label_binarizer", None)
    if labels is None:
        return network, estimator.parameters_, Head("numbers")
    kind = {"multiclass": "classes", "binary": "binary"}.get(labels.y_type_, "multilabel")
    if kind == "binary" and len(labels.classes_) == 1:
        kind = "one class"
    output = network.activations[-1]
    head = Head(
        kind,
        None if kind == "multilabel" else label_array(labels.classes_),
        clip=output not in ("sigmoid", "softmax"),
        normalise=kind == "classes" and output != "softmax",
    )
    return network, estimator.parameters_, head


def _build(network: Network, parameters: dict, head: Head, dtype: str, zipmap: bool) -> Any:
    from onnx import checker, helper

    graph = Graph()
    zipmap = zipmap and head.kind != "numbers"
    if zipmap and head.kind == "multilabel":
        raise ModelFileError("zipmap: expected one label per example, received several; take zipmap=False")
    if head.kind == "numbers":
        add_network(graph, "X", network, parameters, dtype, out="variable")
    else:
        A = add_network(graph, "X", network, parameters, dtype)
        add_head(graph, head, A, dtype, "output_label" if zipmap else "label", "probabilities")
    if zipmap:
        _add_zipmap(graph, head, dtype)
    real = 1 if dtype == "float32" else 11
    X = helper.make_tensor_value_info("X", real, [None, network.layer_dims[0]])
    outputs = _outputs(network, head, real, zipmap)
    body = helper.make_graph(graph.nodes, "ellayer", [X], outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET)] + ([helper.make_opsetid("ai.onnx.ml", 3)] if zipmap else [])
    proto = helper.make_model(
        body, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="ellayer", producer_version=__version__, doc_string=repr(network),
    )  # fmt: skip
    if proto.ByteSize() > 2**31 - 1:
        raise ModelFileError(
            f"expected at most 2 GiB, ONNX's limit for one file; received {proto.ByteSize():,} bytes"
        )
    checker.check_model(proto, full_check=True)
    return proto


def _outputs(network: Network, head: Head, real: int, zipmap: bool) -> list:
    from onnx import TensorProto, helper

    n_L = network.layer_dims[-1]
    if head.kind == "numbers":
        return [helper.make_tensor_value_info("variable", real, [None, n_L])]
    if head.kind == "multilabel":
        return [
            helper.make_tensor_value_info("label", TensorProto.INT64, [None, n_L]),
            helper.make_tensor_value_info("probabilities", real, [None, n_L]),
        ]
    assert head.classes is not None
    kind = TensorProto.STRING if head.classes.dtype == object else TensorProto.INT64
    if not zipmap:
        return [
            helper.make_tensor_value_info("label", kind, [None]),
            helper.make_tensor_value_info("probabilities", real, [None, len(head.classes)]),
        ]
    one = helper.make_map_type_proto(kind, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    return [
        helper.make_tensor_value_info("output_label", kind, [None]),
        helper.make_value_info("output_probability", helper.make_sequence_type_proto(one)),
    ]


def _add_zipmap(graph: Graph, head: Head, dtype: str) -> None:
    assert head.classes is not None
    labels = head.classes.tolist()
    key = "classlabels_strings" if head.classes.dtype == object else "classlabels_int64s"
    values = "probabilities" if dtype == "float32" else graph.node("Cast", "probabilities", to=1)
    graph.node("ZipMap", values, out="output_probability", domain="ai.onnx.ml", **{key: labels})


def _note(proto: Any, key: str, value: str) -> None:
    proto.metadata_props.add(key=f"ellayer.{key}", value=value)
