"""Pictures: something is on them, and it is what the title says."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure

from ellayer.core.inference import class_index
from ellayer.report import cost_curves, data_points, decision_boundaries, image_grid, save_picture
from ellayer.report.plots_sweep import MOST_NAMED, trial_curves
from ellayer.report.style import COLOURS, MARKERS

X = np.random.RandomState(0).randn(2, 60)
Y = (X[:1] * X[1:] > 0).astype(float)
THREE = np.eye(3)[np.arange(60) % 3].T


def _quadrants(points: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-4.0 * points[:1] * points[1:]))


def _thirds(points: np.ndarray) -> np.ndarray:
    E = np.exp(np.vstack([points[0], points[1], -points[0] - points[1]]))
    return E / E.sum(axis=0)


def _pixels(figure: Figure) -> np.ndarray:
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[..., :3]  # type: ignore[attr-defined]


def _title(figure: Figure) -> str:
    return figure.get_suptitle()


PICTURES = {
    "cost": lambda: cost_curves({"a": ([0, 100], [0.7, 0.2]), "b": ([0, 100], [0.7, 0.5])}, "The cost falls"),
    "cost, logarithmic": lambda: cost_curves({"a": ([0, 1], [1.0, 1e-4])}, "The cost falls", log=True),
    "cost of a single record": lambda: cost_curves({"a": ([0], [0.7])}, "One record"),
    "data": lambda: data_points(X, Y, "Two classes", ("no", "yes")),
    "data in one dimension": lambda: data_points(X[:1], Y, "One feature"),
    "data in many dimensions": lambda: data_points(np.vstack([X, X**2, X**3]), THREE, "Three classes"),
    "boundary": lambda: decision_boundaries({"model": _quadrants}, X, Y, "Quadrants"),
    "boundaries": lambda: decision_boundaries(
        {str(i): _quadrants for i in range(7)}, X, Y, "Seven", columns=4
    ),
    "boundary of three classes": lambda: decision_boundaries({"model": _thirds}, X, THREE, "Thirds", "abc"),
    "boundary of a model that says one thing": lambda: decision_boundaries(
        {"model": lambda points: np.full((1, points.shape[1]), 0.5)}, X, Y, "Nothing learned"
    ),
    "boundary on points in a line": lambda: decision_boundaries(
        {"model": _quadrants}, X * [[1], [0]], Y, "A line"
    ),
    "images": lambda: image_grid([np.eye(8), np.ones((4, 4, 3)) * 0.3], ["grey", "colour"], "Two images"),
    "no image": lambda: image_grid([], [], "Nothing wrong"),
}


@pytest.mark.parametrize("make", PICTURES.values(), ids=PICTURES)
def test_a_picture_is_not_blank_and_has_its_title(make, tmp_path):
    figure = make()
    assert _title(figure)
    pixels = _pixels(figure)
    assert (pixels < 200).any(axis=2).mean() > 0.002
    path = save_picture(figure, tmp_path / "picture.png")
    assert path.read_bytes()[:4] == b"\x89PNG"


@pytest.mark.parametrize("suffix", ["svg", "pdf"])
def test_the_ending_says_the_format(tmp_path, suffix):
    path = save_picture(PICTURES["cost"](), tmp_path / f"picture.{suffix}")
    assert path.read_bytes()[:4] == {"svg": b"<?xm", "pdf": b"%PDF"}[suffix]


def test_axes_say_what_they_show():
    (axes,) = PICTURES["cost"]().axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("iteration", "cost J")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]
    (axes,) = data_points(X, Y, "t", feature_names=("length", "width")).axes
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("length", "width")
    assert "principal component 1" in PICTURES["data in many dimensions"]().axes[0].get_xlabel()


def test_panels_are_named_and_the_shading_explained():
    figure = decision_boundaries({"one": _quadrants, "two": _quadrants}, X, Y, "t", ("no", "yes"))
    one, two, bar = figure.axes
    assert (one.get_title(loc="left"), two.get_title(loc="left")) == ("one", "two")
    assert bar.get_ylabel() == "probability of class yes"
    keys = [text.get_text() for text in figure.legends[0].get_texts()]
    assert keys == ["no", "yes", "dark rim: misclassified", "decision changes"]


def test_shading_follows_the_probability():
    axes = decision_boundaries({"m": lambda P: (P[:1] > 0).astype(float)}, X, Y, "t").axes[0]
    shade = np.asarray(axes.images[0].get_array())
    left, right = shade[:, :50].mean(axis=(0, 1)), shade[:, -50:].mean(axis=(0, 1))
    assert left[0] > left[2]  # class 0 is drawn in a red, class 1 in a blue
    assert right[2] > right[0]
    assert len(axes.collections) > 2  # the two classes and the line between


def test_points_predicted_wrongly_have_a_dark_rim():
    axes = decision_boundaries({"m": lambda P: 1 - _quadrants(P)}, X, Y, "t").axes[0]
    rims = np.vstack(
        [points.get_edgecolors() for points in axes.collections if len(points.get_offsets()) > 1]
    )
    assert (rims[:, :3] == 0).all(axis=1).sum() == 60


def test_classes_differ_without_colour():
    figure = data_points(X, THREE, "t", "abc")
    shapes = {points.get_paths()[0].vertices.tobytes() for points in figure.axes[0].collections}
    assert len(shapes) == 3
    assert len(set(COLOURS)) == len(set(MARKERS)) == 10


def test_letters_that_no_font_has_are_drawn_in_silence(tmp_path):
    save_picture(data_points(X, Y, "t", ("猫", "犬")), tmp_path / "picture.png")


def test_a_long_title_is_broken_into_lines_that_fit():
    figure = cost_curves({"a": ([0], [1.0])}, "A title of very many words " * 5)
    figure.canvas.draw()
    assert figure._suptitle.get_window_extent().x1 <= figure.bbox.x1  # type: ignore[attr-defined]


def test_more_than_two_features_have_no_boundary():
    with pytest.raises(ValueError, match=r"expected X of shape \(2, m\).*received \(3, 60\)"):
        decision_boundaries({"m": _quadrants}, np.ones((3, 60)), Y, "t")


def test_classes_of_targets_and_probabilities():
    assert class_index(np.array([[0.2, 0.7]])).tolist() == [0, 1]
    assert class_index(THREE[:, :4]).tolist() == [0, 1, 2, 0]


def test_pictures_leave_matplotlib_as_it_was(tmp_path):
    before = dict(rcParams)
    save_picture(PICTURES["boundary"](), tmp_path / "picture.png")
    assert dict(rcParams) == before
    code = "import sys, ellayer.report.plots_data; print('matplotlib.pyplot' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_the_package_loads_matplotlib_late():
    code = "import sys, ellayer.report; print('matplotlib' in sys.modules, 'image_grid' in ellayer.report.__all__)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).split() == ["False", "True"]


def test_of_many_architectures_of_a_sweep_the_best_are_named():
    rows = [
        {"layers": str(k), "learning_rate": 0.01 * (1 + k), "validation_score": 0.3 + k / 50}
        for k in range(40)
    ]
    rows[39]["validation_score"] = float("nan")
    figure = trial_curves(rows[::-1], 39, "log_loss", "Best of 40")
    figure.savefig(io.BytesIO(), dpi=40)  # its layout warns if the legend leaves no room
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == [*[str(k) for k in range(MOST_NAMED)][::-1], f"{40 - MOST_NAMED} others", "best"]
