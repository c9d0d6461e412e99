"""The public names: what the page of conventions promises is what the packages list, and pages use nothing else."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re

import pytest
from test_docs import PAGES, ROOT, blocks, prose

import ellayer

PUBLIC = {"ellayer", *(f"ellayer.{package}" for package in ellayer._PACKAGES)}
WITH_MODULES = ("ellayer.core.", "ellayer.steps.")
SURVEY = "ellayer.tables.survey"
PACKAGES = {f"ellayer.{module.name}" for module in pkgutil.iter_modules(ellayer.__path__) if module.ispkg}


@pytest.fixture(scope="module")
def promise() -> str:
    """Return the section of the page that says what is public."""
    return prose(ROOT / "docs/decisions.md").partition("\n## Public names\n")[2].partition("\n## ")[0]


def test_the_page_names_the_public_and_the_private_packages(promise):
    public, _, private = promise.partition("Every other module is private")
    listed = public[public.index("- the names in") : public.index("which are those of")]
    assert {name for name in re.findall(r"`([\w.]+)`", listed) if name in PACKAGES | {"ellayer"}} == PUBLIC
    assert set(re.findall(r"`(ellayer\.\w+)`", private)) == PACKAGES - PUBLIC


def test_private_packages_say_so_and_public_ones_do_not():
    for name in PACKAGES | {"ellayer"}:
        text = importlib.import_module(name).__doc__ or ""
        assert ("is private" in " ".join(text.split())) == (
            name not in PUBLIC | {"ellayer"}
        ) or name == "ellayer"


def test_every_public_package_has_its_reference():
    """That the reference has each name of ``__all__`` is a test of the site."""
    marks = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs/api").glob("*.md"))
    referenced = set(re.findall(r"<!-- reference: ([\w.]+) -->", marks))
    assert {
        name.rpartition(".steps")[0] + ".steps" if ".steps" in name else name for name in referenced
    } == PUBLIC


def is_public(module: str, name: str | None = None) -> bool:
    """Tell whether a module, or a name of it, may stand in a program of a user."""
    if module in PUBLIC:
        return name is None or name in importlib.import_module(module).__all__ or f"{module}.{name}" in PUBLIC
    return module.startswith(WITH_MODULES) or module == SURVEY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_pages_use_public_names_alone(page):
    """The imports of a page's code, and the dotted names of its text."""
    for code in blocks(page, "python", "py"):
        lines = re.findall(r"^(?:>>> )?((?:from|import) ellayer.*)$", code, re.MULTILINE)
        for statement in (ast.parse(line.rstrip("(")).body[0] for line in lines if not line.endswith("(")):
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    assert is_public(statement.module, alias.name), ast.unparse(statement)
            else:
                assert all(is_public(alias.name) for alias in statement.names), ast.unparse(statement)
    if page.name == "CONTRIBUTING.md":
        return  # it speaks to those who change private modules
    for name in re.findall(r"`(ellayer(?:\.\w+)+)", prose(page)):
        module, _, rest = name.rpartition(".")
        while importlib.util.find_spec(module) is None:
            module, _, rest = module.rpartition(".")
        private = name in PACKAGES - PUBLIC and page.name == "decisions.md"
        assert private or is_public(name) or is_public(module, rest), name
