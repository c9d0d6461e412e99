"""Network: the frozen description of a dense network."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any, TypedDict, get_type_hints

from .._forms import Count, Positive, conform
from .._views import html_table
from ..errors import EllayerError
from .activations import ACTIVATIONS, Activation
from .inputs import Inputs
from .losses import LOSSES, FusedPair, Loss
from .registry import Registry


class InputsFields(TypedDict, total=False):
    """``Inputs`` as JSON."""

    numbers: Count
    frequencies: Count
    width: Count
    categories: list[Positive]
    dimension: Count
    scaling: bool
    ramps: Count


class _OptionalFields(TypedDict, total=False):
    parametric: bool
    inputs: InputsFields


class NetworkFields(_OptionalFields):
    """``Network`` as JSON."""

    layer_dims: list[Positive]
    activations: list[str]
    loss: str


@dataclass(frozen=True, init=False)
class Network:
    """A dense network of L layers: sizes, activations and loss, without learned parameters.

    Parameters
    ----------
    layer_dims : sequence of int
        [n_x, n_1, ..., n_L]: units per layer, the input first (it is not counted in L).
    activations : str or sequence of str
        A name for all hidden layers, or a list with one per hidden layer, or one per layer (the last
        is that of the output). Names are rows of ``ACTIVATIONS``, e.g. "relu", "leaky_relu(0.1)"; a custom
        ``Activation`` can be passed in place of a name.
    loss : str, optional
        A row of ``LOSSES``, or a custom ``Loss``. By default it follows from the output:
        identity takes the squared error, exp the Poisson loss, softmax or several outputs the
        cross-entropy, one output the binary one.
    parametric : bool
        Whether each hidden unit blends its activation with the identity by a learned alpha.
    inputs : Inputs, optional
        Embeddings and scaling before the first layer.

    Attributes
    ----------
    L : int
        Number of layers.
    custom : tuple of Activation or Loss
        Custom functions; a network with any cannot be written as JSON.
    layer_activations : tuple of Activation
        Row of each layer's activation, layer 1 first.
    loss_row : Loss

    Raises
    ------
    ValueError
        For sizes below 1, unknown names, or a list of the wrong length.

    Examples
    --------
    >>> network = Network([12288, 20, 7, 5, 1])
    >>> network.activations
    ('relu', 'relu', 'relu', 'sigmoid')
    >>> network.loss
    'binary_cross_entropy'
    >>> network.parameter_count
    245973
    """

    layer_dims: tuple[int, ...]
    activations: tuple[str, ...]
    loss: str
    custom: tuple[Activation | Loss, ...]
    parametric: bool
    inputs: Inputs | None

    def __init__(
        self,
        layer_dims: Sequence[int],
        activations: str | Activation | Sequence[str | Activation] = "relu",
        loss: str | Loss | None = None,
        *,
        parametric: bool = False,
        inputs: Inputs | Mapping[str, Any] | None = None,
    ):
        dims = _check_layer_dims(layer_dims)
        *hidden, output = _per_layer(activations, len(dims) - 1)
        custom = _custom_rows([*hidden, output, loss])
        if output is not None:
            output = _canonical_name(ACTIVATIONS, output)
        loss_name = _default_loss(output, dims[-1]) if loss is None else _canonical_name(LOSSES, loss)
        row = loss if isinstance(loss, Loss) else LOSSES[loss_name]
        if row.targets == "one_hot" and dims[-1] < 2:
            raise EllayerError(
                f"the loss {loss_name!r} needs one output unit per class: expected layer_dims[-1] >= 2, received "
                f"{dims[-1]}; for two classes and one unit use 'binary_cross_entropy'"
            )
        if isinstance(inputs, Mapping):
            inputs = Inputs(**{**inputs, "categories": tuple(inputs.get("categories", ()))})
        if inputs is not None:
            inputs.size(dims[0])  # refuses fewer rows than it embeds
        fields = {
            "layer_dims": dims,
            "activations": (*(_canonical_name(ACTIVATIONS, g) for g in hidden), output or row.output),
            "loss": loss_name,
            "custom": custom,
            "parametric": bool(parametric),
            "inputs": inputs,
        }
        for name, value in fields.items():
            object.__setattr__(self, name, value)  # the way into a frozen dataclass

    @cached_property
    def L(self) -> int:
        """Number of layers, not counting the input."""
        return len(self.layer_dims) - 1

    @cached_property
    def layer_activations(self) -> tuple[Activation, ...]:
        """The rows of the activations, layer 1 first."""
        custom = {row.name: row for row in self.custom if isinstance(row, Activation)}
        return tuple(custom.get(name) or ACTIVATIONS[name] for name in self.activations)

    @cached_property
    def loss_row(self) -> Loss:
        """The row of the loss."""
        custom = {row.name: row for row in self.custom if isinstance(row, Loss)}
        return custom.get(self.loss) or LOSSES[self.loss]

    @cached_property
    def fused_pair(self) -> FusedPair | None:
        """The fused form of loss and output activation, with dZ^[L] = A^[L] - Y; None if they have none."""
        return self.loss_row.fused if self.loss_row.fuses_with(self.activations[-1]) else None

    @property
    def fused(self) -> bool:
        """Whether loss and output activation have a fused form."""
        return self.fused_pair is not None

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Rows of A^[0], A^[1], ..., A^[L]: ``layer_dims``, or with embeddings more in A^[0]."""
        n_x, *rest = self.layer_dims
        return (n_x if self.inputs is None else self.inputs.size(n_x), *rest)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter: {"W1": (n_1, n_x), "b1": (n_1, 1), ...}."""
        table: dict[str, tuple[int, ...]] = {}
        for l, (n_prev, n) in enumerate(pairwise(self.widths), start=1):
            table[f"W{l}"] = (n, n_prev)
            table[f"b{l}"] = (n, 1)
            if self.parametric and l < self.L:
                table[f"a{l}"] = (n, 1)
        return table | (self.inputs.shapes(self.layer_dims[0]) if self.inputs else {})

    @property
    def parameter_count(self) -> int:
        """Number of learned numbers."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def shape_table(self, m: int | str = "m") -> list[dict[str, Any]]:
        """Return the notes' table of dimensions, one dict per layer.

        Parameters
        ----------
        m : int or str
            Number of examples, or a letter for it.

        Examples
        --------
        >>> Network([12288, 7, 1]).shape_table(209)[0]
        {'layer': 1, 'W': (7, 12288), 'b': (7, 1), 'Z': (7, 209), 'A': (7, 209), 'activation': 'relu', 'parameters': 86023}
        """
        dims = self.widths
        return [
            {
                "layer": l,
                "W": (dims[l], dims[l - 1]),
                "b": (dims[l], 1),
                "Z": (dims[l], m),
                "A": (dims[l], m),
                "activation": self.activations[l - 1],
                "parameters": dims[l] * (dims[l - 1] + 1),
            }
            for l in range(1, len(dims))
        ]

    def to_json(self) -> str:
        """Return the description as JSON text."""
        if self.custom:
            names = ", ".join(row.name for row in self.custom)
            raise EllayerError(
                "expected a network of named activations and losses to write as JSON, received custom functions: "
                f"{names}; use names such as 'relu' for a network that is to be saved"
            )
        fields: dict[str, Any] = {
            "layer_dims": list(self.layer_dims),
            "activations": list(self.activations),
            "loss": self.loss,
        }
        if self.parametric:
            fields["parametric"] = True
        if self.inputs is not None:
            fields["inputs"] = asdict(self.inputs)
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> Network:
        """Return the network of a JSON text.

        >>> Network.from_json(Network([2, 4, 1], "tanh").to_json()) == Network([2, 4, 1], "tanh")
        True
        """
        fields = conform(json.loads(text), NetworkFields, "network")
        inputs = fields.get("inputs") or {}
        unknown = fields.keys() - get_type_hints(NetworkFields) | inputs.keys() - get_type_hints(InputsFields)
        if unknown:
            raise EllayerError(f"network: expected no further fields, received {', '.join(sorted(unknown))}")
        return cls(**fields)

    def __getstate__(self) -> dict[str, object]:
        """Return the fields for pickle, and not the rows of functions that were looked up by them."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.layer_dims))
        return f"Network({sizes}, {', '.join(self.activations)}; {self.loss})"

    def _repr_html_(self) -> str:
        rows = [
            (str(row["layer"]), str(row["W"]), str(row["b"]), row["activation"], f"{row['parameters']:,}")
            for row in self.shape_table()
        ]
        caption = f"{self!r}, {self.parameter_count:,} parameters"
        return html_table(("layer", "W", "b", "activation", "parameters"), rows, caption)


def _check_layer_dims(layer_dims: Sequence[int]) -> tuple[int, ...]:
    try:
        dims = tuple(operator.index(n) for n in layer_dims)
    except TypeError:
        raise EllayerError(
            f"layer_dims: expected integers [n_x, n_1, ..., n_L], received {layer_dims!r}"
        ) from None
    if len(dims) < 2:
        raise EllayerError(
            f"layer_dims: expected at least the input and one layer, like [n_x, 1]; received {list(dims)}"
        )
    for l, n in enumerate(dims):
        if n < 1:
            raise EllayerError(
                f"layer_dims: expected at least 1 unit in every layer, received {n} in layer {l} of {list(dims)}"
            )
    return dims


def _per_layer(activations: str | Activation | Sequence[str | Activation], L: int) -> list[Any]:
    """One name or row per layer; None for the output if it follows from the loss."""
    if isinstance(activations, Activation):
        return [activations] * (L - 1) + [None]
    if isinstance(activations, str):
        ACTIVATIONS.canonical(activations)  # a wrong name is wrong even where no layer is hidden
        return [activations] * (L - 1) + [None]
    try:
        names = list(activations)
    except TypeError:
        raise EllayerError(
            f"activations: expected a name or a list of names, received {activations!r}; "
            f"known: {', '.join(ACTIVATIONS)}"
        ) from None
    if len(names) == L - 1:
        return [*names, None]
    if len(names) != L:
        raise EllayerError(
            f"activations: expected one name, a list of {L - 1} (hidden layers) or of {L} (with the output), "
            f"received {len(names)}: {names!r}"
        )
    return names


def _canonical_name(table: Registry[Any], row: str | Activation | Loss) -> str:
    """The name of a custom row, or the canonical spelling of a row of the table."""
    return row.name if isinstance(row, (Activation, Loss)) else table.canonical(row)


def _custom_rows(rows: Sequence[str | Activation | Loss | None]) -> tuple[Activation | Loss, ...]:
    """The custom rows, each once; names must be unique."""
    custom: dict[tuple[type, str], Activation | Loss] = {}
    for row in rows:
        if not isinstance(row, (Activation, Loss)):
            continue
        table: Registry[Any] = ACTIVATIONS if isinstance(row, Activation) else LOSSES
        known = table[row.name] if row.name in table else custom.setdefault((type(row), row.name), row)
        if known != row:
            raise EllayerError(
                f"expected one {table.kind} of the name {row.name!r}, received a second, different one; "
                f"give yours a name of its own"
            )
    return tuple(custom.values())


def _default_loss(output: str | None, n_L: int) -> str:
    by_output = {"identity": "squared_error", "exp": "poisson", "softmax": "cross_entropy"}
    if output in by_output:
        return by_output[output]
    if output in (None, "sigmoid"):
        return "binary_cross_entropy" if n_L == 1 or output == "sigmoid" else "cross_entropy"
    return "squared_error"
