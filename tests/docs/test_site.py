"""The site: it builds without a warning, needs no network, has every public name, and works in a browser."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import ellayer

ROOT = Path(__file__).resolve().parents[2]
MODULES = ["ellayer", *(f"ellayer.{package}" for package in ellayer._PACKAGES if package != "steps")]
STEPS = [f"ellayer.steps.{module}" for module in ("logistic", "shallow", "deep", "demonstrations")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--allow-file-access-from-files",
    "--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom",
]  # fmt: skip
PHONE = 390

LOOK = """<!doctype html><body><script>
const wait = milliseconds => new Promise(done => setTimeout(done, milliseconds));
(async () => {
  const seen = {};
  for (const page of %s) {
    const frame = document.createElement("iframe");
    frame.style = "border:0; width:%dpx; height:844px";
    frame.src = page;
    document.body.append(frame);
    await new Promise(done => frame.onload = done);
    const there = frame.contentDocument;
    for (let i = 0; page.includes("search.html") && i < 50 && !there.querySelector("#search-results li a"); i++)
      await wait(100);
    seen[page] = {
      width: there.documentElement.scrollWidth,
      formulas: there.querySelectorAll("article math").length,
      pictures: [...there.querySelectorAll("article img")].filter(image => image.naturalWidth > 0).length,
      found: [...there.querySelectorAll("#search-results li a")].map(link => link.textContent),
    };
    frame.remove();
  }
  document.body.textContent = JSON.stringify(seen);
})();
</script></body>"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Build the site as the one command does, with warnings as errors."""
    for package in ("sphinx", "myst_parser", "furo", "sphinx_copybutton", "latex2mathml"):
        pytest.importorskip(package)
    folder = tmp_path_factory.mktemp("site")
    environment = {name: value for name, value in os.environ.items() if name != "ELLAYER_CATS"}
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(ROOT / "docs"), str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


class Page(HTMLParser):
    """What a page links to and loads, and its anchors."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors.add(given.get("id", ""))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag in ("script", "img", "iframe", "source") and "src" in given:
            self.loads.append(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.loads.append(given["href"])


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_nothing_is_loaded_from_the_network(site, pages):
    for path, page in pages.items():
        for target in page.loads:
            assert not urlsplit(target).scheme, (path.name, target)
            assert (path.parent / unquote(urlsplit(target).path)).exists(), (path.name, target)
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(['\"]?https?:", style.read_text(encoding="utf-8")), style


def test_links_inside_the_site_lead_somewhere(pages):
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or not (parts.path or parts.fragment):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            assert there.exists(), (path.name, link)
            if parts.fragment and there in pages:
                assert unquote(parts.fragment) in pages[there].anchors, (path.name, link)


def test_every_public_name_is_in_the_reference(site):
    from sphinx.util.inventory import InventoryFile

    sys.path.insert(0, str(ROOT / "docs" / "_tools"))
    reference = importlib.import_module("reference")
    inventory = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    known = {name for kind in inventory.data.values() for name in kind}
    for module in [*MODULES, *STEPS]:
        for name in reference.public_names(module):
            assert reference.home(module, name) in known, f"{module}.{name}"


def test_outputs_and_pictures_are_made(site):
    chapter = (site / "book/logistic-regression.html").read_text(encoding="utf-8")
    assert "test accuracy: 96" in chapter
    assert "<svg" in chapter
    assert 'class="picture"' in chapter
    cats = (site / "book/cats.html").read_text(encoding="utf-8")
    assert "stored ones" in cats
    assert cats.count('class="picture') == 4
    assert "test 80.0%" in cats
    assert "245,973 parameters" in cats


def look(site: Path, pages: list[str], tmp_path: Path) -> tuple[dict, list[str]]:
    """Open pages in Chromium, as wide as a phone; return what is seen, and what the console said."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine")
    frame = tmp_path / "frame.html"
    frame.write_text(LOOK % (json.dumps([f"{site.as_uri()}/{page}" for page in pages]), PHONE))
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    text = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert text, done.stderr
    seen = json.loads(text.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return {name.removeprefix(f"{site.as_uri()}/"): value for name, value in seen.items()}, console


def test_pages_open_in_a_browser_on_a_phone(site, tmp_path):
    pages = sorted(
        path.relative_to(site).as_posix() for path in site.rglob("*.html") if "source" not in path.parts
    )
    seen, console = look(site, pages, tmp_path)
    assert not console, console
    assert {page for page, what in seen.items() if what["width"] > PHONE} == set()
    assert seen["equations.html"]["formulas"] > 20
    assert seen["book/shallow-network.html"]["pictures"] == 3


def test_search_works_from_files(site, tmp_path):
    seen, console = look(site, ["search.html?q=broadcasting", "search.html?q=linear_backward"], tmp_path)
    assert not console, console
    found = seen["search.html?q=broadcasting"]["found"]
    assert any("Vectorisation" in title for title in found), found
    assert any("linear_backward" in title for title in seen["search.html?q=linear_backward"]["found"])


def test_a_fault_in_the_console_would_be_seen(tmp_path):
    (tmp_path / "bad.html").write_text("<script>nothing.here()</script><p style='width: 800px'>wide</p>")
    seen, console = look(tmp_path, ["bad.html"], tmp_path)
    assert "nothing is not defined" in console[0]
    assert seen["bad.html"]["width"] > PHONE
