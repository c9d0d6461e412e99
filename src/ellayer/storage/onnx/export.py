"""to_onnx: export of a model to ONNX, compared with the original."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from ... import __version__
from ...core.network import Network
from ...engine.model import Model
from ..file_format import replacing
from ..plain_data import ModelFileError
from .compare import compare
from .compare_table import compare_table
from .describe import NetworkModel, describe_network, is_table_model, require
from .head import add_head
from .model_proto import finish, input_value
from .network import add_network
from .nodes import Graph
from .skl2onnx import convert_pipeline
from .table import COVERAGE, build_table, describe_table

if TYPE_CHECKING:
    from onnx import ModelProto

    from ...tables.columns import TableLike


def to_onnx(
    model: object,
    path: str | os.PathLike[str] | None = None,
    *,
    X: TableLike | None = None,
    dtype: str = "float32",
    zipmap: bool = False,
    interval: float | None = None,
) -> ModelProto:
    """Return a model as an ONNX ``ModelProto``, checked and compared with the model itself.

    Input ``X`` (m, n_x), examples as rows. A classifier's outputs are ``label`` (m,), integers or
    strings, and ``probabilities`` (m, classes); with several labels per example both are (m, n_L). A
    regressor has the output ``variable`` (m, n_L), a table regressor also ``lower`` and ``upper``, the ends of
    ``predict_interval``.

    A table estimator has one input (m, 1) for each column in use, named like the column (prefixed with "_" if
    an output has that name), and includes its preparation: numbers, nan if missing; categories and
    Booleans as strings, "" if missing; dates as days since 1970 (UTC) with fractions, nan if missing. If
    it was fitted on an array of numbers, such as the pixels of images, there is a single input ``X`` (m, n).

    Parameters
    ----------
    model : TrainingResult, (Network, parameters), an estimator, or a scikit-learn Pipeline
    path : path, optional
        Written atomically.
    X : array or DataFrame, shape (m, n_x), optional
        Rows for the comparison, in addition to random ones and edge cases. A pipeline needs them: they define the
        types of its inputs (one per column of a DataFrame), and the comparison uses only them.
    dtype : "float32" or "float64"
        Type of the input and all arithmetic. Dates, columns of a table whose values float32 cannot distinguish,
        and everything before the first layer of the network for a table are always float64.
    zipmap : bool
        Return probabilities as one dict per example, as in skl2onnx: outputs ``output_label`` and
        ``output_probability``.
    interval : float, optional
        Coverage of the intervals of a table regressor. By default 0.9, or no intervals if too few rows were held out
        in the fit.

    Returns
    -------
    onnx.ModelProto
        Its ``metadata_props`` have the version, the network and ``ellayer.max_difference``, the largest
        difference from the outputs of the model (relative if they exceed 1; for table regression in units
        of the target's standard deviation), and for a table ``ellayer.columns``, a description of each input, and
        ``ellayer.interval``, the coverage of the intervals.

    Raises
    ------
    ModelFileError
        If the model cannot be exported, or onnxruntime computes something else.
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
            f"path: expected a path, received {type(path).__name__}; pass rows by keyword, X=..."
        )
    if dtype not in ("float32", "float64"):
        raise ModelFileError(f"dtype: expected 'float32' or 'float64', received {dtype!r}")
    require("onnx", "onnxruntime")
    network: Network | None
    if is_table_model(model):
        table = describe_table(model, interval)
        proto = build_table(table, dtype, zipmap)
        _note(proto, "max_difference", repr(compare_table(proto, model, table, dtype, X)))
        _note(proto, "columns", json.dumps(table.inputs(dtype), ensure_ascii=False))
        if table.interval:
            _note(proto, "interval", repr(COVERAGE if interval is None else interval))
        network = table.network
    elif interval is not None:
        raise ModelFileError(
            f"interval: expected a TabularRegressor, received {type(model).__name__}; omit it"
        )
    elif isinstance(model, (tuple, Model)) and not isinstance(model, type):
        described = describe_network(model)
        proto, network = _build(described, dtype, zipmap), described.network
        _note(proto, "max_difference", repr(compare(proto, described, dtype, X)))
    else:
        proto, network = convert_pipeline(model, X, dtype, zipmap), None
    if network is not None and not network.custom:
        _note(proto, "network", network.to_json())
    _note(proto, "version", __version__)
    if path is not None:
        with replacing(path) as partial:
            partial.write_bytes(proto.SerializeToString())
    return proto


def _build(model: NetworkModel, dtype: str, zipmap: bool) -> ModelProto:
    graph, (network, parameters, head) = Graph(), model
    if head.kind == "numbers":
        add_network(graph, "X", network, parameters, dtype, out="variable")
    else:
        A = add_network(graph, "X", network, parameters, dtype)
        add_head(graph, head, A, dtype, "output_label" if zipmap else "label", "probabilities")
    X = input_value("X", dtype, network.layer_dims[0])
    return finish(graph, [X], head, network.layer_dims[-1], dtype, zipmap, repr(network))


def _note(proto: ModelProto, key: str, value: str) -> None:
    proto.metadata_props.add(key=f"ellayer.{key}", value=value)
