"""Complete ONNX models from graphs: inputs, outputs, versions and checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ... import __version__
from ..plain_data import ModelFileError
from .head import Head
from .nodes import OPSET, TYPES, Graph

if TYPE_CHECKING:
    from onnx import ModelProto, ValueInfoProto

ML_OPSET = 3


def input_value(name: str, kind: str, width: int, doc: str = "") -> ValueInfoProto:
    """Return an input (m, width).

    Parameters
    ----------
    name : str
    kind : "float32", "float64" or "text"
    width : int
    doc : str
        A description of its values.

    Returns
    -------
    onnx.ValueInfoProto
    """
    from onnx import helper

    return helper.make_tensor_value_info(name, TYPES[kind], [None, width], doc_string=doc)


def finish(
    graph: Graph, inputs: list[ValueInfoProto], head: Head, n_L: int, dtype: str, zipmap: bool, doc: str,
    further: Sequence[str] = (),
) -> ModelProto:  # fmt: skip
    """Return a checked ``ModelProto`` of a graph that ends in a head's outputs.

    Parameters
    ----------
    graph : Graph
    inputs : list of onnx.ValueInfoProto
    head : Head
    n_L : int
        Outputs of the network.
    dtype : "float32" or "float64"
    zipmap : bool
        Return probabilities as dicts, one per example; not for regression.
    doc : str
        A description of the model.
    further : sequence of str
        Further outputs of a regressor, of the shape of its numbers.

    Returns
    -------
    onnx.ModelProto

    Raises
    ------
    ModelFileError
        For dicts with several labels per example, and beyond ONNX's limit of 2 GiB.
    """
    from onnx import checker, helper

    if zipmap and head.kind == "multilabel":
        raise ModelFileError("zipmap: expected one label per example, received several; use zipmap=False")
    zipmap = zipmap and head.kind != "numbers"
    if zipmap:
        _add_zipmap(graph, head, dtype)
    outputs = _outputs(head, n_L, TYPES[dtype], zipmap)
    outputs += [helper.make_tensor_value_info(name, TYPES[dtype], [None, n_L]) for name in further]
    body = helper.make_graph(graph.nodes, "ellayer", inputs, outputs, graph.constants)
    opsets = [helper.make_opsetid("", OPSET)]
    if any(node.domain == "ai.onnx.ml" for node in graph.nodes):
        opsets.append(helper.make_opsetid("ai.onnx.ml", ML_OPSET))
    proto = helper.make_model(
        body, opset_imports=opsets, ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="ellayer", producer_version=__version__, doc_string=doc,
    )  # fmt: skip
    if proto.ByteSize() > 2**31 - 1:
        raise ModelFileError(
            f"expected at most 2 GiB, ONNX's limit for one file; received {proto.ByteSize():,} bytes"
        )
    checker.check_model(proto, full_check=True)
    return proto


def _outputs(head: Head, n_L: int, real: int, zipmap: bool) -> list[ValueInfoProto]:
    from onnx import helper

    tensor = helper.make_tensor_value_info
    if head.kind == "numbers":
        return [tensor("variable", real, [None, n_L])]
    if head.classes is None:
        return [tensor("label", TYPES["int64"], [None, n_L]), tensor("probabilities", real, [None, n_L])]
    kind, K = TYPES["text" if head.classes.dtype == object else "int64"], len(head.classes)
    if not zipmap:
        return [tensor("label", kind, [None]), tensor("probabilities", real, [None, K])]
    one = helper.make_map_type_proto(kind, helper.make_tensor_type_proto(TYPES["float32"], []))
    dicts = helper.make_value_info("output_probability", helper.make_sequence_type_proto(one))
    return [tensor("output_label", kind, [None]), dicts]


def _add_zipmap(graph: Graph, head: Head, dtype: str) -> None:
    assert head.classes is not None
    labels = head.classes.tolist()
    key = "classlabels_strings" if head.classes.dtype == object else "classlabels_int64s"
    values = "probabilities"
    if dtype != "float32":
        values = graph.node("Cast", values, to=TYPES["float32"])
    graph.node("ZipMap", values, out="output_probability", domain="ai.onnx.ml", **{key: labels})
