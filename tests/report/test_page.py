"""The report: one file that needs nothing else, says what is so, does no harm, and reads well in a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import ellayer
from ellayer.engine import History
from ellayer.inspection import Diagnosis, Finding
from ellayer.report import Predictions, RunFacts, write_report
from ellayer.report.document import report_document

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files",
    "--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom",
]  # fmt: skip
WIDTHS = (390, 1200)
NASTY = (
    "<script>document.title='taken'</script><img src=x onerror=alert(1)> \"'&amp; $x_1$ {{ 7 * 7 }} "
    + "long" * 30
)
LOOK = """<!doctype html><body><script>
(async () => {
  const seen = [];
  for (const page of %s) for (const width of %s) {
    const frame = document.createElement("iframe");
    frame.style = `border:0; width:${width}px; height:844px`;
    frame.src = page;
    document.body.append(frame);
    await new Promise(done => frame.onload = done);
    const there = frame.contentDocument;
    seen.push({
      page: page.split("/").pop(), width, wide: there.documentElement.scrollWidth, title: there.title,
      paper: frame.contentWindow.getComputedStyle(there.body).backgroundColor,
      ink: there.querySelector("figure svg text") && frame.contentWindow.getComputedStyle(there.querySelector("figure svg text")).fill,
      pictures: [...there.querySelectorAll("figure svg")].filter(svg => svg.getBoundingClientRect().height > 80).length,
      images: [...there.querySelectorAll("img")].filter(image => image.naturalWidth > 0).length,
      overlaps: [...there.querySelectorAll("figure svg")].flatMap(svg => ["xtick", "ytick"].flatMap(axis => {
        const boxes = [...svg.querySelectorAll(`[id*=${axis}_] text`)].map(text => text.getBoundingClientRect());
        return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
          a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1).map(_ => svg.querySelector("title").textContent));
      })),
      heads: [...there.querySelectorAll(".turns thead")].filter(head => head.getBoundingClientRect().height > 0).length,
      small: [...there.querySelectorAll("figure svg")].filter(svg => svg.getBoundingClientRect().width > width).length,
    });
    frame.remove();
  }
  document.body.textContent = JSON.stringify(seen);
})();
</script></body>"""


def history(epochs: int = 12) -> History:
    """A cost that falls, and one on held-out rows that turns."""
    steps = np.arange(1, epochs + 1)
    held = 0.4 + 0.3 / steps + 0.01 * np.maximum(0, steps - 6)
    return History(
        {"epoch": steps.tolist(), "loss": (0.3 + 0.4 / steps).tolist(), "validation_loss": held.tolist()}
    )


def of_classes(m: int = 120, K: int = 2, names: list | None = None, **more) -> RunFacts:
    """A run on a table with classes, everything there."""
    random = np.random.RandomState(K)
    classes = names or [f"kind {k}" for k in range(K)]
    labels = np.array(classes, dtype=object)
    truth = random.randint(0, K, m)
    models = []
    for name, skill in (("the network", 2.0), ("logistic regression", 1.0), ("the most frequent class", 0.0)):
        Z = random.normal(size=(m, K)) * bool(skill)
        Z[np.arange(m), truth] += skill
        P = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
        models.append(Predictions(name, labels[P.argmax(axis=1)], P))
    columns = more.pop("column_names", ["age", "fare", "port"])
    network = ellayer.Network([3, 4, 1] if K == 2 else [3, 4, K])
    given = {
        "name": "passengers", "task": "classes", "target": "survived", "classes": classes, "network": network,
        "parameters": ellayer.initialize_parameters(network, seed=1), "y": labels[truth], "models": models,
        "history": history(), "best_epoch": 6, "source": "passengers.csv", "command": "ellayer train --config config.toml",
        "config": 'target = "survived"\n', "created": "2025-01-02", "rows": {"train": 400, "validation": 100, "test": m},
        "columns": [{"name": name, "kind": "numeric", "note": "", "missing": 2, "distinct": 9, "shown": "1 to 9"} for name in columns],
        "findings": ["'port' is hardly ever there"], "notes": ["2 rows left out"],
        "table": pl.DataFrame({name.encode("utf-8", "replace").decode(): np.arange(float(m)) for name in columns}),
        "importance": [(name, 0.2 - 0.1 * i, 0.02) for i, name in enumerate(columns)], "importance_of": "log loss",
        "diagnosis": Diagnosis((Finding("overfitting", "warning", "the held-out cost is 2 times the other", "stop earlier", 2.0),), (), {}),
        "seconds": {"reading": 0.1, "fitting": 75.0}, "versions": {"ellayer": "0.1.0"},
    }  # fmt: skip
    return RunFacts(**{**given, **more})


def of_numbers(m: int = 150, **more) -> RunFacts:
    """A run on numbers."""
    random = np.random.RandomState(3)
    y = 1000 * random.normal(size=m)
    models = [
        Predictions("the network", y + 100 * random.normal(size=m)),
        Predictions("the mean", np.full(m, y.mean())),
    ]
    network = ellayer.Network([3, 4, 1], "tanh", loss="squared_error")
    given = {"task": "numbers", "target": "price", "classes": [], "y": y, "models": models, "network": network,
             "parameters": None, "importance_of": "RMSE"}  # fmt: skip
    return of_classes(m, **{**given, **more})


def of_images(colours: bool = True) -> RunFacts:
    """A run on small images."""
    random = np.random.RandomState(4)
    shape = (8, 8, 3) if colours else (8, 8)
    return of_classes(
        60, names=["cat", "dog"], images=random.uniform(size=(60, *shape)), ids=[f"cats/{i}.png" for i in range(60)],
        table=None, importance=[], weight_pictures=random.normal(size=(5, *shape)), columns=[],
        network=ellayer.Network([64, 20, 1]), parameters=None,
    )  # fmt: skip


def least(**more) -> RunFacts:
    """A run of which hardly anything is known."""
    given = {"name": "t", "task": "classes", "target": "y", "classes": ["a", "b"], "network": ellayer.Network([2, 1]),
             "y": np.array(["a", "b"], dtype=object), "models": [Predictions("the network", np.array(["a", "a"], dtype=object))]}  # fmt: skip
    return RunFacts(**{**given, **more})


RUNS = {
    "two classes": of_classes,
    "four classes": lambda: of_classes(K=4),
    "thirteen classes": lambda: of_classes(600, K=13),
    "a hundred classes": lambda: of_classes(600, K=100),
    "letters that are not at hand": lambda: of_classes(
        names=["猫", "\x00\x1b[31m"], column_names=["料金 🚀", "\ud800"]
    ),
    "numbers": of_numbers,
    "colour images": of_images,
    "grey images": lambda: of_images(colours=False),
    "least": least,
    "no network": lambda: least(network=None),
    "no rows": lambda: least(y=np.zeros(0, object), models=[]),
    "no rows, numbers": lambda: least(task="numbers", classes=[], y=np.zeros(0), models=[]),
    "one row": lambda: of_classes(1),
    "one true class": lambda: of_classes(y=np.array(["kind 0"] * 120, dtype=object)),
    "nan": lambda: of_numbers(models=[Predictions("the network", np.full(150, np.nan))]),
    "nan probabilities": lambda: of_classes(
        models=[
            Predictions("the network", np.array(["kind 0"] * 120, dtype=object), np.full((120, 2), np.nan))
        ]
    ),
    "nasty": lambda: of_classes(
        names=[NASTY, NASTY + "2"],
        column_names=[NASTY, "b"],
        name=NASTY,
        target=NASTY,
        source=NASTY,
        command=NASTY,
        config=NASTY,
        findings=[NASTY],
        notes=[NASTY],
        ids=[NASTY] * 120,
        versions={NASTY: NASTY},
    ),
    "bools": lambda: of_classes(names=[False, True]),
}


class Page(HTMLParser):
    """Tags of a page with their attributes, its ids, and the text outside of style."""

    VOID = ("meta", "img", "br", "link", "hr", "input")

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.text += data.replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture(scope="module")
def pages(tmp_path_factory) -> dict[str, Path]:
    """Every run's page."""
    folder = tmp_path_factory.mktemp("reports")
    return {
        name: write_report(make(), folder / f"{name.replace(' ', '-')}.html") for name, make in RUNS.items()
    }


def page_of(pages, name: str) -> Page:
    return Page(pages[name].read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RUNS)
def test_every_page_is_whole_and_needs_nothing(pages, name):
    page = page_of(pages, name)
    assert page.open == []
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    for tag, attrs in page.tags:
        assert tag not in ("script", "link", "iframe", "object")
        assert not [name for name in attrs if name.startswith("on")]
        for key in ("href", "src", "xlink:href"):
            assert attrs.get(key, "#").startswith(("#", "data:image/png"))
        if tag == "img":
            assert attrs["alt"]
        if tag == "svg":
            assert attrs["role"] == "img"
            assert attrs["aria-labelledby"] in ids
    assert [tag for tag, _ in page.tags].count("h1") == 1
    assert pages[name].stat().st_size < 1_000_000
    assert "/tmp" not in page.text


def test_the_page_says_what_is_so(pages):
    text = page_of(pages, "two classes").text
    right = re.search(
        r"The network is right in ([\d.]+) % of 120 test rows \(95 % CI ([\d.]+) to ([\d.]+) %\)", text
    )
    facts = of_classes()
    share = float(np.mean(facts.models[0].prediction == facts.y))
    assert right
    assert float(right[1]) == pytest.approx(100 * share, abs=0.06)
    assert float(right[2]) < float(right[1]) < float(right[3])
    for sentence in (
        "logistic regression in", "Significantly better than the most frequent class: +", "'port' is hardly ever there",
        "2 rows left out", "epoch 6 has the best validation score and is used",
        "Most important: age (shuffling it raises the log loss by 0.2)", "increase in log loss (± 1 SD)",
        "Overfitting", "Stop earlier", "1 min 15 s", "ellayer train --config config.toml", "perfect calibration",
        "Precision–recall curve for class kind 1", "false positive rate", "p(true class)", "* best in its row",
    ):  # fmt: skip
        assert sentence in text, sentence


def test_a_lead_that_the_rows_do_not_show_is_not_claimed():
    facts = least(models=[Predictions("the network", np.array(["a", "a"], dtype=object)), Predictions("chance", np.array(["b", "b"], dtype=object))])  # fmt: skip
    document = report_document(facts)
    (_, comparison), (verdict,) = document["result"], document["verdict"]
    assert re.fullmatch(
        r"Not significantly different from chance: 0\.0 points \(95 % CI −100\.0 to \+100\.0\)\.", comparison
    )
    assert verdict == (
        "Best by accuracy: the network (50.0 %); not significantly better than the next, chance, on the 2 test rows."
    )


def test_a_lower_error_is_a_lead():
    facts = of_numbers()
    lead = float(np.sqrt(np.mean((facts.models[0].prediction - facts.y) ** 2)) - np.std(facts.y))
    document = report_document(facts)
    conclusion = document["result"] + document["verdict"]
    assert f"Significantly better than the mean: RMSE −{-lead:.0f}" in conclusion[1]
    assert "significantly better than the next, the mean," in conclusion[2]
    assert "150 test rows are few" in conclusion[3]
    assert "--cv 5" in conclusion[3]


def test_without_rows_nothing_is_claimed(pages):
    assert "it is not known how well y is predicted" in page_of(pages, "no rows").text


def test_what_is_not_there_is_left_out(pages):
    text = page_of(pages, "least").text
    for heading in ("Largest errors", "Scores"):
        assert heading in text
    for heading in ("Data warnings", "Feature importance", "Reproduce this run", "Diagnosis"):
        assert heading not in text


def test_the_rows_with_the_largest_error(pages):
    facts = of_numbers()
    worst = int(np.argmax(np.abs(facts.models[0].prediction - facts.y)))
    assert report_document(facts)["largest_errors"]["rows"][0]["name"] == f"test row {worst + 1}"
    assert f"test row {worst + 1}" in page_of(pages, "numbers").text


def test_images_and_weights_are_shown(pages):
    for name in ("colour images", "grey images"):
        alts = [attrs["alt"] for tag, attrs in page_of(pages, name).tags if tag == "img"]
        assert sum(alt.startswith("Weights of unit") for alt in alts) == 5
        assert sum("true cat, predicted dog" in alt or "true dog, predicted cat" in alt for alt in alts) > 3


def test_nothing_from_a_file_is_a_tag(pages):
    text = pages["nasty"].read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img src=x" not in text
    assert "&lt;script&gt;" in text
    assert "{{ 7 * 7 }}" in page_of(pages, "nasty").text  # as text, not worked out


def test_the_same_run_gives_the_same_page(tmp_path):
    first, second = (write_report(of_classes(), tmp_path / f"{i}.html").read_bytes() for i in (1, 2))
    assert first == second


def test_a_network_that_always_says_the_same_stays_in_its_pictures(tmp_path):
    facts = of_classes()
    constant = Predictions("the network", np.array(["kind 0"] * 120, dtype=object), np.full((120, 2), 0.5))
    page = write_report(of_classes(models=[constant, *facts.models[1:]]), tmp_path / "constant.html")
    text = Page(page.read_text(encoding="utf-8")).text
    assert "AUC 0.500" in text
    legends = re.findall(r"logistic regression\s|the network\s", text[text.index("AUC 0.500") :])
    assert {legend.strip() for legend in legends[:4]} == {"the network", "logistic regression"}


def test_the_course_of_the_loss(tmp_path):
    def text_of(columns: dict, best: int | None = None) -> str:
        page = write_report(of_classes(history=History(columns), best_epoch=best), tmp_path / "cost.html")
        return Page(page.read_text(encoding="utf-8")).text

    assert "The loss falls from 0.7 to 0.4 by iteration 200" in text_of(
        {"iteration": [0, 100, 200], "loss": [0.7, 0.5, 0.4]}
    )
    assert "The loss rises from 0.7 to 0.9 by epoch 2" in text_of({"epoch": [1, 2], "loss": [0.7, 0.9]})
    lost = text_of({"epoch": [1, 2, 3], "loss": [0.7, float("inf"), float("nan")]}, best=1)
    assert "Training diverged after epoch 1 (the loss is NaN or infinite)" in lost


def test_large_images_do_not_make_a_large_page(tmp_path):
    random = np.random.RandomState(5)
    facts = of_classes(
        20,
        images=random.uniform(size=(20, 300, 200, 3)),
        weight_pictures=random.normal(size=(16, 300, 200, 3)),
    )
    assert write_report(facts, tmp_path / "large.html").stat().st_size < 1_500_000


def test_examples_are_called_what_they_are(pages):
    assert "of 60 test images" in page_of(pages, "grey images").text
    assert "test images" not in page_of(pages, "four classes").text


def test_tables_have_headers(pages):
    page = page_of(pages, "four classes")
    tags = [tag for tag, _ in page.tags]
    assert tags.count("thead") == tags.count("table")
    assert all(attrs.get("scope") in ("col", "row") for tag, attrs in page.tags if tag == "th")


def look(files: list[Path], folder: Path, dark: bool) -> tuple[list[SimpleNamespace], list[str]]:
    """Open pages in Chromium at both widths; return what is seen, and what the console said."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    frame = folder / f"frame-{dark}.html"
    frame.write_text(LOOK % (json.dumps([file.as_uri() for file in files]), json.dumps(WIDTHS)))
    command = [CHROMIUM, *FLAGS, f"--blink-settings=preferredColorScheme={0 if dark else 1}",
               f"--user-data-dir={folder / f'profile-{dark}'}", frame.as_uri()]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    text = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert text, done.stderr
    seen = [SimpleNamespace(**page) for page in json.loads(unescape(text.group(1)))]
    return seen, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def lightness(colour: str) -> float:
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


@pytest.mark.slow
@pytest.mark.parametrize("dark", [False, True])
def test_pages_read_well_in_a_browser(pages, tmp_path, dark):
    seen, console = look(list(pages.values()), tmp_path, dark)
    assert not console, console
    assert len(seen) == 2 * len(RUNS)
    assert [(page.page, page.wide) for page in seen if page.wide > page.width] == []
    assert not [page.page for page in seen if page.small]
    assert not [(page.page, page.width, page.overlaps) for page in seen if page.overlaps]  # labels of ticks
    assert not [page.page for page in seen if page.width == WIDTHS[0] and page.heads]  # tables of scores turn
    assert all(page.heads for page in seen if page.width == WIDTHS[1] and "no-rows" not in page.page)
    assert not [page.page for page in seen if page.title == "taken"]
    assert all((lightness(page.paper) < 60) == dark for page in seen)
    assert all((lightness(page.ink) > 180) == dark for page in seen if page.ink)
    pictures = {page.page: page.pictures for page in seen if page.width == WIDTHS[0]}
    assert pictures["two-classes.html"] == 6  # confusion, calibration, ROC, precision, importance, cost
    assert pictures["numbers.html"] == 4
    assert all(page.images >= 10 for page in seen if "images" in page.page)
