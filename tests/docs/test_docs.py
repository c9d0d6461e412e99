"""The pages: their code runs, their links lead somewhere, their tables equal the code's, their formulas are sound."""

from __future__ import annotations

import doctest
import importlib
import inspect
import json
import pkgutil
import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import ellayer
from ellayer import core
from ellayer.core.metrics import METRICS
from ellayer.core.registry import Registry
from ellayer.engine.optax_rules import LBFGS, OPTIMIZER_NAMES, find_optimizer

ROOT = Path(__file__).resolve().parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
SPHINX = find_spec("sphinx") is not None
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *DOCS]

sys.path.insert(0, str(ROOT / "docs" / "_tools"))
import running  # noqa: E402

each_page = pytest.mark.parametrize(
    "page", PAGES, ids=lambda page: page.relative_to(ROOT).with_suffix("").as_posix()
)


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the code of the blocks in a language."""
    for block in running.blocks(page.read_text(encoding="utf-8")):
        if block.language in languages:
            yield block.code


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return running.FENCE.sub("", page.read_text(encoding="utf-8"))


def tables(page: Path) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Yield (the heading above, header, rows) of a page's tables."""
    heading, lines = "", prose(page).splitlines()
    for i, line in enumerate(lines):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if re.match(r"^\|[-:| ]+\|$", line):
            rows = []
            for row in lines[i + 1 :]:
                if not row.startswith("|"):
                    break
                rows.append(cells(row))
            yield heading, cells(lines[i - 1]), rows


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# Code


@each_page
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch, request):
    """Blocks of one page share their names; blocks with >>> are compared with what they print."""
    if page in DOCS and SPHINX and any(item.path.name == "test_site.py" for item in request.session.items):
        pytest.skip("the site, which this session builds, runs it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(running.CATS, raising=False)
    run_page(page)


@pytest.mark.slow
def test_the_chapter_of_the_cats_runs_with_the_pictures(shared_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(running.CATS, str(shared_data / "cats"))
    run_page(ROOT / "docs/book/cats.md")


def run_page(page: Path) -> None:
    names: dict = {"__name__": page.stem}
    with np.printoptions():
        for block in running.blocks(page.read_text(encoding="utf-8")):
            if block.is_code and block.can_run:
                running.run(block, names, str(page))


def test_a_block_that_prints_something_else_is_found():
    (block,) = running.blocks("```python\n>>> 1 + 1\n3\n```\n")
    with pytest.raises(AssertionError, match="Expected"):
        running.run(block, {}, "page")


def test_a_verbose_run_of_the_tests_finds_the_same(monkeypatch):
    monkeypatch.setattr("sys.argv", ["pytest", "-v"])  # doctest's runner is verbose if these words have -v
    (block,) = running.blocks("```python\n>>> 1 + 1\n2\n```\n")
    assert running.run(block, {}, "page") == running.Output("")


def test_a_block_shows_what_it_prints_and_its_last_value():
    (block,) = running.blocks("  ```python\n  a = 2\n  print(a)\n  a + 1\n  ```\n")
    assert running.run(block, {}, "page") == running.Output("2\n", 3)


def test_a_block_of_commands_runs_and_one_that_fails_is_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good, bad = running.blocks(
        "```sh run\nellayer data iris\n```\n```sh run\nellayer data nothing.csv\n```\n"
    )
    assert "petal length" in running.run(good, {}, "page").printed
    with pytest.raises(AssertionError, match=r"nothing\.csv"):
        running.run(bad, {}, "page")


@each_page
def test_the_commands_of_a_page_exist(page):
    """Every `ellayer ...` line has the command's name, options and values right."""
    import typer

    from ellayer.cli.app import app

    program = typer.main.get_command(app)
    for code in blocks(page, "sh", "bash", "console"):
        for part in re.split(r"&&|\n", code):
            words = shlex.split(part.strip().removeprefix("$ "), comments=True)
            if words[:1] == ["ellayer"]:
                command = program.commands[words[1]]  # type: ignore[attr-defined]
                command.make_context(words[1], words[2:])


@each_page
def test_dotted_names_exist(page):
    for name in re.findall(r"`(ellayer(?:\.\w+)+)(?:\(.*?\))?`", prose(page)):
        pkgutil.resolve_name(name)


# Links


def slugs(page: Path) -> set[str]:
    """Return the anchors that headings of a page get."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@each_page
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if re.match(r"^(https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert ROOT in there.parents, target
        if anchor:
            assert anchor in slugs(there), (
                f"{target}: the headings of {there.name} are {sorted(slugs(there))}"
            )


def test_the_map_names_every_page():
    linked = {
        target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", prose(ROOT / "docs/index.md"))
    }
    own = {page.relative_to(ROOT / "docs").as_posix() for page in DOCS}
    project = {f"project/{Path(target).stem.lower()}.md" for target in linked if target.startswith("../")}
    assert own - {"index.md"} <= linked | project


# Mathematics


def formulas(page: Path) -> Iterator[str]:
    text = re.sub(r"`[^`]*`", "", prose(page))
    for line in text.splitlines():
        assert line.count("$") % 2 == 0, line
        for before, after in re.findall(r"(\S?)\$(?!\$)[^$]+\$(?!\$)(\w?)", re.sub(r"\$\$.+?\$\$", "", line)):
            between = before in "(|" and not after
            assert between, f"GitHub shows a formula between spaces or punctuation: {line}"
        for double, single in re.findall(r"\$\$(.+?)\$\$|\$(.+?)\$", line):
            yield double or single


@each_page
def test_formulas_survive_markdown_and_are_well_formed(page):
    """What Markdown would eat (backslash before punctuation, * and _ as emphasis) is not in them."""
    for formula in formulas(page):
        assert not re.search(r"\\[^A-Za-z ]|\*|(?<!\w)_", formula), formula
        parse(formula)


@cache
def parse(formula: str) -> None:
    """Raise ValueError for a formula that is not well formed; most stand on several pages or in several places."""
    from matplotlib.mathtext import MathTextParser

    MathTextParser("path").parse(f"${formula}$")


@each_page
def test_rows_of_a_table_are_as_long_as_its_header(page):
    for _, header, rows in tables(page):
        for row in rows:
            assert len(row) == len(header), row


# Tables


def spelled(page_cell: str) -> tuple[str, dict[str, float]]:
    """Return name and numbers of a cell like `leaky_relu(slope=0.01)`."""
    name, _, numbers = quoted(page_cell)[0].rstrip(")").partition("(")
    pairs = (number.split("=") for number in numbers.split(", ")) if numbers else ()
    return name, {key: float(value) for key, value in pairs}


def page_rows(heading: str) -> list[dict[str, str]]:
    return [
        dict(zip(header, row, strict=True))
        for above, header, rows in tables(ROOT / "docs/tables.md")
        if above == heading and header[0] == "name"
        for row in rows
    ]


@pytest.mark.parametrize(
    ("heading", "table"),
    [
        ("Activations", core.ACTIVATIONS),
        ("Losses", core.LOSSES),
        ("Initializers", core.INITIALIZERS),
        ("Schedules", core.SCHEDULES),
        ("Optimizers", core.OPTIMIZERS),
        ("Metrics", METRICS),
    ],
)
def test_the_page_of_tables_equals_the_code(heading: str, table: Registry):
    rows = page_rows(heading)
    page = dict(spelled(row["name"]) for row in rows)
    assert len(page) == len(rows)
    own = page if heading != "Optimizers" else {name: page[name] for name in table}
    assert own == {name: table.numbers(name) for name in table}
    second = {also: spelled(row["name"])[0] for row in rows for also in quoted(row.get("also", ""))}
    assert second == table.aliases


def test_the_page_has_the_facts_of_metrics():
    for row in page_rows("Metrics"):
        metric = METRICS[spelled(row["name"])[0]]
        assert row["takes"] == metric.takes
        assert row["better"] == ("higher" if metric.maximize else "lower")


def test_the_page_has_every_optimizer_with_its_rate():
    rows = page_rows("Optimizers")
    assert [spelled(row["name"])[0] for row in rows] == list(OPTIMIZER_NAMES)
    for row in rows:
        name, numbers = spelled(row["name"])
        if name == "lbfgs":
            assert numbers == LBFGS.numbers(name)
        else:
            assert float(row["rate"]) == find_optimizer(name).learning_rate


def test_the_page_has_the_facts_of_activations_and_losses():
    for row in page_rows("Activations"):
        name, numbers = spelled(row["name"])
        gain = row["gain"].replace("√", "sqrt ").replace("²", "**2").replace("sqrt (", "sqrt(")
        gain = re.sub(r"sqrt ([\d.]+)", r"sqrt(\1)", gain)
        value = eval(gain, {"sqrt": np.sqrt, **numbers})
        assert value == pytest.approx(core.ACTIVATIONS[name].gain)
    for row in page_rows("Losses"):
        loss = core.LOSSES[spelled(row["name"])[0]]
        assert quoted(row["output"]) == [loss.output]
        assert row["targets"] == loss.targets
    targets = {
        row[0]
        for _, header, rows in tables(ROOT / "docs/tables.md")
        if header[0] == "targets"
        for row in rows
    }
    assert targets == {core.LOSSES[name].targets for name in core.LOSSES}


def test_the_page_of_equations_lists_the_fused_pairs():
    pairs = next(
        rows for _, header, rows in tables(ROOT / "docs/equations.md") if header == ["output", "loss"]
    )
    fused = {(row.output, name) for name, row in core.LOSSES.items() if row.fused}
    assert {(quoted(output)[0], quoted(loss)[0]) for output, loss in pairs} == fused


def test_the_page_of_equations_finds_every_function_of_the_notes():
    """Each column is a module: its names exist in it, and every public function of steps stands in it."""
    _, header, rows = next(t for t in tables(ROOT / "docs/equations.md") if "`ellayer.core`" in t[1])
    for column, cell in enumerate(header[1:], start=1):
        module = importlib.import_module(quoted(cell)[0])
        names = {name for row in rows for name in quoted(row[column])}
        assert names <= set(dir(module))
        if module is not core:
            own = {
                n
                for n, f in inspect.getmembers(module, inspect.isfunction)
                if f.__module__ == module.__name__
            }
            assert names == {name for name in own if name[0] != "_"}


# Numbers


def test_the_changelog_knows_this_version():
    assert f"## [{ellayer.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_the_worked_example_prints_the_fixture():
    """What the page shows after print(name) is the fixture's number, rounded to the digits shown."""
    fixture = json.loads((ROOT / "tests/golden/worked_example.json").read_text())
    expected = fixture["step"] | {f'updated["{k}"]': v for k, v in fixture["updated"].items()}
    expected["costs"] = fixture["costs"]
    shown = {}
    for code in blocks(ROOT / "docs/worked-example.md", "python"):
        for example in doctest.DocTestParser().get_examples(code):
            match = re.fullmatch(r'print\((?:round\()?(\w+(?:\["\w+"\])?)(?:, 6\))?\)\n', example.source)
            if match and match.group(1) in expected:
                shown[match.group(1)] = np.array(
                    json.loads(re.sub(r"(?<=[\d.\]])\s+(?=[-\d\[])", ", ", _whole(example.want)))
                )
    assert set(shown) == set(expected)
    for name, value in shown.items():
        np.testing.assert_array_equal(value, np.round(expected[name], 6) + 0.0, err_msg=name)


def _whole(printed: str) -> str:
    """Return an array's print with digits after each point, as JSON wants them."""
    return re.sub(r"(\d)\.(?!\d)", r"\1.0", printed).strip()


def test_the_page_of_published_numbers_equals_what_reproduce_compares_with():
    from ellayer.cli.reproduce import published

    page = ROOT / "docs/reproduce.md"
    costs = {
        "Logistic regression on the cats": published.CATS_LOGISTIC_COSTS,
        "One hidden layer on the cats": published.CATS_TWO_LAYER_COSTS,
        "The deep network on the cats": published.CATS_DEEP_COSTS,
        "One hidden layer on the flower": published.FLOWER_COSTS,
    }
    accuracies = {
        "Logistic regression on the cats": published.CATS_LOGISTIC_ACCURACY.values(),
        "One hidden layer on the cats": published.CATS_TWO_LAYER_ACCURACY.values(),
        "The deep network on the cats": published.CATS_DEEP_ACCURACY.values(),
        "One hidden layer on the flower": [published.FLOWER_ACCURACY],
        "Logistic regression on the flower": [published.FLOWER_LOGISTIC_ACCURACY],
        "Hidden layer sizes on the flower": [published.BEST_ACCURACY],
    }
    shown = {heading: rows for heading, header, rows in tables(page) if header[0] == "iteration"}
    assert {h: {int(i): c for i, c in _pairs(rows)} for h, rows in shown.items()} == costs
    sections = re.split(r"^## ", prose(page), flags=re.MULTILINE)
    for heading, values in accuracies.items():
        section = next(s for s in sections if s.startswith(heading + "\n"))
        for value in values:
            assert value in section, (heading, value)


def _pairs(rows: list[list[str]]) -> Iterator[list[str]]:
    """Yield (iteration, cost) of rows that hold several pairs side by side."""
    for row in rows:
        for i in range(0, len(row), 2):
            if row[i]:
                yield row[i : i + 2]
