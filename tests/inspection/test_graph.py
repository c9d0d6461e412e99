"""computation_graph: jax's operations, values and derivatives; drawn; or a clear refusal."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ellayer import Network, computation_graph, trace, train

RNG = np.random.default_rng(3)


def test_the_notes_graph():
    graph = computation_graph(lambda a, b, c: 3 * (a + b * c), 5, 3, 2)
    seen = {n.name: (n.text, float(n.value), float(n.derivative)) for n in graph.nodes}
    assert seen == {
        "a": ("a", 5, 3), "b": ("b", 3, 6), "c": ("c", 2, 9),
        "u": ("u = b * c", 6, 3), "v": ("v = a + u", 11, 3), "J": ("J = 3 * v", 33, 1),
    }  # fmt: skip
    picture = ElementTree.fromstring(graph.to_svg())
    words = [e.text for e in picture.iter() if e.tag.endswith("text") and e.text]
    assert {"a", "u = b * c", "J = 3 * v", "33", "11", "9"} <= set(words)


def logistic(w, b, x, y):
    a = jax.nn.sigmoid(w @ x + b)
    return -(y * jnp.log(a) + (1 - y) * jnp.log(1 - a))


def test_logistic_regression_has_jaxs_gradients():
    point = (np.array([0.3, -0.2]), 0.1, np.array([1.0, 2.0]), 1.0)
    graph = computation_graph(logistic, *point)
    with jax.enable_x64(True):
        value, slopes = jax.value_and_grad(logistic, argnums=(0, 1, 2, 3))(*map(jnp.asarray, point))
    assert graph["J"].value == pytest.approx(float(value))
    for name, slope in zip("wbxy", slopes, strict=True):
        np.testing.assert_allclose(graph[name].derivative, slope, rtol=1e-12, atol=1e-15)
    assert any("sigmoid" in node.text for node in graph.nodes)


def test_the_derivative_of_every_intermediate_is_right():
    """Checked by nudging each intermediate value of the same computation, written out by hand."""

    def parts(u=None, v=None):
        x = 0.7
        u = np.sin(x) if u is None else u
        v = u * x if v is None else v
        return np.exp(v) + u * u

    graph = computation_graph(lambda x: jnp.exp(jnp.sin(x) * x) + jnp.sin(x) ** 2, 0.7)
    h = 1e-6
    u, v = np.sin(0.7), np.sin(0.7) * 0.7
    by_value = {round(float(n.value), 9): n for n in graph.nodes if n.derivative is not None}
    along_v = by_value[round(float(v), 9)].derivative
    assert along_v == pytest.approx((parts(v=v + h) - parts(v=v - h)) / (2 * h), rel=1e-8)
    assert graph["x"].derivative == pytest.approx(
        float(jax.grad(lambda x: jnp.exp(jnp.sin(x) * x) + jnp.sin(x) ** 2)(0.7)), rel=1e-5
    )
    assert u


def test_dicts_wrapped_functions_and_shared_values():
    def f(p, t):
        hidden = jax.nn.relu(jax.jit(lambda q: q["W"] @ t)(p))
        return jnp.mean((hidden - p["b"]) ** 2)

    p = {"W": RNG.standard_normal((3, 2)), "b": 0.5}
    t = np.array([1.0, 2.0])
    graph = computation_graph(f, p, t)
    with jax.enable_x64(True):
        expected = jax.grad(f)({k: jnp.asarray(v) for k, v in p.items()}, jnp.asarray(t))
    np.testing.assert_allclose(graph["W"].derivative, expected["W"], rtol=1e-12)
    np.testing.assert_allclose(graph["b"].derivative, expected["b"], rtol=1e-12)
    assert ElementTree.fromstring(graph.to_svg()) is not None


def test_a_network_at_layer_level(flower):
    result, X, Y = flower
    graph = computation_graph(result, X, Y)
    t = trace(result, X, Y)
    assert [n.name for n in graph.nodes] == ["A0", "W1", "b1", "Z1", "A1", "W2", "b2", "Z2", "A2", "Y", "J"]
    np.testing.assert_allclose(graph["W1"].derivative, t["dW1"])
    np.testing.assert_allclose(graph["Z1"].derivative, t["dZ1"] / 400)
    assert "Z1 = W1 X + b1" in graph.to_svg()
    with pytest.raises(ValueError, match=r"expected \(model, X, Y\)"):
        computation_graph(result)


@pytest.mark.parametrize("parametric", [False, True])
@pytest.mark.parametrize("inputs", [None, {"numbers": 1, "scaling": True}])
def test_the_layer_graphs_derivatives_are_jaxs(parametric, inputs):
    """The hand-written gradients of the layer graph against jax.grad through the same forward pass."""
    from ellayer.core import L_model_forward, compute_cost

    network = Network([3, 4, 1], "tanh", parametric=parametric, inputs=inputs)
    X, Y = RNG.standard_normal((3, 10)), RNG.integers(0, 2, (1, 10)).astype(float)
    result = train(network, X, Y, num_iterations=5)

    def cost(theta, x):
        AL, caches = L_model_forward(x, theta, network)
        return compute_cost(AL, jnp.asarray(Y), network, None, caches[-1].Z)

    graph = computation_graph(result, X, Y)
    with jax.enable_x64(True):
        theta = {k: jnp.asarray(v) for k, v in result.parameters.items()}
        slopes, dX = jax.jit(jax.grad(cost, argnums=(0, 1)))(theta, jnp.asarray(X))
    for name, slope in slopes.items():
        np.testing.assert_allclose(graph[name].derivative, slope, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(graph["A0" if inputs is None else "X"].derivative, dX, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        (lambda x: x if x > 0 else -x, (1.0,), r"np\.where"),
        (lambda x: float(x) ** 2, (1.0,), "no float"),
        (lambda x: jnp.exp(np.sin(x)), (1.0,), r"NumPy or jax\.numpy"),
        (lambda x: 2 * x, (np.ones(3),), "take a sum or a mean"),
        (lambda x: (x, x), (1.0,), "one number as the result"),
        (lambda x: x, ("a",), "expected numbers"),
        (lambda x, y: x, (1.0,), "fits its 1 arguments"),
        (lambda x: 3.0, (1.0,), "depends on the arguments"),
        (
            lambda x: jax.lax.while_loop(lambda v: v < 9, lambda v: 2 * v, x),
            (1.0,),
            "fixed number of iterations",
        ),
        (7, (1.0,), "expected a function or a model"),
    ],
)
def test_what_cannot_be_drawn_is_said(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        computation_graph(function, *arguments)


def test_a_function_too_long_to_read():
    def long(x):
        for _ in range(200):
            x = jnp.sin(x) + 1.0
        return x

    with pytest.raises(ValueError, match="at most 150 operations"):
        computation_graph(long, 1.0)


def by_numpy(w, b, X, y):
    Z = np.dot(w, X) + b
    A = 1 / (1 + np.exp(-Z))
    return np.mean(-(y * np.log(A) + (1 - y) * np.log(1 - A))) + 0.1 * np.sum(w**2)


def by_jax(w, b, X, y):
    Z = jnp.dot(w, X) + b
    A = 1 / (1 + jnp.exp(-Z))
    return jnp.mean(-(y * jnp.log(A) + (1 - y) * jnp.log(1 - A))) + 0.1 * jnp.sum(w**2)


def test_a_function_written_with_numpy_has_the_graph_of_its_twin_in_jax():
    point = (RNG.standard_normal((1, 2)), 0.1, RNG.standard_normal((2, 5)), np.array([[0.0, 1, 1, 0, 1]]))
    ours, twin = computation_graph(by_numpy, *point), computation_graph(by_jax, *point)
    assert [node.text for node in ours.nodes] == [node.text for node in twin.nodes]
    for node, other in zip(ours.nodes, twin.nodes, strict=True):
        np.testing.assert_array_equal(node.value, other.value)
        np.testing.assert_array_equal(node.derivative, other.derivative)
    assert float(ours["J"].value) == pytest.approx(float(by_numpy(*point)))


IN_NUMPY = {
    "a ufunc's reduction": lambda x: np.add.reduce(np.maximum(x, 0.5)),
    "a method": lambda x: np.tanh(x).reshape(1, -1).T.sum(),
    "parts": lambda x: np.concatenate([x[:1], x[1:] * 2]).max() + x[0],
    "where": lambda x: np.sum(np.where(x > 0, x, 0.1 * x)),
    "one argument of several numbers": lambda x: np.sin(x).sum(),
    "linalg": lambda x: np.linalg.norm(x),
    "a loop": lambda x: sum(np.exp(v) for v in x),
}


@pytest.mark.parametrize("name", IN_NUMPY)
def test_functions_of_numpy(name):
    x = np.array([0.3, 1.2, -0.4])
    graph = computation_graph(IN_NUMPY[name], x)
    assert float(graph["J"].value) == pytest.approx(float(IN_NUMPY[name](x)))


def test_what_numpy_has_and_jax_has_not_is_refused():
    with pytest.raises(ValueError, match=r"functions that jax.numpy also has, received numpy.busday_count"):
        computation_graph(lambda x: np.busday_count(np.sin(x), x), 1.0)
    with pytest.raises(ValueError, match=r"np\.where"):
        computation_graph(lambda x: np.sin(x) if np.sin(x) > 0 else x, 1.0)
