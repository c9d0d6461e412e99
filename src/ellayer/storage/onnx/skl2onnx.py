"""A converter for skl2onnx: conversion of pipelines with an Ellayer estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..model_file import ESTIMATORS
from ..plain_data import ModelFileError
from .compare import difference, run
from .describe import NetworkModel, describe_network, require
from .head import add_head, label_array
from .network import add_network
from .nodes import OPSET, TYPES, Attribute
from .preparation import InputFacts, add_preparation

AXES_AS_INPUT = 13  # the opset from which axes are an input and not an attribute

if TYPE_CHECKING:
    from onnx import ModelProto
    from pandas import DataFrame
    from skl2onnx.common._container import ModelComponentContainer
    from skl2onnx.common._topology import Operator, Scope
    from skl2onnx.common.data_types import TensorType
    from sklearn.base import BaseEstimator


def register_skl2onnx() -> None:
    """Register the MLPs and TablePreparation with skl2onnx, so that its ``to_onnx(pipeline, X)`` converts them.

    ``import ellayer`` does this, before or after the import of skl2onnx. The options ``zipmap``, ``nocl`` and ``output_class_labels``
    are those of skl2onnx's own classifiers.

    Raises
    ------
    ImportError
        Without the packages of ``pip install 'ellayer[onnx]'``.

    Examples
    --------
    >>> register_skl2onnx()
    """
    require("onnx", "skl2onnx")
    from skl2onnx import update_registered_converter

    import ellayer

    both = [True, False]
    choices = {"zipmap": [*both, "columns"], "nocl": both, "output_class_labels": both[::-1]}
    register = update_registered_converter
    for name in ESTIMATORS:
        options = choices if name == "MLPClassifier" else None
        register(getattr(ellayer, name), f"Ellayer{name}", _shapes, _convert, options=options)
    register(ellayer.TablePreparation, "EllayerTablePreparation", _matrix_shape, _convert_preparation)


def convert_pipeline(
    model: BaseEstimator, X: DataFrame | np.ndarray | None, dtype: str, zipmap: bool
) -> ModelProto:
    """Return a scikit-learn model with an Ellayer estimator in it as a ``ModelProto``, compared on X.

    Parameters
    ----------
    model : scikit-learn estimator
    X : array or DataFrame, shape (m, n_x)
    dtype : "float32" or "float64"
    zipmap : bool

    Returns
    -------
    onnx.ModelProto
    """
    _check_arguments(model, X)
    assert X is not None
    register_skl2onnx()
    import skl2onnx
    from sklearn.base import is_classifier

    options = {"zipmap": zipmap} if is_classifier(model) else None
    if options and zipmap and dtype == "float64":
        raise ModelFileError(
            "zipmap: expected dtype='float32' with it, received 'float64'; ONNX's dicts of probabilities hold single "
            "precision: take zipmap=False"
        )
    X = X[:1000] if hasattr(X, "columns") else np.asarray(X)[:1000]
    rows = _in_dtype(X, dtype)
    try:
        proto = skl2onnx.to_onnx(model, rows[:1], options=options, target_opset=OPSET)
        largest = _compare_on(proto, rows, model, X)
    except Exception as error:  # skl2onnx and onnxruntime raise exceptions of any kind
        other = "float32" if dtype == "float64" else "float64"
        raise ModelFileError(
            f"expected a pipeline whose steps skl2onnx converts and onnxruntime runs with {dtype}; received "
            f"{type(error).__name__}: {error}; try dtype={other!r}, or other steps"
        ) from error
    tolerance = 1e-3 if dtype == "float32" else 1e-6
    if not largest <= tolerance:
        raise ModelFileError(
            f"expected the outputs of the pipeline to within {tolerance:g}, received a difference of {largest:.3g} from "
            f"onnxruntime with {dtype}; try dtype='float64', and columns of a common scale"
        )
    proto.metadata_props.add(key="ellayer.max_difference", value=repr(largest))
    return proto


def _check_arguments(model: object, X: DataFrame | np.ndarray | None) -> None:
    if not (hasattr(model, "get_params") and hasattr(model, "predict")):
        raise ModelFileError(
            f"model: expected a TrainingResult, a pair (network, parameters), {', '.join(ESTIMATORS)} or a scikit-learn "
            f"Pipeline, received {type(model).__name__}"
        )
    if X is None or len(X) == 0:
        raise ModelFileError(
            "X: expected some rows of data, received none; the types of a pipeline's inputs are those of X"
        )
    if hasattr(X, "columns") and not hasattr(X, "astype"):
        raise ModelFileError(
            f"X: expected an array or a pandas DataFrame, as in skl2onnx, received {type(X).__module__} "
            f"{type(X).__name__}; try X.to_pandas()"
        )


def _in_dtype(X: DataFrame | np.ndarray, dtype: str) -> DataFrame | np.ndarray:
    """Return X with its columns of floats in ``dtype``; the others keep their types."""
    if not isinstance(X, np.ndarray):
        floats = [name for name in X.columns if getattr(X[name].dtype, "kind", "") == "f"]
        return X.astype(dict.fromkeys(floats, dtype))
    return X.astype(dtype) if X.dtype.kind == "f" else X


def _compare_on(
    proto: ModelProto, rows: DataFrame | np.ndarray, model: BaseEstimator, X: DataFrame | np.ndarray
) -> float:
    """Return the largest difference between the pipeline on X and onnxruntime on ``rows``; inf for a wrong label."""
    inputs = {"X": rows}
    if hasattr(rows, "columns"):
        inputs = {str(name): rows[name].to_numpy().reshape(-1, 1) for name in rows.columns}
        inputs |= {name: column.astype(object) for name, column in inputs.items() if column.dtype.kind == "U"}
    known = {spec.name for spec in proto.graph.input}  # skl2onnx drops unused columns
    received = run(proto, {name: values for name, values in inputs.items() if name in known})
    if len(received) == 1:
        expected = np.asarray(model.predict(X), dtype=np.float64)
        return difference(received[0].reshape(expected.shape).astype(np.float64), expected)
    P = np.asarray(model.predict_proba(X), dtype=np.float64)
    largest = difference(np.asarray(received[-1], np.float64), P)
    labels = np.asarray(model.predict(X))
    margin = np.abs(P - 0.5) if labels.ndim == 2 else np.diff(np.sort(P, axis=1)[:, -2:], axis=1)[:, 0]
    clear = margin > 2 * largest  # the label does not depend on rounding
    return largest if (received[0][clear].astype(labels.dtype) == labels[clear]).all() else np.inf


class _ContainerSink:
    """A sink that adds nodes to skl2onnx's container, under names of its scope."""

    def __init__(self, scope: Scope, container: ModelComponentContainer):
        self._scope, self._container = scope, container
        self._constants: dict[str, str] = {}

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a constant; return its name in the graph."""
        if name not in self._constants:
            from onnx import numpy_helper

            own = self._constants[name] = self._scope.get_unique_variable_name(name)
            tensor = numpy_helper.from_array(array, own)
            values = array.astype(str).tolist() if array.dtype == object else tensor
            self._container.add_initializer(own, tensor.data_type, array.shape, values)
        return self._constants[name]

    def node(self, operator: str, *inputs: str, out: str = "", **attributes: Attribute) -> str:
        """Add a node; return the name of its output.

        Raises
        ------
        ModelFileError
            For an opset in which the operator has another form, or is not there.
        """
        domain = attributes.pop("domain", "")
        if not domain:
            self._check_opset(operator)
        out = out or self._scope.get_unique_variable_name(operator)
        name = self._scope.get_unique_operator_name(operator)
        versions = {"op_domain": domain, "op_version": 2} if domain else {}
        self._container.add_node(operator, list(inputs), [out], name=name, **versions, **attributes)
        return out

    def _check_opset(self, operator: str) -> None:
        from onnx import defs

        opset = self._container.target_opset_any_domain("")
        first = AXES_AS_INPUT if operator in ("Squeeze", "Unsqueeze") else 1
        try:
            defs.get_schema(operator, opset)
        except defs.SchemaError:
            first = min(s.since_version for s in defs.get_all_schemas_with_history() if s.name == operator)
        if opset < first:
            raise ModelFileError(f"target_opset: expected at least {first} for {operator}, received {opset}")


def _describe(scope: Scope, estimator: BaseEstimator) -> NetworkModel:
    """Return the network of a step; its labels are 0, 1, ... with skl2onnx's option ``nocl``."""
    model = describe_network(estimator)
    if model.head.classes is None:
        return model
    from skl2onnx.common.utils_classifier import get_label_classes

    return model._replace(head=replace(model.head, classes=label_array(get_label_classes(scope, estimator))))


def _shapes(operator: Operator) -> None:
    """Set the types and shapes of an estimator's outputs."""
    from skl2onnx.common.data_types import Int64TensorType, StringTensorType

    network, _, head = _describe(operator.scope_inst, operator.raw_operator)
    m, n_L = operator.inputs[0].get_first_dimension(), network.layer_dims[-1]
    if head.kind == "numbers":
        types = [_real(operator, [m, n_L])]
    elif head.classes is None:
        types = [Int64TensorType([m, n_L]), _real(operator, [m, n_L])]
    else:
        label = StringTensorType if head.classes.dtype == object else Int64TensorType
        types = [label([m]), _real(operator, [m, len(head.classes)])]
    for output, kind in zip(operator.outputs, types, strict=True):
        output.set_type(kind)


def _matrix_shape(operator: Operator) -> None:
    """Set the type and shape of a preparation's output."""
    width = len(operator.raw_operator.get_feature_names_out())
    operator.outputs[0].set_type(_real(operator, [operator.inputs[0].get_first_dimension(), width]))


def _real(operator: Operator, shape: list[int]) -> TensorType:
    """Return the type of numbers in the precision of an estimator's arithmetic."""
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    return (DoubleTensorType if _dtype(operator) == "float64" else FloatTensorType)(shape)


def _convert_preparation(scope: Scope, operator: Operator, container: ModelComponentContainer) -> None:
    """Add the nodes of a preparation, whose columns are one input together or one each."""
    from skl2onnx.common.data_types import StringTensorType

    preparation, sources, sink = operator.raw_operator, operator.inputs, _ContainerSink(scope, container)
    plan, count = preparation.export_plan(), preparation.n_features_in_
    texts = [isinstance(source.type, StringTensorType) for source in sources]
    if not plan or len(sources) not in (1, count):
        raise ModelFileError(
            f"TablePreparation: expected a used column, and one input or one for each of {count} columns"
        )
    places = [column["place"] if len(sources) > 1 else 0 for column in plan]
    if any((column["reads"] == "text") != texts[place] for column, place in zip(plan, places, strict=True)):
        raise ModelFileError(
            "TablePreparation: expected text for each column of text or truth values and numbers for the others; try a "
            "pandas DataFrame, or a TabularClassifier, which ellayer.to_onnx converts with its preparation"
        )
    names = [
        source.full_name if text else sink.node("Cast", source.full_name, to=TYPES["float64"])
        for source, text in zip(sources, texts, strict=True)
    ]
    facts: list[InputFacts] = [
        {"input": names[place], "column": column["name"], "kind": column["kind"],
         "type": "text" if column["reads"] == "text" else "float64", "holds": ""}
        for column, place in zip(plan, places, strict=True)
    ]  # fmt: skip
    width = count if len(names) == 1 else None
    X = add_preparation(sink, plan, facts, width)
    sink.node("Cast", X, out=operator.outputs[0].full_name, to=TYPES[_dtype(operator)])


def _dtype(operator: Operator) -> str:
    """Return the precision of an estimator's arithmetic: double if one of its inputs is."""
    from skl2onnx.common.data_types import DoubleTensorType

    double = any(isinstance(source.type, DoubleTensorType) for source in operator.inputs)
    return "float64" if double else "float32"


def _convert(scope: Scope, operator: Operator, container: ModelComponentContainer) -> None:
    """Add the nodes of an estimator."""
    sink = _ContainerSink(scope, container)
    network, parameters, head = _describe(scope, operator.raw_operator)
    dtype = _dtype(operator)
    parts = [sink.node("Cast", source.full_name, to=TYPES[dtype]) for source in operator.inputs]
    X = sink.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    outputs = [output.full_name for output in operator.outputs]
    if head.kind == "numbers":
        add_network(sink, X, network, parameters, dtype, out=outputs[0])
    else:
        A = add_network(sink, X, network, parameters, dtype)
        add_head(sink, head, A, dtype, outputs[0], outputs[1])
