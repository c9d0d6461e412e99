"""The package as it is installed and described."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = PYPROJECT["project"]
REPOSITORY = PYPROJECT["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"]
NETWORK = {"aiohttp", "ftplib", "http", "httpx", "requests", "smtplib", "socket", "urllib.request", "urllib3"}


def imported(tree: ast.AST) -> set[str]:
    """Return the modules that a file imports, and ``module.name`` of names from them."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_nothing_is_downloaded(modules):
    for module in modules:
        names = imported(module.tree)
        if module.name == "ellayer.serve.server":
            names.remove("socket")  # which listens and connects to nothing
        if module.name == "ellayer.distributed.meeting":
            names.remove("socket")  # which connects to process 0 alone
        assert not NETWORK & {part for name in names for part in (name, name.split(".")[0])}, module.name
        assert not [name for name in names if name.startswith("sklearn.datasets.fetch_")], module.name


def test_the_readme_names_every_dependency():
    section = (ROOT / "README.md").read_text().partition("## Dependencies")[2].partition("\n## ")[0]
    for requirement in PROJECT["dependencies"]:
        name = re.match(r"[\w-]+", requirement)[0]
        assert re.search(rf"(?<![\w-]){name}(?![\w-])", section), name


def test_the_page_on_installation_names_every_extra():
    table = (ROOT / "docs/installation.md").read_text().partition("## Extras")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(\w+)`", table)) >= set(PROJECT["optional-dependencies"])


def test_the_description_of_the_package_has_absolute_links():
    package = metadata("ellayer")
    urls = dict(url.split(", ") for url in package.get_all("Project-URL") or ())
    if urls.get("Source") != REPOSITORY:
        pytest.skip("the package was installed before its URLs were changed; pip install -e . renews them")
    text = re.sub(r"```.*?```", "", package.get_payload() or package["Description"], flags=re.DOTALL)
    links = re.findall(r'(?:\]\(|src=")([^)"\s]+)', text)
    assert len(links) > 20
    assert not [link for link in links if not link.startswith("https://")]
    assert {url.startswith(REPOSITORY) for url in urls.values()} == {True}
    for link in [*links, *urls.values()]:
        if match := re.match(rf"{re.escape(REPOSITORY)}/(?:blob|raw|tree)/main/(.*)", link):
            assert (ROOT / match[1]).exists(), link


def test_the_address_of_the_repository_is_in_one_place():
    patterns = ("*.toml", "*.md", "*.py", "docs/**/*.md", "docs/*.py", "src/**/*.py", "src/**/*.html")
    texts = {path: path.read_text(encoding="utf-8") for pattern in patterns for path in ROOT.glob(pattern)}
    places = [path.name for path, text in texts.items() if REPOSITORY.partition("://")[2] in text]
    assert places == ["pyproject.toml"]
