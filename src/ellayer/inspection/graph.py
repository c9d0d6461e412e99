"""computation_graph: the operations of a function, the value above and the derivative below each edge.

The operations and the derivatives are jax's: the function is traced to a jaxpr, the jaxpr is evaluated
with 0 added to every intermediate value, and jax.grad by those zeros gives every derivative at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..core.network import Network
from ..errors import EllayerError

_MOST = 150  # operations that can still be read in one picture


@dataclass(frozen=True, eq=False)
class Node:
    """One value of the computation.

    Parameters
    ----------
    name : str
        The argument's name, or a letter for an intermediate value.
    text : str
        What is computed, e.g. "u = b * c"; the name for an input.
    inputs : tuple of int
        Numbers of the nodes it is computed from.
    value : array
    derivative : array or None
        Of the output by it, of its shape; None for whole numbers.
    """

    name: str
    text: str
    inputs: tuple[int, ...]
    value: np.ndarray
    derivative: np.ndarray | None


@dataclass(frozen=True, eq=False, repr=False)
class ComputationGraph:
    """A computation, node by node in the order of evaluation; shown as SVG in Jupyter.

    Attributes
    ----------
    nodes : tuple of Node
        The last is the output.
    """

    nodes: tuple[Node, ...]

    def __getitem__(self, name: str) -> Node:
        """Return the node of a name."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise KeyError(f"expected one of {', '.join(n.name for n in self.nodes)}; received {name!r}")

    def to_svg(self) -> str:
        """Return the drawing as SVG text."""
        from .svg import graph_svg

        return graph_svg(self)

    def _repr_html_(self) -> str:
        return self.to_svg()

    def __repr__(self) -> str:
        return f"ComputationGraph({len(self.nodes)} nodes, {self.nodes[-1].name} = {number(self.nodes[-1].value)})"

    def __str__(self) -> str:
        last = self.nodes[-1].name
        width = max(len(node.text) for node in self.nodes)
        return "\n".join(
            f"{node.text.ljust(width)}   value {number(node.value)}"
            + ("" if node.derivative is None else f", d{last}/d{node.name} {number(node.derivative)}")
            for node in self.nodes
        )


def number(value: np.ndarray) -> str:
    """Return a short text for a number or, of an array, for its norm and shape.

    Examples
    --------
    >>> number(np.array(6.0)), number(np.ones((2, 2)))
    ('6', '2x2, norm 2')
    """
    value = np.asarray(value)
    if value.size == 1:
        return f"{value.item() + 0:.4g}"
    if value.ndim == 1 and value.size <= 3:
        return "[" + ", ".join(f"{v + 0:.3g}" for v in value) + "]"
    return f"{'x'.join(map(str, value.shape))}, norm {np.linalg.norm(value.astype(float)):.3g}"


def computation_graph(function: Any, *arguments: Any, output: str = "J") -> ComputationGraph:
    """Return the computation graph of a function at a point, or a network's layer by layer.

    Parameters
    ----------
    function : callable, or a model
        A function of numbers and arrays, written with operators and ``jax.numpy``, that returns one
        number; or a TrainingResult, a pair (network, parameters) or a fitted estimator.
    *arguments
        The function's arguments; X and Y for a model.
    output : str
        The name of the result.

    Returns
    -------
    ComputationGraph

    Raises
    ------
    ValueError
        For a function that jax cannot trace, or that returns more than one number.

    Examples
    --------
    >>> graph = computation_graph(lambda a, b, c: 3 * (a + b * c), 5.0, 3.0, 2.0)
    >>> print(graph)
    a            value 5, dJ/da 3
    b            value 3, dJ/db 6
    c            value 2, dJ/dc 9
    u = b * c    value 6, dJ/du 3
    v = a + u    value 11, dJ/dv 3
    J = 3 * v    value 33, dJ/dJ 1
    """
    if (
        isinstance(function, (Network, tuple))
        or hasattr(function, "network")
        or hasattr(function, "network_")
    ):
        from .network_graph import network_graph

        return network_graph(function, *arguments)
    if not callable(function):
        raise EllayerError(
            f"computation_graph: expected a function or a model, received {type(function).__name__}"
        )
    import jax

    with jax.enable_x64(True):
        names, flat = _flatten(function, arguments)
        graph = _Tape(_traced(function, arguments), names, output)
        return graph.at(flat)


def _flatten(function: Callable, arguments: tuple) -> tuple[list[str], list[Any]]:
    """The arguments' arrays and a name for each: the parameter's, with keys and numbers for what is nested."""
    import jax

    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    own = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    own += [f"x{i}" for i in range(len(own), len(arguments))]
    names, flat = [], []
    for name, argument in zip(own, arguments, strict=False):
        for path, leaf in jax.tree_util.tree_flatten_with_path(argument)[0]:
            keys = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", "")))) for key in path]
            names.append(keys[-1] if keys and not keys[-1].isdigit() else name + "".join(keys))
            try:
                value = np.asarray(leaf)
            except ValueError:
                value = np.array(None)
            if value.dtype.kind not in "fiub":
                raise EllayerError(f"{names[-1]}: expected numbers or arrays of numbers, received {leaf!r}")
            flat.append(
                value.astype(np.float64)
                if value.dtype.kind in "fiu" and not _is_whole_array(value)
                else value
            )
    return names, flat


def _is_whole_array(value: np.ndarray) -> bool:
    """Whole numbers in an array may be indices; a lone number is a value."""
    return value.dtype.kind in "iu" and value.ndim > 0


def _traced(function: Callable, arguments: tuple) -> Any:
    """The jaxpr, or a message that says what jax could not follow."""
    import jax

    _, flat = _flatten(function, arguments)
    tree = jax.tree_util.tree_structure(arguments)
    try:
        closed = jax.make_jaxpr(function)(*jax.tree_util.tree_unflatten(tree, flat))
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError, jax.errors.UnexpectedTracerError) as error:
        raise EllayerError(
            "computation_graph: expected a function that jax can trace, received one that looks at the numbers "
            f"themselves; use jax.numpy for numpy, jnp.where(c, a, b) for `a if c else b`, and no float(x) "
            f"({type(error).__name__})"
        ) from error
    except TypeError as error:
        raise EllayerError(
            f"computation_graph: expected a function of numbers that fits its {len(arguments)} arguments and is written "
            f"with operators and jax.numpy; received one that fails with: {str(error).splitlines()[0]}"
        ) from error
    shapes = [v.aval.shape for v in closed.jaxpr.outvars]
    if len(shapes) != 1 or shapes[0] not in ((), (1,), (1, 1)):
        raise EllayerError(
            f"computation_graph: expected one number as the result, received {len(shapes)} of shapes {shapes}; "
            f"take a sum or a mean at the end"
        )
    return closed


# How an operation of jax is written, with {0}, {1} for what it takes.
_WRITTEN = {
    "add": "{0} + {1}", "add_any": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}",
    "neg": "-{0}", "max": "max({0}, {1})", "min": "min({0}, {1})", "pow": "{0}^{1}", "square": "{0}^2",
    "dot_general": "{0} @ {1}", "logistic": "sigmoid({0})", "reduce_sum": "sum({0})", "reduce_max": "max of {0}",
    "select_n": "where({0}, {2}, {1})", "transpose": "{0}^T", "gt": "{0} > {1}", "ge": "{0} >= {1}",
    "lt": "{0} < {1}", "le": "{0} <= {1}", "eq": "{0} == {1}",
}  # fmt: skip
# What only changes shape or type, and what only wraps a function.
_PASSING = {
    "convert_element_type",
    "broadcast_in_dim",
    "reshape",
    "squeeze",
    "copy",
    "copy_p",
    "stop_gradient_p",
}


class _Tape:
    """A jaxpr laid flat: slots for values, each computed by one operation from others."""

    def __init__(self, closed: Any, names: list[str], output: str):
        self.constants: list[Any] = []
        self.operations: list[tuple[Any, list[Any]]] = []  # (equation, its inputs as slots or constants)
        self.names, self.output, self.inputs = names, output, len(names)
        slots = list(range(self.inputs))
        self.size = self.inputs
        (self.last,) = self._lay(closed.jaxpr, closed.consts, slots)
        if len(self.operations) > 4 * _MOST:
            raise EllayerError(
                f"computation_graph: expected a function of at most {_MOST} operations, received {len(self.operations)}; "
                f"draw a part of it, or give the model itself for its graph by layer"
            )

    def _lay(self, jaxpr: Any, consts: list, arguments: list) -> list:
        """Lay an inner jaxpr's operations down; return where its results are."""
        where = dict(zip(jaxpr.invars, arguments, strict=True))
        where |= {var: ("constant", value) for var, value in zip(jaxpr.constvars, consts, strict=True)}

        def read(atom: Any) -> Any:
            return ("constant", atom.val) if hasattr(atom, "val") else where[atom]

        for eqn in jaxpr.eqns:
            inputs = [read(atom) for atom in eqn.invars]
            inner = _inner(eqn)
            if inner is not None:
                results = self._lay(inner.jaxpr, inner.consts, inputs)
            else:
                results = list(range(self.size, self.size + len(eqn.outvars)))
                self.size += len(eqn.outvars)
                self.operations.append((eqn, inputs))
            where |= dict(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def run(self, arguments: list, nudges: dict[int, Any]) -> list:
        """Evaluate all slots, with a nudge added to each that has one."""
        values = [a + nudges[i] if i in nudges else a for i, a in enumerate(arguments)]
        for eqn, inputs in self.operations:
            given = [values[i] if isinstance(i, int) else i[1] for i in inputs]
            results = eqn.primitive.bind(*given, **eqn.params)
            for result in results if eqn.primitive.multiple_results else [results]:
                at = len(values)
                values.append(result + nudges[at] if at in nudges else result)
        return values

    def at(self, arguments: list) -> ComputationGraph:
        """Return the graph with values and derivatives at a point."""
        import jax

        plain = [jax.numpy.asarray(a) for a in arguments]
        values = self.run(plain, {})
        if not isinstance(self.last, int):
            raise EllayerError(
                "computation_graph: expected a result that depends on the arguments, received a constant"
            )
        nudges = {
            i: jax.numpy.zeros_like(v)
            for i, v in enumerate(values)
            if jax.numpy.issubdtype(v.dtype, np.floating)
        }
        try:
            slopes = jax.grad(lambda n: self.run(plain, n)[self.last].sum())(nudges)
        except (TypeError, ValueError) as error:
            raise EllayerError(
                f"computation_graph: expected a function with a derivative, received one that jax cannot "
                f"differentiate: {str(error).splitlines()[0]}; write loops with a fixed number of rounds"
            ) from error
        return self._draw([np.asarray(v) for v in values], {i: np.asarray(s) for i, s in slopes.items()})

    def _draw(self, values: list[np.ndarray], slopes: dict[int, np.ndarray]) -> ComputationGraph:
        """Keep what the output depends on, name it and write it down."""
        letters = _letters({*self.names, self.output})
        stands_for: dict[int, Any] = {}  # slot -> slot or constant it is the same as, but for its shape
        made: dict[int, tuple[str, list]] = {}
        at = self.inputs
        for eqn, inputs in self.operations:
            inputs = [stands_for.get(i, i) if isinstance(i, int) else i for i in inputs]
            if eqn.primitive.name in _PASSING and not (
                isinstance(inputs[0], int) and at == self.last and inputs[0] < self.inputs
            ):
                stands_for[at] = inputs[0]
            else:
                for k in range(len(eqn.outvars)):
                    made[at + k] = (_written(eqn), inputs)
            at += len(eqn.outvars)
        last = stands_for.get(self.last, self.last)
        needed = _needed(last, made)
        names = dict(enumerate(self.names))
        nodes: list[Node] = []
        number_of: dict[int, int] = {}
        for i in range(self.size):
            if i >= self.inputs and i not in needed:
                continue
            if i >= self.inputs:
                names[i] = self.output if i == last else next(letters)
                form, inputs = made[i]
                told = [names[s] if isinstance(s, int) else _constant(s[1]) for s in inputs]
                text = f"{names[i]} = {_filled(form, told)}"
                before = tuple(dict.fromkeys(number_of[s] for s in inputs if isinstance(s, int)))
            else:
                text, before = names[i], ()
            number_of[i] = len(nodes)
            nodes.append(Node(names[i], text, before, values[i], slopes.get(i)))
        if len(nodes) - self.inputs > _MOST:
            raise EllayerError(
                f"computation_graph: expected at most {_MOST} operations, received {len(nodes) - self.inputs}; draw a "
                f"part of it, or give the model itself for its graph by layer"
            )
        return ComputationGraph(tuple(nodes))


def _inner(eqn: Any) -> Any:
    """The jaxpr inside a wrapped function (jit, a custom derivative); None for an operation."""
    if eqn.primitive.name in (
        "pjit",
        "jit",
        "closed_call",
        "custom_jvp_call",
        "custom_vjp_call",
        "remat",
        "checkpoint",
    ):
        for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
            inner = eqn.params.get(key)
            if inner is not None:
                if hasattr(inner, "jaxpr"):
                    return inner
                from jax.extend.core import ClosedJaxpr

                return ClosedJaxpr(inner, ())
    return None


def _needed(last: int, made: dict[int, tuple[str, list]]) -> set[int]:
    """What the output is computed from."""
    found, ahead = set(), [last]
    while ahead:
        i = ahead.pop()
        if i in found:
            continue
        found.add(i)
        ahead += [s for s in made.get(i, ("", []))[1] if isinstance(s, int)]
    return found


def _written(eqn: Any) -> str:
    name = eqn.primitive.name
    if name == "integer_pow":
        return f"{{0}}^{eqn.params['y']}"
    if name in _WRITTEN:
        return _WRITTEN[name]
    return f"{name}({', '.join(f'{{{i}}}' for i in range(len(eqn.invars)))})"


def _filled(form: str, told: list[str]) -> str:
    for i, text in enumerate(told):
        form = form.replace(f"{{{i}}}", text)
    return form


def _constant(value: Any) -> str:
    value = np.asarray(value)
    return f"{value.item():.4g}" if value.size == 1 else f"const {'x'.join(map(str, value.shape))}"


def _letters(taken: set[str]) -> Any:
    """u, v, w, then t1, t2, ...: names for intermediate values."""
    for name in "uvw":
        if name not in taken:
            yield name
    i = 0
    while True:
        i += 1
        if f"t{i}" not in taken:
            yield f"t{i}"
