"""The recording of a run: its steps, its page with a slider, its GIF."""

from __future__ import annotations

import json
import pickle
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from ellayer import EllayerError, MLPClassifier, Network, TabularClassifier, train
from ellayer.callbacks import Recording
from ellayer.core import L_model_backward, L_model_forward
from ellayer.inspection.film import Frame, _losses

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 40))
Y = (X[0] * X[1] > 0).astype(float)
NETWORK = Network([2, 3, 1], "tanh")


@pytest.fixture(scope="module")
def recording():
    recording = Recording(X, Y, frames=3)
    train(NETWORK, X, Y, num_iterations=30, record_every=10, callbacks=[recording])
    pictures = recording._pictures()
    recording._pictures = lambda: pictures  # drawn once for all tests
    return recording


def test_steps_are_those_of_the_run(recording):
    assert [frame.iteration for frame in recording.recorded] == [10, 20, 30]
    last = train(NETWORK, X, Y, num_iterations=30, record_every=10).parameters
    np.testing.assert_allclose(recording.recorded[-1].parameters["W1"], last["W1"])
    AL, caches = L_model_forward(X, last, NETWORK)
    grads = L_model_backward(AL, Y.reshape(1, -1), caches, NETWORK)
    norms = [np.linalg.norm(grads["dW1"]), np.linalg.norm(grads["dW2"])]
    np.testing.assert_allclose(recording.recorded[-1].gradient_norms, norms)


def test_the_page_has_every_step_and_needs_nothing_else(recording, tmp_path):
    text = recording.save(tmp_path / "run.html").read_text()
    sources = json.loads(re.search(r"s=(\[.*?\]),n=", text).group(1))
    assert len(set(sources)) == 3
    assert "n=[10, 20, 30]" in text
    assert 'max="2" value="2"' in text
    assert "http" not in text
    assert len(text) < 150_000


def test_a_gif_has_every_step(recording, tmp_path):
    with Image.open(recording.save(tmp_path / "run.gif")) as film:
        assert film.n_frames == 3
        assert film.info["loop"] == 0
    with pytest.raises(EllayerError, match=r"\.html or \.gif"):
        recording.save(tmp_path / "run.mp4")


def test_a_long_run_is_thinned_and_keeps_its_end():
    recording = Recording(X, Y, frames=5)
    train(NETWORK, X, Y, num_iterations=203, record_every=1, callbacks=[recording])
    steps = [frame.iteration for frame in recording.recorded]
    assert 4 <= len(steps) <= 6
    assert steps[-1] == 203
    assert len(set(np.diff(steps[:-1]))) == 1  # evenly spread
    assert repr(recording) == f"Recording({len(steps)} steps from {steps[0]} to 203 updates)"
    train(NETWORK, X, Y, num_iterations=2, record_every=1, callbacks=[recording])  # another run
    assert [frame.iteration for frame in pickle.loads(pickle.dumps(recording)).recorded] == [1, 2]


def test_an_estimator_gives_rows_and_labels():
    rows, labels = RANDOM.normal(size=(30, 3)), np.array(list("abc") * 10)
    recording = Recording(rows, labels)
    MLPClassifier((4,), callbacks=[recording], tol=10.0, n_iter_no_change=2).fit(rows, labels)
    assert recording.recorded[0].parameters["W1"].shape == (4, 3)
    assert recording._picture(0).width < 700  # no boundary in three dimensions
    with pytest.raises(EllayerError, match="one of a table estimator"):
        TabularClassifier(epochs=1).fit(rows, labels, callbacks=[Recording(rows, labels)])


def test_a_notebook_sees_the_run_go_on(monkeypatch):
    views = []
    handle = SimpleNamespace(update=views.append)
    display = SimpleNamespace(HTML=str, display=lambda view, display_id: views.append(view) or handle)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(display=display))
    recording = Recording(X, Y, live=True)
    train(NETWORK, X, Y, num_iterations=20, record_every=10, callbacks=[recording])
    assert len(views) == 2
    assert all("data:image/png" in view for view in views)


def test_before_a_run():
    recording = Recording(X, Y)
    assert repr(recording) == "Recording(no run yet)"
    assert "no run yet" in recording._repr_html_()
    with pytest.raises(EllayerError, match="expected a recorded run"):
        recording.save("x.gif")
    with pytest.raises(EllayerError, match="are the examples rows"):
        train(NETWORK, X, Y, callbacks=[Recording(X.T, Y)])


def test_the_ticks_of_a_long_run_are_short():
    figure = Figure()
    axes = figure.add_subplot()
    frames = [Frame(k * 125_000, 1.0, {}, (1.0,)) for k in range(3)]
    _losses(axes, frames, 2)
    figure.draw_without_rendering()
    assert {"0", "50k", "250k"} <= {label.get_text() for label in axes.get_xticklabels()}
