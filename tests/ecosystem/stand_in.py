"""A pytest plugin that runs scikit-learn's own tests with a network in place of its simple estimators.

``ECOSYSTEM_NETWORK`` names the package of the network, ``ellayer`` or ``sklearn.neural_network``, and
``ECOSYSTEM_OUTCOMES`` the JSON file of the outcomes. A test that passes with scikit-learn's perceptron must pass
with ours.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import warnings
from pathlib import Path
from typing import Any

import pytest
import sklearn

NETWORK = os.environ.get("ECOSYSTEM_NETWORK", "ellayer")
OUTCOMES = os.environ.get("ECOSYSTEM_OUTCOMES")
FAST = {"hidden_layer_sizes": (10,), "max_iter": 15, "learning_rate_init": 0.02, "random_state": 0}
REPLACED = {
    "MLPClassifier": [
        "linear_model.LogisticRegression",
        "linear_model.SGDClassifier",
        "linear_model.Perceptron",
        "linear_model.RidgeClassifier",
        "naive_bayes.GaussianNB",
        "naive_bayes.MultinomialNB",
        "neighbors.KNeighborsClassifier",
        "svm.LinearSVC",
        "svm.SVC",
        "tree.DecisionTreeClassifier",
        "ensemble.RandomForestClassifier",
        "neural_network.MLPClassifier",
    ],
    "MLPRegressor": [
        "linear_model.LinearRegression",
        "linear_model.SGDRegressor",
        "linear_model.Ridge",
        "linear_model.Lasso",
        "neighbors.KNeighborsRegressor",
        "svm.LinearSVR",
        "svm.SVR",
        "tree.DecisionTreeRegressor",
        "ensemble.RandomForestRegressor",
        "neural_network.MLPRegressor",
    ],
}
fits = 0


def stand_in(network: type, replaced: type) -> type:
    """Return a network under the name of another class, which takes and ignores the parameters of that class."""
    own = inspect.signature(network).parameters
    other = inspect.signature(replaced).parameters
    parameters = [
        parameter.replace(
            kind=inspect.Parameter.KEYWORD_ONLY, default=FAST.get(parameter.name, parameter.default)
        )
        for parameter in [*own.values(), *(p for name, p in other.items() if name not in vars(network()))]
    ]

    def __init__(self: Any, *args: object, **arguments: Any) -> None:
        values = inspect.signature(type(self)).bind(*args, **arguments)
        values.apply_defaults()
        network.__init__(self, **{name: values.arguments[name] for name in own})  # type: ignore[misc]
        for name in values.arguments.keys() - own.keys():
            setattr(self, name, values.arguments[name])

    def fit(self: Any, *args: object, **arguments: object) -> object:
        global fits
        fits += 1
        return network.fit(self, *args, **arguments)  # type: ignore[attr-defined]

    me = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    __init__.__signature__ = inspect.Signature([me, *parameters])  # type: ignore[attr-defined]
    fit.__signature__ = inspect.signature(network.fit)  # type: ignore[attr-defined]
    return type(
        replaced.__name__, (network,), {"__init__": __init__, "fit": fit, "__module__": network.__module__}
    )


def replace_all() -> None:
    """Put the network in the place of the classes that tests import; scikit-learn itself keeps its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for package in pkgutil.walk_packages(sklearn.__path__, "sklearn."):
            if not {"tests", "externals", "conftest", "_build_utils"} & set(package.name.split(".")):
                importlib.import_module(package.name)
    package = importlib.import_module(NETWORK)
    networks = {name: getattr(package, name) for name in REPLACED}
    for name, places in REPLACED.items():
        for place in places:
            module, class_name = place.split(".")
            home = importlib.import_module(f"sklearn.{module}")
            setattr(home, class_name, stand_in(networks[name], getattr(home, class_name)))


def pytest_configure() -> None:
    replace_all()


outcomes: dict[str, dict[str, Any]] = {}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Any:
    before = fits
    result = yield
    outcomes.setdefault(item.nodeid, {})["fits"] = fits - before
    return result


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    outcome = outcomes.setdefault(report.nodeid, {})
    if report.when == "call" or report.outcome != "passed":
        outcome |= {"outcome": report.outcome, "text": str(report.longrepr or "")[-3000:]}


def pytest_sessionfinish() -> None:
    if OUTCOMES:
        Path(OUTCOMES).write_text(json.dumps(outcomes))
