"""Plots of any model: what they compute is what scikit-learn computes, on axes of the user or of their own."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import warnings
import weakref

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import average_precision_score, confusion_matrix, roc_auc_score
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import ellayer
from ellayer import plot
from ellayer._plots import OF_EXAMPLES, OF_MODEL
from ellayer.errors import EllayerError
from ellayer.plot.display import Display

RNG = np.random.RandomState(0)
X = RNG.randn(90, 2)
TWO = np.where(X[:, 0] * 2 + X[:, 1] + RNG.randn(90) > 0, "yes", "no")
THREE = np.array(["a", "b", "c"])[np.digitize(X[:, 0] + 0.3 * RNG.randn(90), [-0.5, 0.5])]
NUMBERS = 3.0 * X[:, 0] - X[:, 1]
FRAME = pl.DataFrame({"big": X[:, 0], "small": X[:, 1]})


@pytest.fixture(scope="module")
def models():
    """Return fitted models of two libraries, with the X and y that they take."""
    network = ellayer.Network([2, 3, 1], "tanh")
    result = ellayer.train(network, X.T, (TWO == "yes")[None], num_iterations=30, seed=1)
    classifier = ellayer.MLPClassifier(hidden_layer_sizes=4, max_iter=5, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        classifier.fit(X, THREE)
        theirs = MLPClassifier((3,), max_iter=4, random_state=0).fit(X, TWO)
    table = ellayer.TabularRegressor(epochs=2, hidden_layer_sizes=4, random_state=0).fit(FRAME, NUMBERS)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, TWO)
    return {
        "result": (result, X.T, (TWO == "yes")[None]),
        "network": ((network, result.parameters), X.T, (TWO == "yes")[None]),
        "MLP of three classes": (classifier, X, THREE),
        "table": (table, FRAME, pl.Series("price", NUMBERS)),
        "pipeline on a frame": (pipeline, FRAME, TWO),
        "scikit-learn's network": (theirs, X, TWO),
        "labels alone": (LinearSVC().fit(X, THREE), X, THREE),
        "linear": (LinearRegression().fit(X, NUMBERS), X, NUMBERS),
    }


OF_CLASSES = ("result", "network", "MLP of three classes", "pipeline on a frame", "scikit-learn's network")
OF_NUMBERS = ("table", "linear")
CASES = [
    *((kind, name) for kind in ("roc", "precision_recall", "calibration") for name in OF_CLASSES),
    *(("confusion_matrix", name) for name in (*OF_CLASSES, "labels alone")),
    *(("residuals", name) for name in OF_NUMBERS),
    *(
        (kind, name)
        for kind in ("decision_boundary", "importance", "partial_dependence")
        for name in (*OF_CLASSES, *OF_NUMBERS, "labels alone")
    ),
    *(
        ("learning_curve", name)
        for name in ("result", "table", "MLP of three classes", "scikit-learn's network")
    ),
    *(
        (kind, name)
        for kind in ("weights", "network")
        for name in ("result", "network", "MLP of three classes")
    ),
    *(("trace", name) for name in ("result", "network", "MLP of three classes")),
]


def test_every_function_is_tried():
    assert {kind for kind, _ in CASES} == {*OF_MODEL, *OF_EXAMPLES}
    assert {name for name in plot.__all__ if name.islower()} == {*OF_MODEL, *OF_EXAMPLES}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_plot_of_any_model(models, kind, name):
    """It is a display with axes of its own, and draws on those of the user, with a title if there is one."""
    model, rows, y = models[name]
    arguments = (
        (model, rows, 0)
        if kind == "partial_dependence"
        else (model, rows, y)
        if kind in OF_EXAMPLES
        else (model,)
    )
    display = getattr(plot, kind)(*arguments)
    assert isinstance(display, Display)
    assert display.figure_.get_suptitle() == ""
    assert len(repr(display)) < 200
    assert display.ax_.has_data() or display.ax_.texts
    axes = Figure(figsize=(4, 3)).subplots()
    assert getattr(plot, kind)(*arguments, ax=axes, title="A title").ax_ is axes
    assert axes.get_title() == "A title" or axes.get_title(loc="left") == "A title"
    assert display.plot(axes) is display


def test_the_numbers_are_those_of_scikit_learn(models):
    model, rows, y = models["pipeline on a frame"]
    p = model.predict_proba(rows)[:, 1]
    assert plot.roc(model, rows, y).roc_auc == pytest.approx(roc_auc_score(y == "yes", p))
    precision = plot.precision_recall(model, rows, y)
    assert precision.average_precision == pytest.approx(average_precision_score(y == "yes", p))
    assert np.array_equal(
        plot.confusion_matrix(model, rows, y).confusion_matrix, confusion_matrix(y, model.predict(rows))
    )
    same = plot.RocCurveDisplay.from_predictions(y, model.predict_proba(rows))
    assert same.roc_auc == plot.RocCurveDisplay.from_predictions(y, p).roc_auc
    three, rows, y = models["MLP of three classes"]
    assert set(plot.roc(three, rows, y).roc_auc) == {"a", "b", "c"}


def test_a_column_is_varied_and_shuffled_as_scikit_learn_does():
    from sklearn.inspection import partial_dependence as theirs
    from sklearn.inspection import permutation_importance

    model = HistGradientBoostingClassifier(max_iter=10).fit(X, TWO)
    ours = plot.partial_dependence(model, X, 0).dependence
    expected = theirs(
        model,
        X,
        [0],
        custom_values={0: ours.grid},
        kind="average",
        method="brute",
        response_method="predict_proba",
    )
    assert np.allclose(ours.average[:, 1], expected["average"][0])
    importance = plot.importance(model, X, TWO, repeats=5).importance
    other = permutation_importance(model, X, TWO, scoring="neg_log_loss", random_state=0)
    assert [row.columns for row in importance.rows] == [("x0",), ("x1",)]
    assert importance.rows[0].mean == pytest.approx(other.importances_mean[0], rel=0.25)


def test_positive_class_is_the_second_of_two():
    model = ellayer.TabularClassifier(epochs=1, hidden_layer_sizes=3, random_state=0, positive="no").fit(
        FRAME, TWO
    )
    assert plot.roc(model, FRAME, TWO).classes == ["yes", "no"]


def test_objects_plot_themselves(models):
    result, columns, Y = models["result"]
    assert isinstance(result.history.plot(), plot.LearningCurveDisplay)
    assert isinstance(result.plot(), plot.LearningCurveDisplay)
    assert isinstance(result.plot(columns, Y), plot.DecisionBoundaryDisplay)
    assert isinstance(result.plot(columns, Y, "roc"), plot.RocCurveDisplay)
    table, frame, y = models["table"]
    wide = frame.with_columns(c=pl.col("big") ** 2)
    assert isinstance(table.plot(frame, y, kind="residuals"), plot.PredictionErrorDisplay)
    assert isinstance(
        table.plot(frame, kind="partial_dependence", column="big"), plot.PartialDependenceDisplay
    )
    model = ellayer.TabularClassifier(epochs=1, hidden_layer_sizes=3, random_state=0).fit(wide, TWO)
    assert isinstance(model.plot(wide, TWO), plot.ConfusionMatrixDisplay)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: plot.roc(*m["linear"]), "expected a classifier with predict_proba, received LinearRegression"),
        (lambda m: plot.roc(*m["labels alone"]), "predicts labels without probabilities"),
        (lambda m: plot.confusion_matrix(*m["table"]), "try residuals"),
        (lambda m: plot.residuals(*m["pipeline on a frame"]), "try confusion_matrix"),
        (lambda m: plot.residuals(*m["linear"], kind="both"), "kind: expected 'residual_vs_predicted'"),
        (lambda m: plot.learning_curve(m["linear"][0]), "LearningCurveDisplay"),
        (lambda m: plot.weights(m["result"][0], layer=3), "layer: expected a number from 1 to 2"),
        (lambda m: plot.partial_dependence(m["table"][0], FRAME, "none"), "column: expected one of 'big', 'small'"),
        (lambda m: plot.roc(m["result"][0], X.T, TWO[:3]), "y: expected one true value for each of 90"),
        (lambda m: plot.roc("model", X, TWO), "model: expected a fitted estimator"),
        (lambda m: m["result"][0].plot(X.T, kind="pie"), "kind: expected one of calibration"),
        (lambda m: m["result"][0].plot(kind="roc"), "X: expected examples"),
        (lambda m: plot.RocCurveDisplay.from_predictions(["a"] * 3, np.ones((3, 2))), "pass classes="),
        (lambda m: plot.RocCurveDisplay.from_predictions(["a"] * 3, np.ones(3), classes=["a", "b"]), "rows of only one"),
    ],
)  # fmt: skip
def test_a_wrong_call_says_what_to_try(models, call, message):
    with pytest.raises(EllayerError, match=message):
        call(models)


def test_three_features_have_no_plane(models):
    model = LogisticRegression().fit(np.c_[X, X[:, :1]], TWO)
    with pytest.raises(EllayerError, match="expected two features, received 3"):
        plot.decision_boundary(model, np.c_[X, X[:, :1]], TWO)


def test_a_notebook_shows_a_display_and_nothing_has_to_be_closed():
    """In a process without pyplot: the picture comes with the object, and many figures leave no memory behind."""
    display = plot.ConfusionMatrixDisplay.from_predictions(["a", "b"], ["a", "b"])
    data, metadata = display._repr_mimebundle_()
    assert data["text/plain"] == repr(display)
    assert data["image/png"].startswith("iVBOR")
    assert metadata["image/png"]["width"] == 470
    assert display.figure_._repr_mimebundle_()[0]["image/png"] == data["image/png"]
    assert "image/png" not in display.plot(Figure().subplots())._repr_mimebundle_()
    figures = [
        weakref.ref(plot.LearningCurveDisplay({"epoch": [1, 2], "loss": [2, 1]}).plot().figure_)
        for _ in range(30)
    ]
    gc.collect()
    assert not [figure for figure in figures if figure() is not None]
    code = (
        "import sys, json, ellayer; loaded = [m for m in ('numpy', 'matplotlib', 'sklearn') if m in sys.modules]; "
        "ellayer.plot.LearningCurveDisplay({'epoch': [1, 2], 'loss': [2, 1]}).plot()._repr_mimebundle_(); "
        "print(json.dumps([loaded, 'matplotlib.pyplot' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert json.loads(done.stdout) == [[], False], done.stderr


def test_a_picture_is_written_in_the_format_of_its_name(tmp_path):
    display = plot.PredictionErrorDisplay.from_predictions([1.0, 2.0], [1.0, 2.5])
    assert display.save(tmp_path / "errors.svg").read_bytes()[:5] == b"<?xml"
