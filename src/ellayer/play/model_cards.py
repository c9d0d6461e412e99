"""Facts about a model, and the reason why it cannot be trained further."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._wording import pluralize
from ..core.network import Network
from ..engine.model import ModelParts
from ..tables.fitted_encoders import FittedEncoders
from . import limits
from .opening import ModelCard

_KINDS = {
    "numbers": "a model of numbers",
    "binary": "a model of two classes",
    "classes": "a model of classes",
    "one class": "a model of a constant target",
    "multilabel": "a model of several labels",
}


def model_card(name: str, parts: ModelParts, encoders: FittedEncoders | None = None) -> ModelCard:
    """Return facts about a model for the page.

    Parameters
    ----------
    name : str
        Of its file; only the last part of a path.
    parts : ModelParts
    encoders : FittedEncoders, optional
        Of a model of a table.
    """
    kind = _KINDS[parts.target_kind] + (", of a table" if encoders is not None else "")
    facts = [("kind", kind)]
    if parts.classes is not None:
        labels = ", ".join(map(str, parts.classes[:10]))
        facts.append(("classes", labels + (", ..." if len(parts.classes) > 10 else "")))
    if encoders is not None:
        inputs = len(encoders.get_feature_names_out())
        facts.append(("columns", f"{len(encoders.columns_)}, which become {pluralize(inputs, 'input')}"))
    network = parts.network
    if network is not None:
        count = len(parts.member_parameters)
        facts.append(("network", repr(network)))
        facts.append(
            (
                "parameters",
                f"{network.parameter_count:,}" + (f" in each of {count} networks" if count > 1 else ""),
            )
        )
        facts += _inputs(network)
    if parts.stopped_by:
        facts.append(("training", f"{len(parts.history):,} records, stopped by {parts.stopped_by}"))
    if parts.temperature != 1.0:
        text = f"{parts.temperature:.3g}; predictions divide the outputs by it, this page shows the network alone"
        facts.append(("temperature", text))
    scale = parts.target_scale
    if (scale.center, scale.scale) != (0.0, 1.0):
        facts.append(("target", f"the network predicts (y - {scale.center:.6g}) / {scale.scale:.6g}"))
    if encoders is not None and network is not None:
        facts.append(
            (
                "continuing",
                "with the settings of this page, not those of the recipe: no factors on the rates, no label smoothing",
            )
        )
    return ModelCard(Path(name).name or name, tuple(facts), _embedded_levels(encoders))


def _inputs(network: Network) -> list[tuple[str, str]]:
    """Return facts about what is before the first layer, and about blended activations."""
    facts = []
    inputs = network.inputs
    if inputs is not None:
        parts = [
            f"{inputs.width} of cosines" if inputs.numbers and inputs.frequencies else "",
            f"{inputs.ramps} ramps, whose thresholds stay" if inputs.numbers and inputs.ramps else "",
        ]
        if any(parts):
            facts.append(
                ("numbers", f"each of {inputs.numbers} also as " + " and ".join(filter(None, parts)))
            )
        if inputs.categories:
            facts.append(
                (
                    "embeddings",
                    f"{pluralize(len(inputs.categories), 'category', 'categories')}, {inputs.dimension} numbers a level",
                )
            )
        if inputs.scaling:
            facts.append(("scaling", f"a learned factor for each of {network.widths[0]} rows of A0"))
    if network.parametric:
        facts.append(("hidden units", "each blends its activation with the identity by a learned alpha"))
    return facts


def _embedded_levels(encoders: FittedEncoders | None) -> tuple[tuple[str, Sequence[str]], ...]:
    """Return the column and the levels of each embedded category."""
    columns = encoders.columns_ if encoders is not None else []
    return tuple((column.name, column.code_names) for column in columns if column.code_levels)


def why_not(parts: ModelParts, is_table: bool) -> str:
    """Return why a model cannot be trained further on the page; "" if it can, given its examples."""
    network = parts.network
    if network is None:
        kind = "It consists of boosted trees" if parts.outputs is not None else "Its target was constant"
        return f"{kind}: there is no network to train further or to draw."
    if network.custom:
        names = ", ".join(row.name for row in network.custom)
        return f"It has functions of its own ({names}), which the page cannot name; train it further from Python."
    default = Network(network.layer_dims, network.activations[:-1], network.loss)
    if default.activations[-1] != network.activations[-1]:
        return (
            f"Its output is {network.activations[-1]}, and the page takes {default.activations[-1]} for the loss "
            f"{network.loss}; train it further from Python."
        )
    if parts.target_kind == "multilabel" or (parts.target_kind == "numbers" and network.layer_dims[-1] > 1):
        return f"It predicts {network.layer_dims[-1]} targets at once; the page trains on one."
    if (network.inputs is not None or network.parametric) and not is_table:
        return "It has the first layer of a model of a table without the table's columns; open the file of the whole model."
    if len(network.layer_dims) - 2 > limits.LAYERS or max([0, *network.layer_dims[1:-1]]) > limits.UNITS:
        return f"It is larger than the page trains: at most {limits.LAYERS} hidden layers of {limits.UNITS} units."
    if network.parameter_count > limits.PARAMETERS:
        return (
            f"It has {network.parameter_count:,} parameters; the page trains at most {limits.PARAMETERS:,}."
        )
    return ""
