"""Objects in a terminal and in a notebook: short texts, and HTML that the page around it cannot break."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import polars as pl
import pytest

import ellayer
from ellayer._views import curves
from ellayer.data import read_examples
from ellayer.tables.survey import survey

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
HOSTILE = "<img src=x onerror=alert(1)>"
JUPYTER = """
.jp table {border-collapse: collapse; table-layout: fixed; margin-left: auto}
.jp tr, .jp td, .jp th {text-align: right; white-space: normal; max-width: 30px; overflow: hidden}
.jp tbody tr:nth-child(odd) {background: #f5f5f5}
body {color: rgb(230, 230, 230); background: rgb(17, 17, 17)}
"""


VS_CODE = """
table, tr, th, td {border: none !important; border-spacing: 0; border-collapse: collapse}
table, th, tr {vertical-align: middle; text-align: right}
th, td {padding: 4px 8px}
tr:nth-child(even) {background: rgba(130, 130, 130, .08)}
tbody th {font-weight: normal}
"""


@pytest.fixture(scope="module")
def objects(tmp_path_factory):
    """Return one object of each kind that shows itself, with a hostile name where it has names."""
    flower = ellayer.data.load("flower")
    network = ellayer.Network([2, 4, 1], "tanh")
    result = ellayer.train(network, flower.X, flower.Y, learning_rate=1.2, num_iterations=300, seed=1)
    table = pl.DataFrame({HOSTILE: np.arange(40.0), "b": ["x", "y"] * 20})
    model = ellayer.TabularRegressor(1, epochs=2, random_state=0).fit(table, np.arange(40.0))
    labels = np.array(["no", HOSTILE] * 20)
    classifier = ellayer.TabularClassifier(1, epochs=2, random_state=0).fit(table, labels)
    path = tmp_path_factory.mktemp("views") / "pets.csv"
    path.write_text(f"weight;{HOSTILE}\n" + "\n".join(f"{i},5;{'ab'[i % 2]}" for i in range(30)))
    examples = read_examples(path, target=HOSTILE)
    return [
        flower, network, result, result.history, examples, survey(examples.X, examples.y, examples.target),
        ellayer.check_gradients(network, result.parameters, flower.X, flower.Y),
        ellayer.saliency(result, flower.X), ellayer.explain(model, table), ellayer.summary(network),
        ellayer.trace(network, flower.X[:, :2], flower.Y[:, :2]), ellayer.diagnose(result),
        ellayer.precision_audit(network, flower.X, flower.Y, result.parameters),
        ellayer.derive(result, flower.X, flower.Y, ("W1", 0, 0)),
        model, classifier, model.preparation_, ellayer.TablePreparation(), ellayer.report.scores(labels, labels),
    ]  # fmt: skip


def test_a_repr_is_short(objects):
    for value in objects:
        text = repr(value)
        assert len(text) < 300, text
        assert len(text.splitlines()) <= 10, text
        assert type(value).__name__ in text


def test_html_is_short_and_escapes_the_names_of_files(objects):
    for value in objects:
        text = value._repr_html_()
        assert len(text) < 60_000, type(value)
        assert "<img src=x" not in text, type(value)
        assert "ellayer-view" in text or (
            isinstance(value, ellayer.TablePreparation) and not hasattr(value, "columns_")
        )


def test_a_notebook_gets_the_curves_of_a_fitted_estimator(objects):
    from sklearn import config_context

    model = next(value for value in objects if isinstance(value, ellayer.TabularClassifier))
    shown = model._repr_mimebundle_()
    assert shown["text/plain"] == repr(model)
    assert "<polyline" in shown["text/html"]
    assert "sk-container" in shown["text/html"]
    assert "<polyline" not in ellayer.TabularClassifier()._repr_html_()
    with config_context(display="text"):
        assert set(model._repr_mimebundle_()) == {"text/plain"} == set(model.preparation_._repr_mimebundle_())


def test_curves_leave_out_what_is_not_finite():
    picture = curves([0, 1, 2, 3], {"loss": [3.0, np.nan, 2.0, 1.0], "other": [np.inf]}, "epoch")
    (line,) = re.findall(r'points="([^"]*)"', picture)
    assert len(line.split()) == 3
    assert "nan" not in picture
    assert curves([0], {"loss": [1.0]}, "epoch") == ""


@pytest.mark.slow
def test_the_style_of_a_notebook_changes_no_table(objects, tmp_path):
    """In a dark page with rules like those of Jupyter and VS Code, cells are aligned left, whole, and in the page's colour."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    script = """<script>
    const faults = [];
    for (const cell of document.querySelectorAll(".ellayer-view td, .ellayer-view th, .ellayer-view caption")) {
      const style = getComputedStyle(cell);
      if (style.color !== "rgb(230, 230, 230)") faults.push("colour " + style.color + " " + cell.textContent);
      if (style.textAlign !== "left" && !cell.closest(".matrix")) faults.push("align " + cell.textContent);
      if (cell.scrollWidth > cell.clientWidth + 1) faults.push("cut off " + cell.textContent);
    }
    for (const row of document.querySelectorAll(".ellayer-view tr:not(.phase)"))
      if (getComputedStyle(row).backgroundColor !== "rgba(0, 0, 0, 0)") faults.push("background");
    document.title = JSON.stringify({faults, cells: document.querySelectorAll(".ellayer-view td").length});
    </script>"""
    body = "".join(value._repr_html_() for value in objects)
    page = tmp_path / "page.html"
    page.write_text(
        f'<!doctype html><meta charset="utf-8"><style>{JUPYTER}{VS_CODE}</style><div class="jp">{body}</div>{script}'
    )
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    found = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.DOTALL)
    assert found, done.stderr
    looked = json.loads(found.group(1).replace("&quot;", '"'))
    assert looked["cells"] > 100
    assert looked["faults"] == []
