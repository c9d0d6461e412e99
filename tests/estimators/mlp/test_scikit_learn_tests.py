"""scikit-learn's own tests of its perceptron, asked of ours: the same module, with our classes in the place of its."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
import sklearn.neural_network
from sklearn.neural_network.tests import test_mlp

import ellayer

LEFT_OUT = {
    "test_fit": "sets private attributes by hand before partial_fit",
    "test_gradient": "calls the private _loss_grad_lbfgs; tests/properties holds our gradients",
    "test_learning_rate_warmstart": "reads the private _optimizer; test_warm_start.py holds the rates",
    "test_adaptive_learning_rate": "reads the private _optimizer; test_drop_in.py holds the rates",
    "test_mlp_partial_fit_after_fit": "expects that partial_fit refuses early stopping, which it does not here",
    "test_preserve_feature_names": "fits one class, of which we warn; test_bad_input.py holds the names",
}


def their_tests_of_our_classes() -> ModuleType:
    """Run the module of scikit-learn's tests once more, with our classes under scikit-learn's names."""
    spec = importlib.util.spec_from_file_location("their_tests", test_mlp.__file__)
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("MLPClassifier", "MLPRegressor"):
            patch.setattr(sklearn.neural_network, name, getattr(ellayer, name))
        spec.loader.exec_module(module)
    return module


theirs = their_tests_of_our_classes()
tests = {name: value for name, value in vars(theirs).items() if name.startswith("test_")}
globals().update({name: test for name, test in tests.items() if name not in LEFT_OUT})

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::ellayer.estimators.FitWarning"),
    pytest.mark.filterwarnings("ignore::ellayer.engine.DivergenceWarning"),
]


@pytest.fixture(params=[0, 1])
def global_random_seed(request):
    return request.param


def test_the_module_is_asked_and_what_is_left_out_is_there():
    assert theirs.MLPClassifier is ellayer.MLPClassifier
    assert theirs.MLPRegressor is ellayer.MLPRegressor
    assert set(LEFT_OUT) <= set(tests)
    assert len(tests) > 35
