"""The worksheet: the numbers of trace and derive, with blanks, as HTML, LaTeX and PDF."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from ellayer import EllayerError, Network, derive, trace, worksheet
from ellayer.core.inputs import Inputs

NETWORK = Network([2, 3, 1], "tanh")
X, Y = np.array([[1.0, 0.5, -1.004], [0.0, -1.0, 2.0]]), [1, 0, 1]


def test_the_solutions_follow_from_the_numbers_on_the_sheet():
    sheet = worksheet(NETWORK, X, Y, seed=3, learning_rate=0.2, parameter=("W1", 0, 1))
    given = {step.name: step.value for step in sheet.steps if step.phase == "given"}
    theta = {name: given[name] for name in NETWORK.shapes}
    assert all(np.array_equal(value, np.round(value, 2)) for value in given.values())
    again = trace(NETWORK, theta, given["A0"], given["Y"], learning_rate=0.2)
    for step in sheet.steps:
        np.testing.assert_array_equal(step.value, again[step.name])
    factors = derive(NETWORK, theta, given["A0"], given["Y"], ("W1", 0, 1)).factors
    assert [f.value for f in sheet.chain] == [f.value for f in factors]
    assert f"{again['new W2'][0, 0]:.3f}" in sheet.to_html(solutions=True)
    assert worksheet(NETWORK, X, Y, seed=4).to_latex() != worksheet(NETWORK, X, Y, seed=3).to_latex()


@pytest.mark.parametrize("blanks", [["dZ2"], ["dZ1", "dW1", "J"]])
def test_the_blanks_are_those_asked_for_and_the_solutions_are_apart(blanks):
    sheet = worksheet(NETWORK, X, Y, blanks=blanks, decimals=4)
    boxes = sum(step.value.size for step in sheet.steps if step.name in blanks)
    secret = [f"{v:.4f}" for step in sheet.steps if step.name == "dZ1" for v in step.value.ravel()]
    for text, count in ((sheet.to_html(), "&nbsp;"), (sheet.to_latex(), r"\boxed")):
        assert text.count(count) == boxes
        assert all(number in text for number in secret) == ("dZ1" not in blanks)
    for text, count in ((sheet.to_html(True), "&nbsp;"), (sheet.to_latex(True), r"\boxed")):
        assert count not in text
        assert all(number in text for number in secret)
    assert sheet._repr_html_().index("Solutions") > sheet._repr_html_().index("&nbsp;")


def test_the_page_is_well_formed_and_stands_alone():
    body = worksheet(NETWORK, X, Y, title="Sheet <1>").to_html()
    assert "http" not in body.replace("http://www.w3.org/1998/Math/MathML", "")
    assert "Sheet &lt;1&gt;" in body
    table = re.search(r"<table>.*</table>", body, re.S).group().replace("&nbsp;", " ")
    ElementTree.fromstring(table)


def test_the_document_has_one_matrix_for_each_quantity():
    sheet = worksheet(NETWORK, X, Y, title="50 % of x_1", parameter=("b1", 2))
    source = sheet.to_latex()
    assert r"50 \% of x\_1" in source
    for name in ("flalign*", "bmatrix", "document"):
        assert source.count(rf"\begin{{{name}}}") == source.count(rf"\end{{{name}}}")
    assert source.count("{") == source.count("}")
    matrices = sum(step.value.size > 1 for step in sheet.steps)
    assert source.count(r"\begin{bmatrix}") == matrices
    assert "dJ" not in source.partition("The chain rule")[0]


def test_files_by_their_endings(tmp_path, monkeypatch):
    sheet = worksheet(NETWORK, X, Y)
    assert sheet.save(tmp_path / "a.html").read_text().startswith("<!DOCTYPE html>")
    assert sheet.save(tmp_path / "a.tex", solutions=True).read_text().startswith(r"\documentclass")
    with pytest.raises(EllayerError, match=r"\.html, \.tex or \.pdf"):
        sheet.save(tmp_path / "a.docx")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EllayerError, match="expected one of pdflatex"):
        sheet.save(tmp_path / "a.pdf")
    program = tmp_path / "pdflatex"
    program.write_text('#!/bin/sh\necho "! Undefined control sequence."\nexit 1\n')
    program.chmod(0o755)
    with pytest.raises(EllayerError, match="Undefined control sequence"):
        sheet.save(tmp_path / "a.pdf")
    program.write_text("#!/bin/sh\nwhile read line; do echo $line; done < sheet.tex > sheet.pdf\n")
    assert sheet.save(tmp_path / "a.pdf").stat().st_size > 1000


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no TeX")
def test_a_true_tex_sets_it(tmp_path):
    path = worksheet(NETWORK, X, Y, parameter=("W1", 0, 1)).save(tmp_path / "sheet.pdf", solutions=True)
    assert path.read_bytes().startswith(b"%PDF")


def test_models_of_every_kind(flower, estimator):
    result, F, labels = flower
    assert worksheet(result, F[:, :3], labels[:, :3]).steps
    assert worksheet(estimator, np.eye(3), list("abc")).steps
    with pytest.raises(EllayerError, match=r"fewer examples: X\[:, :3\]"):
        worksheet(result, F, labels)
    with pytest.raises(EllayerError, match="received dZ9"):
        worksheet(result, F[:, :3], labels[:, :3], blanks=["dZ9"])
    with pytest.raises(EllayerError, match="without embeddings"):
        worksheet(Network([2, 3, 1], inputs=Inputs(2, ramps=2)), X, Y)
