"""Update rules against optax and scikit-learn; clipping, decay, schedules by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from ellayer.core.optimizers import OPTIMIZERS, clip_gradients, decay_weights, global_norm
from ellayer.core.schedules import SCHEDULES

STEPS = 20
SHAPES = {"W1": (3, 2), "b1": (3, 1), "W2": (1, 3), "b2": (1, 1)}
RATES = 0.03 * (1 + np.cos(np.arange(STEPS)) ** 2)  # another one at each step


def start(dtype="float64") -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {k: random.standard_normal(shape).astype(dtype) for k, shape in SHAPES.items()}


def gradients(t: int, dtype="float64") -> dict[str, np.ndarray]:
    random = np.random.default_rng(100 + t)
    scale = 10.0 ** random.integers(-3, 2)
    return {k: (scale * random.standard_normal(shape)).astype(dtype) for k, shape in SHAPES.items()}


def run(spec: str, rates=RATES, weight_decay: float = 0.0, array=np.asarray, steps: int = STEPS):
    rule = OPTIMIZERS[spec]
    parameters = {k: array(v) for k, v in start().items()}
    state = rule.init(parameters)
    for t in range(1, steps + 1):
        grads = {f"d{k}": array(g) for k, g in gradients(t).items()}
        rate = dict.fromkeys(parameters, float(rates[t - 1]))
        old = parameters
        parameters, state = rule.update(grads, state, parameters, rate, t)
        if weight_decay:
            parameters = decay_weights(parameters, old, rate, weight_decay)
    return parameters


def optax_rule(name: str, rate):
    import optax

    return {
        "gd": lambda: optax.sgd(rate),
        "momentum": lambda: optax.sgd(rate, momentum=0.9),
        "nesterov": lambda: optax.sgd(rate, momentum=0.9, nesterov=True),
        "rmsprop": lambda: optax.rmsprop(rate, decay=0.9, eps=1e-8, initial_scale=0.0),
        "adam": lambda: optax.adam(rate),
        "adam(0.8, 0.95, 1e-3)": lambda: optax.adam(rate, b1=0.8, b2=0.95, eps=1e-3),
        "adamw": lambda: optax.adamw(
            rate, weight_decay=0.01, mask=lambda tree: {k: k[0] == "W" for k in tree}
        ),
    }[name]()


@pytest.mark.parametrize(
    "spec", ["gd", "momentum", "nesterov", "rmsprop", "adam", "adam(0.8, 0.95, 1e-3)", "adamw"]
)
def test_equals_optax_over_20_steps_of_varying_rates(spec):
    import jax
    import optax

    with jax.enable_x64(True):
        rule = optax_rule(spec, lambda count: jax.numpy.asarray(RATES)[count])
        parameters = {k: jax.numpy.asarray(v) for k, v in start().items()}
        state = rule.init(parameters)
        for t in range(1, STEPS + 1):
            updates, state = rule.update(
                {k: jax.numpy.asarray(g) for k, g in gradients(t).items()}, state, parameters
            )
            parameters = optax.apply_updates(parameters, updates)
        expected = {k: np.asarray(v) for k, v in parameters.items()}
    obtained = run(spec, weight_decay=OPTIMIZERS[spec].weight_decay)
    for k in SHAPES:
        np.testing.assert_allclose(obtained[k], expected[k], rtol=1e-12, atol=1e-13, err_msg=k)


@pytest.mark.parametrize(
    "spec", ["velocity", "velocity(0.5)", "velocity(nesterov=1)", "velocity(0, 0)", "adam(epsilon_hat=1)"]
)
def test_equals_scikit_learn_over_20_steps_of_varying_rates(spec):
    from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

    theta = [v.copy() for v in start().values()]
    if spec.startswith("adam"):
        theirs = AdamOptimizer(theta, learning_rate_init=1.0)
    else:
        beta = {"velocity": 0.9, "velocity(0.5)": 0.5, "velocity(nesterov=1)": 0.9, "velocity(0, 0)": 0.0}[
            spec
        ]
        theirs = SGDOptimizer(theta, learning_rate_init=1.0, momentum=beta, nesterov="nesterov" in spec)
    for t in range(1, STEPS + 1):
        theirs.learning_rate = theirs.learning_rate_init = float(RATES[t - 1])
        theirs.update_params(theta, list(gradients(t).values()))
    obtained = run(spec)
    for k, expected in zip(SHAPES, theta, strict=True):
        np.testing.assert_allclose(obtained[k], expected, rtol=1e-12, atol=1e-13, err_msg=k)


@pytest.mark.parametrize(
    ("ours", "sutskever"), [("momentum", "velocity"), ("nesterov", "velocity(nesterov=1)")]
)
def test_the_two_forms_of_momentum_agree_while_the_rate_is_constant(ours, sutskever):
    rates = np.full(STEPS, 0.02)
    one, other = run(ours, rates), run(sutskever, rates)
    for k in SHAPES:
        np.testing.assert_allclose(one[k], other[k], rtol=1e-12, atol=1e-13)


def test_gradient_descent_by_hand():
    rule = OPTIMIZERS["gd"]
    new, _ = rule.update({"dW1": np.array([[0.5]])}, {}, {"W1": np.array([[2.0]])}, {"W1": 0.1}, 1)
    assert new["W1"].item() == pytest.approx(1.95)


def test_adam_has_the_bits_of_its_equations_on_numpy():
    random = np.random.RandomState(0)
    theta, g, v, s = (random.rand(7, 33).astype("float32") for _ in range(4))
    new, state = OPTIMIZERS["adam"].update(
        {"dW1": g}, {"v": {"W1": v}, "s": {"W1": s}}, {"W1": theta}, {"W1": 0.01}, 3.0
    )
    v, s = 0.9 * v + (1.0 - 0.9) * g, 0.999 * s + (1.0 - 0.999) * (g * g)
    c1, root = 1.0 - 0.9**3.0, (1.0 - 0.999**3.0) ** 0.5
    np.testing.assert_array_equal(state["v"]["W1"], v)
    np.testing.assert_array_equal(state["s"]["W1"], s)
    np.testing.assert_array_equal(new["W1"], theta - (0.01 * root / c1) * (v / (np.sqrt(s) + 1e-8 * root)))


def test_adam_starts_with_steps_of_the_learning_rate():
    new, _ = OPTIMIZERS["adam"].update(
        {"dW1": np.array([[5.0, -0.01]])},
        OPTIMIZERS["adam"].init({"W1": np.zeros((1, 2))}),
        {"W1": np.zeros((1, 2))},
        {"W1": 0.1},
        1,
    )
    np.testing.assert_allclose(new["W1"], [[-0.1, 0.1]], rtol=1e-5)


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_each_parameter_has_its_own_rate(spec):
    """A rate of 0 keeps a parameter, and does not touch its neighbours."""
    rule = OPTIMIZERS[spec]
    parameters, grads = start(), {f"d{k}": g for k, g in gradients(1).items()}
    rates = {"W1": 0.1, "b1": 0.0, "W2": 0.2, "b2": 0.0}
    new, _ = rule.update(grads, rule.init(parameters), parameters, rates, 1)
    for k, rate in rates.items():
        alone, _ = rule.update(
            {f"d{k}": grads[f"d{k}"]}, rule.init({k: parameters[k]}), {k: parameters[k]}, {k: rate}, 1
        )
        np.testing.assert_array_equal(new[k], alone[k])
        assert (rate > 0) == bool(np.abs(new[k] - parameters[k]).max() > 0)


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_dtype_is_kept_in_parameters_and_state(spec):
    rule, parameters = OPTIMIZERS[spec], start("float32")
    state = rule.init(parameters)
    for t in (1, 2):
        grads = {f"d{k}": g for k, g in gradients(t, "float32").items()}
        parameters, state = rule.update(grads, state, parameters, dict.fromkeys(parameters, 0.1), t)
    decayed = decay_weights(parameters, parameters, dict.fromkeys(parameters, 0.1), 0.01)
    arrays = [*decayed.values(), *(v for part in state.values() for v in part.values())]
    assert all(a.dtype == np.float32 for a in arrays)


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_nothing_is_changed_in_place(spec, frozen):
    rule = OPTIMIZERS[spec]
    parameters = {k: frozen(v) for k, v in start().items()}
    grads = {f"d{k}": frozen(g) for k, g in gradients(1).items()}
    state = {part: {k: frozen(v) for k, v in held.items()} for part, held in rule.init(parameters).items()}
    rates = dict.fromkeys(parameters, 0.1)
    new, after = rule.update(grads, state, parameters, rates, 1)
    again, after_again = rule.update(grads, state, parameters, rates, 1)
    for k in parameters:
        np.testing.assert_array_equal(new[k], again[k])
        for part in state:
            np.testing.assert_array_equal(after[part][k], after_again[part][k])
            assert (state[part][k] == 0).all()


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_the_same_on_every_array_library(spec, library):
    obtained, expected = run(spec, array=library.array, steps=5), run(spec, steps=5)
    for k in SHAPES:
        np.testing.assert_allclose(library.numpy(obtained[k]), expected[k], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_linear_rules_are_those_linear_in_the_gradients(spec):
    """The wide loop works in the span of the examples, which only a linear rule never leaves."""
    rule, parameters = OPTIMIZERS[spec], start()

    def step(scale):
        grads = {f"d{k}": scale * g for k, g in gradients(1).items()}
        new, _ = rule.update(grads, rule.init(parameters), parameters, dict.fromkeys(parameters, 0.1), 1)
        return new["W1"] - parameters["W1"]

    assert np.allclose(step(3.0), 3.0 * step(1.0), rtol=1e-9) == rule.linear


@pytest.mark.parametrize("spec", OPTIMIZERS)
def test_every_rule_descends_a_quadratic(spec):
    rule, theta = OPTIMIZERS[spec], {"W1": np.array([[3.0, -2.0]])}
    state = rule.init(theta)
    for t in range(1, 3001):
        theta, state = rule.update({"dW1": theta["W1"]}, state, theta, {"W1": rule.learning_rate}, t)
    assert np.abs(theta["W1"]).max() < 1.0


def test_decay_leaves_biases_alone():
    old = {"W1": np.array([[2.0]]), "b1": np.array([[2.0]])}
    new = decay_weights({"W1": np.array([[1.0]]), "b1": np.array([[1.0]])}, old, {"W1": 0.1, "b1": 0.1}, 0.5)
    assert new["W1"].item() == pytest.approx(1.0 - 0.1 * 0.5 * 2.0)
    assert new["b1"].item() == 1.0


CLIPPED = {"dW1": np.array([[3.0, 0.0]]), "db1": np.array([[4.0]]), "dA0": np.array([[100.0]])}


def test_the_norm_is_that_of_the_named_gradients_together(library):
    assert float(
        global_norm({k: library.array(g) for k, g in CLIPPED.items()}, ["W1", "b1"])
    ) == pytest.approx(5)


def test_gradients_above_the_limit_shrink_together(library):
    held = {k: library.array(g) for k, g in CLIPPED.items()}
    clipped = clip_gradients(held, ["W1", "b1"], 1.0)
    np.testing.assert_allclose(library.numpy(clipped["dW1"]), [[0.6, 0.0]])
    np.testing.assert_allclose(library.numpy(clipped["db1"]), [[0.8]])
    assert clipped["dA0"] is held["dA0"]


@pytest.mark.parametrize("limit", [5.0, 50.0])
def test_gradients_below_the_limit_stay(limit):
    clipped = clip_gradients(CLIPPED, ["W1", "b1"], limit)
    np.testing.assert_array_equal(clipped["dW1"], CLIPPED["dW1"])
    np.testing.assert_array_equal(clipped["db1"], CLIPPED["db1"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_clipping_keeps_zeros_and_the_dtype_and_hides_no_divergence(dtype):
    zero = clip_gradients({"dW1": np.zeros((2, 2), dtype)}, ["W1"], 1.0)["dW1"]
    assert zero.dtype == np.dtype(dtype)
    assert (zero == 0).all()
    for bad in (np.inf, np.nan):
        with np.errstate(invalid="ignore"):
            clipped = clip_gradients({"dW1": np.array([[1.0, bad]], dtype)}, ["W1"], 1.0)["dW1"]
        assert not np.isfinite(clipped).all()


# Factors by hand: (spec, total, {step: factor}).
SCHEDULE_POINTS = {
    "constant": (100, {0: 1, 50: 1, 500: 1}),
    "step": (5000, {0: 1, 999: 1, 1000: 0.5, 1999: 0.5, 2000: 0.25, 3500: 0.125}),
    "step(every=10, factor=0.1)": (100, {9: 1, 10: 0.1, 25: 0.01}),
    "exponential": (5000, {0: 1, 1000: 0.9, 2000: 0.81, 500: math.sqrt(0.9)}),
    "cosine": (100, {0: 1, 25: 0.5 + math.sqrt(0.125), 50: 0.5, 100: 0, 130: 0}),
    "cosine(final=0.2)": (100, {0: 1, 50: 0.6, 100: 0.2}),
    "one_cycle": (100, {0: 0.04, 15: 0.52, 30: 1, 65: 0.50005, 100: 1e-4, 200: 1e-4}),
    "flat_cosine": (100, {0: 1, 50: 1, 75: 0.5, 100: 0, 150: 0}),
    "flat_cosine(0.2)": (100, {20: 1, 60: 0.5, 80: 0.5 - math.sqrt(0.125), 100: 0}),
    # log2(1 + 15 t) whole at the steps 0, 1, 3, 7, 15 of 15: between them one cycle each
    "log_cosine": (
        15,
        {0: 0, 1: 0, 2: (1 - math.cos(2 * math.pi * math.log2(3))) / 2, 3: 0, 7: 0, 15: 0, 20: 0},
    ),
    "warm_up": (1000, {0: 0.01, 49: 0.5, 99: 1, 100: 1, 900: 1}),
    "warm_up(4)": (1000, {0: 0.25, 1: 0.5, 3: 1, 4: 1}),
    "inverse_scaling": (100, {0: 1, 3: 0.5, 8: 1 / 3, 99: 0.1}),
    "inverse_scaling(1)": (100, {0: 1, 3: 0.25}),
    "adaptive": (100, {0: 1, 50: 1}),
}


def test_every_schedule_has_points_by_hand():
    assert {spec.partition("(")[0] for spec in SCHEDULE_POINTS} == set(SCHEDULES)


@pytest.mark.parametrize("spec", SCHEDULE_POINTS)
def test_schedule_at_points_by_hand(spec):
    total, points = SCHEDULE_POINTS[spec]
    steps = np.array(list(points))
    factors = SCHEDULES[spec].factor(steps, total)
    np.testing.assert_allclose(factors, list(points.values()), rtol=1e-12, atol=1e-14)
    one_by_one = [SCHEDULES[spec].factor(np.array([step]), total)[0] for step in steps]
    np.testing.assert_array_equal(factors, one_by_one)


@pytest.mark.parametrize("spec", SCHEDULES)
def test_schedules_stay_in_0_to_1(spec):
    factors = SCHEDULES[spec].factor(np.arange(3000), 2000)
    assert factors.dtype == np.float64
    assert ((factors >= 0) & (factors <= 1)).all()


def test_only_the_adaptive_schedule_is_adaptive():
    assert [name for name in SCHEDULES if SCHEDULES[name].adaptive] == ["adaptive"]
