"""The operations of a function as the nodes of a graph.

Operations and derivatives come from jax: the function is traced to a jaxpr, the jaxpr is evaluated
with 0 added to every intermediate value, and jax.grad by those zeros gives every derivative at once.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import EllayerError
from .graph_numpy import with_numpy
from .graph_record import Node

if TYPE_CHECKING:
    import jax
    from jax.extend.core import ClosedJaxpr, Jaxpr, JaxprEqn

_MOST = 150  # operations that can still be read in one picture


def function_nodes(function: Callable[..., Any], arguments: tuple[Any, ...], output: str) -> tuple[Node, ...]:
    """Return the nodes of a function's graph at a point; the last is the output.

    Parameters
    ----------
    function : callable
        Of numbers and arrays, written with operators, NumPy or ``jax.numpy``; returns one number.
    arguments : tuple
    output : str
        The name of the result.

    Raises
    ------
    ValueError
        For a function that jax cannot trace, or that returns more than one number.
    """
    import jax

    with jax.enable_x64(True):
        names, values = _flatten(function, arguments)
        return _Tape(_make_jaxpr(function, arguments, values), names, output).nodes_at(values)


def _flatten(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[list[str], list[np.ndarray]]:
    """Return a name for each array of the arguments (the parameter's, with keys and numbers inside) and the arrays."""
    import jax

    names, values = [], []
    for name, argument in zip(_argument_names(function, len(arguments)), arguments, strict=False):
        for path, leaf in jax.tree_util.tree_flatten_with_path(argument)[0]:
            keys = [str(getattr(key, "key", getattr(key, "idx", getattr(key, "name", "")))) for key in path]
            names.append(keys[-1] if keys and not keys[-1].isdigit() else name + "".join(keys))
            values.append(_as_numbers(leaf, names[-1]))
    return names, values


def _argument_names(function: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return names + [f"x{i}" for i in range(len(names), count)]


def _as_numbers(leaf: object, name: str) -> np.ndarray:
    """Return a value as an array; integers in an array may be indices, a single number is a float."""
    try:
        value = np.asarray(leaf)
    except ValueError:
        value = np.array(None)
    if value.dtype.kind not in "fiub":
        raise EllayerError(f"{name}: expected numbers or arrays of numbers, received {leaf!r}")
    if value.dtype.kind == "f" or (value.dtype.kind in "iu" and value.ndim == 0):
        return value.astype(np.float64)
    return value


def _make_jaxpr(
    function: Callable[..., Any], arguments: tuple[Any, ...], values: list[np.ndarray]
) -> ClosedJaxpr:
    """Return the jaxpr of a function, or raise an error that names what jax cannot trace."""
    import jax

    tree = jax.tree_util.tree_structure(arguments)
    point = jax.tree_util.tree_unflatten(tree, values)
    try:
        try:
            closed = jax.make_jaxpr(function)(*point)
        except jax.errors.TracerArrayConversionError:  # by a function of NumPy
            closed = jax.make_jaxpr(with_numpy(function))(*point)
    except (jax.errors.JAXTypeError, jax.errors.JAXIndexError, jax.errors.UnexpectedTracerError) as error:
        raise EllayerError(
            "computation_graph: expected a function that jax can trace, received one that depends on the values "
            f"themselves; write np.where(c, a, b) for `a if c else b`, np.exp for math.exp, and no float(x) "
            f"({type(error).__name__})"
        ) from error
    except TypeError as error:
        raise EllayerError(
            f"computation_graph: expected a function of numbers that fits its {len(arguments)} arguments and is written "
            f"with operators, NumPy or jax.numpy; received one that fails with: {str(error).splitlines()[0]}"
        ) from error
    shapes = [v.aval.shape for v in closed.jaxpr.outvars]
    if len(shapes) != 1 or shapes[0] not in ((), (1,), (1, 1)):
        raise EllayerError(
            f"computation_graph: expected one number as the result, received {len(shapes)} of shapes {shapes}; "
            f"take a sum or a mean at the end"
        )
    return closed


# Text of an operation of jax, with {0}, {1} for its inputs.
_FORMS = {
    "add": "{0} + {1}", "add_any": "{0} + {1}", "sub": "{0} - {1}", "mul": "{0} * {1}", "div": "{0} / {1}",
    "neg": "-{0}", "max": "max({0}, {1})", "min": "min({0}, {1})", "pow": "{0}^{1}", "square": "{0}^2",
    "dot_general": "{0} @ {1}", "logistic": "sigmoid({0})", "reduce_sum": "sum({0})", "reduce_max": "max of {0}",
    "select_n": "where({0}, {2}, {1})", "transpose": "{0}^T", "gt": "{0} > {1}", "ge": "{0} >= {1}",
    "lt": "{0} < {1}", "le": "{0} <= {1}", "eq": "{0} == {1}",
}  # fmt: skip
# Operations that change only the shape or the type of a value.
_PASSING = {
    "convert_element_type", "broadcast_in_dim", "reshape", "squeeze", "copy", "copy_p", "stop_gradient_p",
}  # fmt: skip
# Operations that wrap a function.
_WRAPPERS = {
    "pjit", "jit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat", "checkpoint",
}  # fmt: skip


class Constant(NamedTuple):
    """A value that does not depend on the arguments."""

    value: Any

    def __str__(self) -> str:
        value = np.asarray(self.value)
        return f"{value.item():.4g}" if value.size == 1 else f"const {'x'.join(map(str, value.shape))}"


Source = int | Constant  # the slot of a value, or a constant


class _VisibleNode(NamedTuple):
    """An operation as it is drawn: its text, and its inputs without those that only change a shape."""

    form: str
    inputs: list[Source]


class _Tape:
    """A flattened jaxpr: slots for values, each computed by one operation from others."""

    def __init__(self, closed: ClosedJaxpr, names: list[str], output: str):
        self.operations: list[tuple[JaxprEqn, list[Source]]] = []
        self.names, self.output = names, output
        self.size = len(names)
        (self.last,) = self._lay(closed.jaxpr, closed.consts, list(range(self.size)))
        if len(self.operations) > 4 * _MOST:
            raise _too_many(len(self.operations))

    def _lay(self, jaxpr: Jaxpr, consts: list[Any], arguments: list[Source]) -> list[Source]:
        """Add the operations of an inner jaxpr; return the sources of its results."""
        sources: dict[Any, Source] = dict(zip(jaxpr.invars, arguments, strict=True))
        sources |= {var: Constant(value) for var, value in zip(jaxpr.constvars, consts, strict=True)}

        def read(atom: Any) -> Source:
            return Constant(atom.val) if hasattr(atom, "val") else sources[atom]

        for eqn in jaxpr.eqns:
            inputs = [read(atom) for atom in eqn.invars]
            inner = _inner(eqn)
            results: list[Source]
            if inner is not None:
                results = self._lay(inner.jaxpr, inner.consts, inputs)
            else:
                results = list(range(self.size, self.size + len(eqn.outvars)))
                self.size += len(eqn.outvars)
                self.operations.append((eqn, inputs))
            sources |= dict(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _run(self, arguments: list[jax.Array], nudges: dict[int, jax.Array]) -> list[jax.Array]:
        """Evaluate all slots, with the perturbations added."""
        values = [a + nudges[i] if i in nudges else a for i, a in enumerate(arguments)]
        for eqn, sources in self.operations:
            inputs = [source.value if isinstance(source, Constant) else values[source] for source in sources]
            bind: Callable[..., Any] = eqn.primitive.bind
            results = bind(*inputs, **eqn.params)
            for result in results if eqn.primitive.multiple_results else [results]:
                slot = len(values)
                values.append(result + nudges[slot] if slot in nudges else result)
        return values

    def nodes_at(self, arguments: list[np.ndarray]) -> tuple[Node, ...]:
        """Return the nodes with values and derivatives at a point."""
        import jax

        last = self.last
        if isinstance(last, Constant):
            raise _constant_result()
        point = [jax.numpy.asarray(a) for a in arguments]
        values = self._run(point, {})
        nudges = {
            slot: jax.numpy.zeros_like(v)
            for slot, v in enumerate(values)
            if jax.numpy.issubdtype(v.dtype, np.floating)
        }
        try:
            slopes = jax.grad(lambda n: self._run(point, n)[last].sum())(nudges)
        except (TypeError, ValueError) as error:
            raise EllayerError(
                f"computation_graph: expected a function with a derivative, received one that jax cannot "
                f"differentiate: {str(error).splitlines()[0]}; write loops with a fixed number of iterations"
            ) from error
        arrays = {slot: np.asarray(slope) for slot, slope in slopes.items()}
        return self._nodes(last, [np.asarray(value) for value in values], arrays)

    def _nodes(self, last: int, values: list[np.ndarray], slopes: dict[int, np.ndarray]) -> tuple[Node, ...]:
        """Name and write the operations that the output depends on."""
        visible, last = self._find_visible(last)
        needed = _ancestors(last, visible)
        letters = _letters({*self.names, self.output})
        names = dict(enumerate(self.names))
        nodes: list[Node] = []
        positions: dict[int, int] = {}  # slot -> position among the nodes
        for slot, value in enumerate(values):
            inputs: list[Source] = []
            if slot < len(self.names):
                text = names[slot]
            elif slot in needed:
                names[slot] = self.output if slot == last else next(letters)
                form, inputs = visible[slot]
                expression = form.format(*(names[s] if isinstance(s, int) else s for s in inputs))
                text = f"{names[slot]} = {expression}"
            else:
                continue
            before = tuple(dict.fromkeys(positions[s] for s in inputs if isinstance(s, int)))
            positions[slot] = len(nodes)
            nodes.append(Node(names[slot], text, before, value, slopes.get(slot)))
        if len(nodes) - len(self.names) > _MOST:
            raise _too_many(len(nodes) - len(self.names))
        return tuple(nodes)

    def _find_visible(self, last: int) -> tuple[dict[int, _VisibleNode], int]:
        """Return the operations without those that only change a shape, and the slot of the output among them."""
        same: dict[int, Source] = {}  # slot -> the source that it equals except for its shape
        visible: dict[int, _VisibleNode] = {}
        slot = len(self.names)
        for eqn, sources in self.operations:
            inputs = [same.get(s, s) if isinstance(s, int) else s for s in sources]
            if eqn.primitive.name in _PASSING and not (slot == last and self._is_argument(inputs[0])):
                same[slot] = inputs[0]
            else:
                for k in range(len(eqn.outvars)):
                    visible[slot + k] = _VisibleNode(_form(eqn), inputs)
            slot += len(eqn.outvars)
        output = same.get(last, last)
        if isinstance(output, Constant):
            raise _constant_result()
        return visible, output

    def _is_argument(self, source: Source) -> bool:
        return isinstance(source, int) and source < len(self.names)


def _constant_result() -> EllayerError:
    return EllayerError(
        "computation_graph: expected a result that depends on the arguments, received a constant"
    )


def _too_many(operations: int) -> EllayerError:
    return EllayerError(
        f"computation_graph: expected a function of at most {_MOST} operations, received {operations}; draw a part "
        f"of it, or give the model itself for its graph by layer"
    )


def _inner(eqn: JaxprEqn) -> ClosedJaxpr | None:
    """Return the jaxpr inside a wrapped function (jit, a custom derivative); None for an operation."""
    if eqn.primitive.name not in _WRAPPERS:
        return None
    for key in ("jaxpr", "call_jaxpr", "fun_jaxpr"):
        inner = eqn.params.get(key)
        if inner is not None:
            if hasattr(inner, "jaxpr"):
                return inner
            from jax.extend.core import ClosedJaxpr

            return ClosedJaxpr(inner, ())
    return None


def _ancestors(last: int, visible: dict[int, _VisibleNode]) -> set[int]:
    """Return the slots that the output is computed from."""
    needed: set[int] = set()
    ahead = [last]
    while ahead:
        slot = ahead.pop()
        if slot not in needed:
            needed.add(slot)
            if slot in visible:
                ahead += [s for s in visible[slot].inputs if isinstance(s, int)]
    return needed


def _form(eqn: JaxprEqn) -> str:
    name = eqn.primitive.name
    if name == "integer_pow":
        return f"{{0}}^{eqn.params['y']}"
    if name in _FORMS:
        return _FORMS[name]
    return f"{name}({', '.join(f'{{{i}}}' for i in range(len(eqn.invars)))})"


def _letters(used_names: set[str]) -> Iterator[str]:
    """Yield u, v, w, then t1, t2, ...: names for intermediate values."""
    yield from (name for name in "uvw" if name not in used_names)
    for i in count(1):
        if f"t{i}" not in used_names:
            yield f"t{i}"
