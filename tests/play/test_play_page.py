"""The page of `ellayer play` in a real browser: every control, own files, keyboard, phone, accessibility, hostile names."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import test_models_of_tables

from ellayer.data.planar import PLANE
from ellayer.play.app import make_app
from ellayer.play.launch import start_server
from ellayer.play.live import LiveFeed
from ellayer.serve.limits import Limits
from ellayer.serve.protection import ProtectionMiddleware

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
playwright = pytest.importorskip("playwright.sync_api")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium")]

folder = test_models_of_tables.folder  # a fixture
NASTY = "<img src=x onerror=document.title='taken'>\"'&amp; {{ 7 * 7 }}"
# Values of boxes that take not every number.
VALUES = {"data.size": 60, "data.noise": 0.3, "data.test_fraction": 0.4, "training.learning_rate": 0.3, "training.dropout": 0.25,
          "training.l1": 0.01, "training.l2": 0.02, "training.weight_decay": 0.03}  # fmt: skip
OVERFLOWING = """() => [...document.querySelectorAll("body *")].filter(node =>
  node.getBoundingClientRect().right > innerWidth + 1 && !node.closest(".scroll, .equation, .unseen")).map(node => node.outerHTML.slice(0, 80))"""
SMALL_TARGETS = """() => [...document.querySelectorAll("button, select, summary, a")].filter(node => {
  const box = node.getBoundingClientRect();
  return box.width > 0 && !node.matches(".skip, .link") && (box.width < 24 || box.height < 24);
}).map(node => node.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def address():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ellayer.play.run.ENGINE", "numpy+direct")  # compiles nothing
        server = start_server(make_app(), 0)
        yield server.address
        server.stop()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as tool:
        browser = tool.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


class Site:
    """The page in a window that all tests share; errors of its scripts fail the test."""

    def __init__(self, browser, address: str) -> None:
        self.address = address
        self.page = browser.new_page(reduced_motion="reduce")
        self.page.set_default_timeout(60_000)
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda line: line.type == "error" and self.errors.append(line.text))

    def open(self, address: str) -> None:
        """Open an address in a new session."""
        self.page.goto("about:blank")
        self.page.goto(address)
        self.page.wait_for_selector(".unit")

    @property
    def state(self) -> dict:
        """The settings, from the link."""
        text = self.page.evaluate("location.hash.slice(1)")
        return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) if text else {}

    def value(self, path: str) -> object:
        part, _, name = path.partition(".")
        return self.state.get(part, {}).get(name)

    def text(self, name: str) -> str:
        return self.page.inner_text(f"#{name}")

    @property
    def iteration(self) -> int:
        return int(self.text("iteration").replace("\N{NARROW NO-BREAK SPACE}", ""))

    def until(self, check: Callable[[], object], what: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, (what, self.errors, self.text("problem"), self.text("message"))
            self.page.wait_for_timeout(15)

    def change(self, path: str, value: str) -> None:
        box = self.page.locator(f'.fields [data-path="{path}"]')
        box.fill(value)
        box.press("Enter")

    def train(self, iterations: int) -> None:
        """Train at least so many iterations, and pause."""
        self.page.click("#play")
        self.until(lambda: self.iteration >= iterations, "iterations")
        self.page.click("#play")
        self.until(lambda: self.page.get_attribute("#play", "aria-label") == "Play", "pause")
        self.page.wait_for_timeout(60)


@pytest.fixture(scope="module")
def window(browser, address):
    return Site(browser, address)


@pytest.fixture
def site(window):
    window.page.set_viewport_size({"width": 1400, "height": 900})
    window.open(window.address)
    window.until(lambda: window.state, "the state in the link")
    assert window.text("message") == ""
    yield window
    errors, window.errors = window.errors, []
    assert errors == []


def number_text(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


def test_each_field_changes_its_setting_and_the_link_brings_all_of_them_back(site):
    paths = site.page.eval_on_selector_all(
        ".fields [data-path]", "all => [...new Set(all.map(one => one.dataset.path))]"
    )
    assert len(paths) >= 17
    for path in paths:
        if path == "data.source":
            continue
        box = site.page.locator(f'.fields [data-path="{path}"]')
        if not box.is_visible():
            continue
        before = site.value(path)
        if box.evaluate("node => node.tagName") == "SELECT":
            box.select_option(index=1)
        elif box.get_attribute("type") == "checkbox":
            box.click()
        else:
            box.fill(str(VALUES.get(path, 7)))
            box.press("Enter")
        site.until(lambda path=path, before=before: site.value(path) != before, path)
        site.until(lambda: site.page.is_hidden("#busy"), "the answer")
        assert site.text("problem") == "", path
    changed = site.state
    for path, value in VALUES.items():
        if path != "training.weight_decay":
            assert site.value(path) == value

    link = site.page.url
    site.open(link)
    site.until(lambda: site.page.locator('.fields [data-path="data.size"]').input_value() == "60", "the link")
    assert site.state == changed

    site.page.check('[data-source="xor"]', force=True)
    site.until(lambda: site.value("data.size") == PLANE["xor"].size, "xor")
    site.page.go_back()
    site.until(lambda: site.page.locator('.fields [data-path="data.size"]').input_value() == "60", "back")
    site.page.go_forward()
    site.until(lambda: site.page.is_checked('[data-source="xor"]'), "forward")

    for name in ("l1", "l2", "dropout"):  # at once: an answer to the first does not undo the last
        site.change(f"training.{name}", "0.125")
    site.page.click("#rewind")
    site.page.wait_for_timeout(300)
    assert [site.value(f"training.{name}") for name in ("l1", "l2", "dropout")] == [0.125] * 3

    rate = site.page.locator('.fields [data-path="training.learning_rate"]')
    site.change("training.learning_rate", "-1")
    site.page.wait_for_selector('.problem:has-text("learning_rate: expected")')
    assert rate.get_attribute("aria-invalid") == "true"


def test_steps_rewind_and_layers(site):
    page = site.page
    for unit, iterations in (("epoch", 1), ("batch", 2), ("example", 3)):
        page.click(f"#step-{unit}")
        site.until(lambda n=iterations: site.iteration == n, unit)
    cost = site.text("cost-train")
    page.click("#rewind")
    site.until(lambda: site.iteration == 0, "rewind")
    for unit in ("epoch", "batch", "example"):
        page.click(f"#step-{unit}")
    site.until(lambda: site.iteration == 3 and site.text("cost-train") == cost, "the same cost again")

    page.click("#keep-run")
    page.wait_for_selector("#runs li")
    page.click("#add-layer")
    page.wait_for_selector('[data-key="units-1"]')
    page.click('[data-key="more-1"]')
    site.until(lambda: [layer["units"] for layer in site.value("network.hidden")] == [4, 5], "a unit more")
    site.until(lambda: page.locator(".unit").count() == 2 + 4 + 5 + 1, "the drawing")
    page.select_option('[data-key="activation-0"]', label="relu")
    site.until(lambda: site.value("network.hidden")[0]["activation"] == "relu", "an activation")
    page.click("#remove-layer")
    site.until(lambda: page.locator(".unit").count() == 2 + 4 + 1, "the drawing")
    page.click("#runs button")
    page.wait_for_selector("#runs li", state="detached")
    page.check("#log-scale")
    page.click("#curve-table summary")
    page.locator("#curve-table tbody tr").first.wait_for()


def test_a_unit_shows_its_equations_and_its_bias_can_be_edited(site):
    page = site.page
    site.train(20)
    page.locator(".unit").nth(3).click()
    page.wait_for_selector("#look-equations math")
    assert "Unit 2 of layer 1" in site.text("look-title")
    numbers = page.locator("#look-equations table").last.locator("td").all_inner_texts()
    assert number_text(numbers[0].split("\u00d7")[0]) == pytest.approx(
        number_text(numbers[1].split("\u00d7")[0]), rel=1e-3
    )
    box = page.locator('#look-edit [data-parameter="b1"]')
    box.fill("0.5")
    box.press("Enter")
    site.until(lambda: page.locator(".unit .bias").nth(1).text_content() == "b 0.5", "the bias")
    page.locator(".handle").first.dispatch_event("click")
    page.wait_for_selector('#look-edit [data-parameter="W1"]')
    page.click("#network-table summary")
    site.until(lambda: page.locator("#network-table tbody tr").count() == 4 + 1, "the table")
    page.locator(".unit").last.click()
    site.until(lambda: page.locator("#look-edit input").count() == 4 + 1, "the boxes")
    page.click('[data-key="fewer-0"]')
    site.until(lambda: page.locator("#look-edit input").count() == 3 + 1, "fewer boxes")
    page.click("#step-epoch")
    site.until(lambda: site.iteration == 1, "a step")


def test_points_are_added_removed_and_looked_at(site):
    page = site.page
    plane = page.locator(".stack").bounding_box()
    where = {"x": plane["width"] * 0.93, "y": plane["height"] * 0.1}
    page.click('[data-tool="add"][data-label="1"]')
    page.click(".stack", position=where)
    site.until(lambda: len(site.value("data.points") or []) == 1, "a point")
    assert site.value("data.points")[0][2] == 1
    page.click('[data-tool="look"]')
    page.click(".stack", position=where)
    page.wait_for_selector("#look-equations math")
    page.click('[data-tool="erase"]')
    page.click(".stack", position=where)
    site.until(lambda: site.value("data.points") == [], "no point")
    page.click(".undo")
    site.until(lambda: len(site.value("data.points")) == 1 and page.is_hidden("#busy"), "undo")
    page.keyboard.press("y")
    site.until(lambda: site.value("data.points") == [], "redo")
    page.hover(".stack", position={"x": 200, "y": 200})
    assert "with probability" in site.text("plane-readout")
    page.uncheck("#show-test")
    page.check("#hard")
    page.click("#plane-table summary")
    site.until(lambda: page.locator("#plane-table tbody tr").count() == 200, "the table")
    page.check('[data-source="waves"]', force=True)
    page.wait_for_selector("#scale:visible")
    page.check('[data-source="digits"]', force=True)
    page.wait_for_selector(".picture")
    page.locator(".picture").first.click()
    page.wait_for_selector("#look-equations math")


def test_python_code_of_the_page_gives_the_same_numbers_to_the_bit(site, tmp_path):
    page = site.page
    site.train(60)
    page.click("#step-example")
    page.click("#out")
    site.until(lambda: "ellayer.train" in site.text("python"), "the code")
    names: dict = {}
    exec(page.text_content("#python"), names)
    with page.expect_download() as waiting:
        page.click('[data-out="parameters.npz"]')
    waiting.value.save_as(tmp_path / "parameters.npz")
    with np.load(tmp_path / "parameters.npz") as parameters:
        assert sorted(parameters) == sorted(names["parameters"])
        for name in parameters:
            np.testing.assert_array_equal(parameters[name], names["parameters"][name], strict=True)
    with page.expect_download() as waiting:
        page.click('[data-out="model.ellayer"]')
    waiting.value.save_as(tmp_path / "model.ellayer")
    cost = site.text("cost-train")
    page.keyboard.press("Escape")
    page.click("#rewind")
    site.until(lambda: site.iteration == 0 and site.text("cost-train") != cost, "rewind")
    page.set_input_files("#file", tmp_path / "model.ellayer")
    site.until(lambda: site.text("cost-train") == cost, "the cost of the model")


def test_a_table_of_ones_own_with_hostile_names_is_only_text(site, tmp_path):
    page = site.page
    rows = "\n".join(
        f"{i % 7},{(3 * i) % 11},{i * i % 5},{'yes' if i % 7 > 3 else '<b>no</b>'}" for i in range(60)
    )
    quoted = NASTY.replace('"', '""')
    path = tmp_path / "own.csv"
    path.write_text(f'"{quoted}",height,width,"goal {quoted}"\n{rows}\n', encoding="utf-8")
    page.set_input_files("#file", path)
    site.until(lambda: str(site.value("data.source")).startswith("upload:"), "the table")
    page.wait_for_selector('[data-path="data.target"]')
    site.until(lambda: site.page.is_hidden("#busy"), "the answer")
    page.select_option('[data-path="data.target"]', label=f"goal {NASTY}")
    site.until(lambda: page.locator("[data-tool=add]").count() == 2, "two classes")
    page.select_option('[data-path="data.axes.0"]', label="width")
    site.until(lambda: site.value("data.axes")[0] == "width", "an axis")
    page.locator(".unit").nth(4).click()
    page.wait_for_selector("#look-equations math")
    for table in ("network-table", "plane-table"):
        page.click(f"#{table} summary")
    assert page.title() == "Ellayer play"
    assert page.locator("main img, dialog img, main script").count() == 0
    site.until(lambda: NASTY in page.text_content("#network-table"), "the table")
    assert NASTY in page.text_content("#columns")
    (tmp_path / "empty.csv").write_text("")
    page.set_input_files("#file", tmp_path / "empty.csv")
    site.until(
        lambda: "empty" in site.text("message").lower() and "expected" in site.text("message"), "the error"
    )
    site.errors.clear()  # the browser also writes down that the server refused the file


def test_two_lessons_are_done_on_the_page(site):
    page = site.page
    page.locator("#speed").fill("7")

    def begin(name: str) -> None:
        page.click("#lessons")
        page.click(f'[data-lesson="{name}"]')
        page.wait_for_selector(f'#lesson[data-lesson="{name}"]')
        assert page.locator("#lesson-tasks .open").count() == 3

    def done(tasks: int) -> None:
        site.until(lambda: page.locator("#lesson-tasks .done").count() == tasks, f"task {tasks}")

    begin("line")
    site.train(200)
    done(1)
    page.locator(".handle").first.dispatch_event("click")
    done(2)
    page.check('[data-source="xor"]', force=True)
    site.until(lambda: site.value("data.source") == "xor" and page.is_hidden("#busy"), "xor")
    site.train(300)
    done(3)
    begin("zeros")
    site.train(200)
    page.locator(".unit").nth(2).click()
    done(2)
    page.select_option('[data-path="network.initializer"]', label="Randn")
    site.until(lambda: site.value("network.initializer") == "randn" and site.iteration == 0, "randn")
    site.train(2000)
    done(3)
    page.click("#lesson-close")
    assert page.is_hidden("#lesson")


def test_everything_can_be_reached_by_keyboard(site):
    page = site.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("e")
    site.until(lambda: site.iteration == 1, "E")
    page.keyboard.press("r")
    site.until(lambda: site.iteration == 0, "R")
    page.keyboard.press(" ")
    site.until(lambda: site.iteration > 5, "Space")
    page.keyboard.press(" ")
    page.keyboard.press("?")
    assert page.locator("#keys-dialog[open] dt").count() == 12
    page.keyboard.press("Escape")

    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(
            page.evaluate(
                "document.activeElement.dataset.path || document.activeElement.id || document.activeElement.getAttribute('class')"
            )
        )
        if page.evaluate("document.activeElement.classList.contains('unit')"):
            break
    assert {
        "play",
        "rewind",
        "step-example",
        "speed",
        "out",
        "open-table",
        "training.optimizer",
        "add-layer",
    } <= seen
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith(
        "layer 1, unit 2, bias"
    )
    page.keyboard.press("Enter")
    page.wait_for_selector("#look-equations math")
    while page.evaluate("document.activeElement.className") != "stack":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Shift+ArrowLeft")
    assert "with probability" in site.text("plane-readout")
    site.until(lambda: "training cost" in page.text_content("#announcement"), "the announcement")


def test_the_page_fits_a_phone(site):
    page = site.page
    page.set_viewport_size({"width": 390, "height": 844})
    site.train(10)
    page.locator(".unit").nth(2).click()
    page.wait_for_selector("#look-equations math")
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate(SMALL_TARGETS) == []
    box = page.locator("#play").bounding_box()
    assert 700 < box["y"] < 844


def test_axe_finds_no_violation_in_any_state(site, tmp_path):
    page = site.page
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    problems = []

    def check(state: str, part: str = "body", rules: str = "") -> None:
        options = f"{{resultTypes: ['violations'], preload: false, {rules}}}"  # no list of all that is right
        violations = page.evaluate(f"axe.run({part!r}, {options}).then(({{violations}}) => violations)")
        problems.extend(
            (state, one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in violations
        )

    def choose(source: str, shown: str) -> None:
        page.check(f'[data-source="{source}"]', force=True)
        page.wait_for_selector(shown)
        page.click("#step-epoch")

    site.change("data.size", "20")  # short tables
    site.until(lambda: site.value("data.size") == 20 and page.is_hidden("#busy"), "a small set")
    page.click("#step-epoch")
    page.locator(".unit").nth(3).click()
    page.wait_for_selector("#look-equations math")
    page.click("#keep-run")
    page.evaluate("document.querySelectorAll('main details').forEach(one => (one.open = true))")
    check("all open")
    page.emulate_media(color_scheme="dark")
    check("dark", rules="runOnly: ['color-contrast']")
    for button in ("lessons", "open", "out", "keys"):
        page.click(f"#{button}")
        check(f"{button}, dark", "dialog[open]", "runOnly: ['color-contrast']")
        page.emulate_media(color_scheme="light")
        check(button, "dialog[open]")
        page.keyboard.press("Escape")
        page.emulate_media(color_scheme="dark")
    page.emulate_media(color_scheme="light")
    page.evaluate("document.querySelectorAll('main details').forEach(one => (one.open = false))")
    choose("waves", "#scale:visible")
    check("numbers", ".plane")
    choose("digits", ".picture")
    page.locator(".picture").first.click()
    check("pictures", ".plane")
    (tmp_path / "broken.csv").write_bytes(bytes(200))
    page.set_input_files("#file", tmp_path / "broken.csv")
    page.wait_for_selector("#message.error:visible")
    site.change("training.learning_rate", "-1")
    page.wait_for_selector('.problem:has-text("learning_rate: expected")')
    check("a wrong value", ".settings")
    page.click("#lessons")
    page.click('[data-lesson="zeros"]')
    page.wait_for_selector("#lesson:visible")
    page.set_viewport_size({"width": 390, "height": 844})
    check("a lesson on a phone", "#lesson")
    check("the message of an error", "#message")
    check("the controls", ".top")
    site.errors.clear()  # the browser also writes down that the server refused the file
    assert problems == []


def test_a_lost_connection_comes_back_with_the_settings_and_the_table(site, tmp_path):
    page = site.page
    (tmp_path / "own.csv").write_text("a,b,c\n" + "".join(f"{i % 5},{i % 7},{i % 2}\n" for i in range(40)))
    page.set_input_files("#file", tmp_path / "own.csv")
    site.until(lambda: "own.csv" in site.text("data-note"), "the table")
    source = site.value("data.source")
    page.evaluate("""() => {
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (text) { this.close(); WebSocket.prototype.send = send; };
    }""")
    page.click("#step-epoch")
    page.wait_for_selector("#connection:visible")
    assert page.is_disabled("#play")
    site.change("training.l2", "0.125")
    page.wait_for_selector("#connection", state="hidden")
    site.until(lambda: "Connected again" in site.text("message"), "the message")
    site.until(lambda: site.value("training.l2") == 0.125 and page.is_hidden("#busy"), "the settings again")
    assert site.value("data.source") == source
    page.click("#step-epoch")
    site.until(lambda: site.iteration == 1 and "own.csv" in site.text("data-note"), "a step")


def drop(page, *paths: Path) -> None:
    """Drop files and folders on the page as a user does."""
    tool = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        tool.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
    tool.detach()


def picture_of_plane(page) -> str:
    """Return the drawn plane as an address of its pixels."""
    return page.evaluate("document.querySelector('#plane canvas').toDataURL()")


def test_a_run_folder_is_dropped_and_goes_on_with_its_table(site, folder):
    page = site.page
    drop(page, folder / "run")
    page.wait_for_selector("#model:visible")
    assert "people.csv" in site.text("model-why")
    assert "age, town, tall, paid, and kind to predict" in site.text("model-columns")
    assert page.is_disabled("#play")
    assert page.is_hidden(".plane")
    page.click("#open")
    with page.expect_file_chooser() as chooser:
        page.click("#pick-file")
    chooser.value.set_files(folder / "people.csv")
    site.until(lambda: page.is_enabled("#play"), "the model on its table")
    member = page.locator('[data-path="network.member"]')
    assert member.locator("option").all_inner_texts() == ["1 of 3", "2 of 3", "3 of 3"]
    member.select_option(index=2)
    site.until(lambda: site.value("network.member") == 2 and page.is_hidden("#busy"), "a member")
    page.evaluate("document.querySelectorAll('#model details').forEach(one => (one.open = true))")
    assert page.locator("#model-members tbody tr").count() == 4
    site.until(lambda: page.locator("#model-embeddings tbody tr").count() >= 12, "the embeddings")
    assert "town 11" in site.text("model-embeddings")
    page.evaluate(files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8"))
    assert page.evaluate("axe.run('#model')")["violations"] == []
    of_member = picture_of_plane(page)
    page.check("#whole")
    site.until(lambda: picture_of_plane(page) != of_member, "the plane of the whole model")
    page.uncheck("#whole")
    site.until(lambda: picture_of_plane(page) == of_member, "the plane of the member")
    page.click("#step-epoch")
    site.until(lambda: site.iteration >= 1, "a step")

    with page.expect_file_chooser() as chooser:
        page.click("#open-table")
    chooser.value.set_files([folder / "people.csv", folder / "run" / "model.ellayer"])
    site.until(lambda: site.iteration == 0 and member.input_value() == "0", "both at once")


def test_the_network_predicts_pictures_of_ones_own(site, tmp_path):
    page = site.page
    page.check('[data-source="digits"]', force=True)
    page.wait_for_selector("#own-picture:visible")
    circle = page.evaluate("""() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 60, height: 60 });
      const context = canvas.getContext("2d");
      context.fillStyle = "#fff";
      context.fillRect(0, 0, 60, 60);
      context.lineWidth = 7;
      context.arc(30, 30, 18, 0, 7);
      context.stroke();
      return canvas.toDataURL().split(",")[1];
    }""")
    (tmp_path / "circle.png").write_bytes(base64.b64decode(circle))
    (tmp_path / "other.png").write_text("not a picture")
    drop(page, tmp_path / "circle.png")
    page.wait_for_selector("#picture-results canvas")
    edge = (
        "document.querySelector('#picture-results canvas').getContext('2d').getImageData(0, 0, 1, 1).data[0]"
    )
    assert page.evaluate(edge) == 255
    assert page.locator("#picture-results .bars > div").count() == 5
    page.check("#picture-invert")
    site.until(lambda: page.evaluate(edge) == 0, "inverted")
    page.set_input_files("#file", [tmp_path / "circle.png"] * 2)
    site.until(lambda: page.locator("#picture-results li").count() == 2, "two pictures")
    drop(page, tmp_path / "other.png")
    site.until(lambda: "not a picture" in site.text("message"), "the reason")
    site.errors.clear()  # the browser also writes down that the server refused the file


def test_what_cannot_be_opened_is_refused_with_a_reason(site, tmp_path, monkeypatch):
    page = site.page
    link = base64.urlsafe_b64encode(b'{"data":{"source":"upload:gone"}}').decode()
    monkeypatch.setattr("ellayer.play.limits.UPLOAD_BYTES", 1_000_000)
    site.open(f"{site.address}#{link}")
    page.wait_for_selector('.problem:has-text("upload the file again")')
    site.change("training.l2", "0.125")  # what the link asked for does not stand in the way
    site.until(lambda: site.value("training.l2") == 0.125 and page.is_hidden("#busy"), "l2")
    assert page.is_hidden('.problem:has-text("upload the file again")')
    (tmp_path / "large.csv").write_text("1,2\n" * 400_000)
    page.set_input_files("#file", tmp_path / "large.csv")
    site.until(lambda: "expected at most 1.0 MB, received 1.6 MB" in site.text("message"), "too large")
    site.open(site.address + "#cut")
    site.until(lambda: "cut or damaged" in site.text("message"), "a damaged link")
    page.emulate_media(media="print")
    assert page.is_hidden(".transport")
    assert page.is_visible(".map")
    page.emulate_media(media="screen")


def test_each_refusal_is_explained_and_the_page_goes_on(site, tmp_path, monkeypatch):
    page = site.page
    site.train(10)
    page.click("#keep-run")
    page.wait_for_selector("#runs li")
    large = base64.b64encode(
        json.dumps({"data": {"points": [[0.0009765625, 0.0009765625, 0]] * 60_000}}).encode()
    ).decode()
    page.evaluate("hash => (location.hash = hash)", large)
    site.until(lambda: "too large" in site.text("message") and page.is_hidden("#connection"), "1009", 15)
    site.until(lambda: len(page.url) < 2_000, "the settings before")
    assert page.locator("#runs li").count() == 1
    site.train(10)

    with monkeypatch.context() as patch:
        patch.setattr(
            "ellayer.play.limits.UPLOAD_BYTES", 10**9
        )  # of which the page hears, not the server's reader
        patch.setattr("ellayer.play.app._LIMITS", Limits(body=1_000_000))
        site.open(site.address)
        (tmp_path / "large.csv").write_text("1,2\n" * 400_000)
        page.set_input_files("#file", tmp_path / "large.csv")
        site.until(lambda: "at most 1 MB" in site.text("message"), "413")
        site.train(10)

    with monkeypatch.context() as patch:
        patch.setattr("ellayer.play.limits.SESSIONS", 0)
        page.goto("about:blank")
        page.goto(site.address)
        page.wait_for_selector("#connection:has-text('close another. Reload this page'):visible")
        patch.setattr(ProtectionMiddleware, "_problem", lambda self, headers: headers.get("upgrade") or "")
        page.reload()
        page.wait_for_selector("#connection:has-text('refuses the WebSocket'):visible")
    page.wait_for_selector("#connection", state="hidden")
    page.wait_for_selector(".unit")
    site.train(10)
    site.errors.clear()  # the browser also writes down what was refused


def test_a_long_list_of_columns_is_searched(site, tmp_path):
    page = site.page
    names = ",".join(f"gene {k}" for k in range(80))
    rows = "".join(
        ",".join(str((i * k) % 101) for k in range(1, 81)) + f",{'ab'[i % 2]}\n" for i in range(30)
    )
    (tmp_path / "wide.csv").write_text(f"{names},kind\n{rows}")
    page.set_input_files("#file", tmp_path / "wide.csv")
    box = page.locator('[data-path="data.axes.1"]')
    box.focus()
    box.press_sequentially("gene 7")
    assert box.evaluate("node => [...node.list.options].map(({value}) => value)") == [
        "gene 7",
        *(f"gene 7{k}" for k in range(10)),
    ]
    box.press_sequentially("7\n")
    site.until(
        lambda: (site.value("data.axes") or [0, 0])[1] == "gene 77" and page.is_hidden("#busy"), "an axis"
    )
    box.fill("nothing")
    page.keyboard.press("Tab")
    page.wait_for_selector("#problem:visible")
    site.until(lambda: box.input_value() == "gene 77", "the axis as it is")
    site.change("training.l2", "0.125")
    site.until(lambda: site.value("training.l2") == 0.125 and page.is_hidden("#problem"), "l2")


def test_a_run_is_watched_and_stopped(browser, tmp_path):
    feed = LiveFeed()
    server = start_server(feed.app(), 0)
    page = browser.new_page()
    page.set_default_timeout(60_000)
    try:
        page.goto(server.address)
        bar = feed.beside(lambda label, total: None)("training <b>all</b>", 100)
        history = {"iteration": [0, 10, 20], "loss": [0.7, 0.5, 0.4]}
        bar(SimpleNamespace(iteration=20, total=100, cost=0.4, history=history))
        page.wait_for_selector("#phases li:has-text('training <b>all</b>')")
        page.wait_for_selector('canvas[aria-label*="Cost over 20 iterations"]')
        assert page.is_hidden("#play")
        page.click("#stop")
        end = time.monotonic() + 60
        while not feed.take_stop():
            assert time.monotonic() < end
            page.wait_for_timeout(15)
        (tmp_path / "report.html").write_text("<h1>The report</h1>")
        feed.finish(tmp_path, {"test accuracy": 0.9375, "name": "<i>run</i>"}, interrupted=True)
        page.wait_for_selector("#live-summary td:has-text('0.9375')")
        page.click("#live-end a")
        page.wait_for_selector("h1:has-text('The report')")
    finally:
        page.close()
        server.stop()
