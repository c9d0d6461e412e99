"""Sphinx: what is written once as plain Markdown and needs more on the site.

The map on the first page becomes the site's navigation, links to files beside ``docs`` become links to pages
of the site, and ``<!-- file: CHANGELOG.md -->`` becomes the text of a file beside ``docs``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

Page = tuple[str, dict[str, Any], str]

LINK = re.compile(r"\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
FILE = re.compile(r"^<!-- file: (\S+) -->$", re.MULTILINE)
PROJECT = {"CHANGELOG.md": "project/changelog.md", "CONTRIBUTING.md": "project/contributing.md"}
NAVIGATION: dict[tuple[Any, ...], str] = {}  # of a build: (folder, options) -> HTML


def weave(app: Sphinx, page: str, source: list[str]) -> None:
    """Change the text of a page as it is read."""
    if page == "index":
        source[0] += navigation(source[0])
    folder, root = Path(app.srcdir, page).parent, Path(app.srcdir).parent
    source[0] = FILE.sub(lambda match: _file(root / match.group(1), folder), source[0])
    source[0] = LINK.sub(lambda match: _inside(match, folder, Path(app.srcdir)), source[0])


def navigation(index: str) -> str:
    """Return a table of contents for each section of the map: the pages it links to, in its order."""
    parts = []
    for section in re.split(r"^## ", index, flags=re.MULTILINE)[1:]:
        title = section.partition("\n")[0]
        pages = [
            PROJECT.get(target.removeprefix("../"), target)
            for _, target, _ in LINK.findall(section)
            if target.endswith(".md")
        ]
        entries = "\n".join(page.removesuffix(".md") for page in dict.fromkeys(pages))
        parts.append(f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{entries}\n```\n")
    return "".join(parts)


def _file(path: Path, folder: Path) -> str:
    """Return the text of a Markdown file, its links as they are from another folder."""

    def moved(match: re.Match[str]) -> str:
        text, target, anchor = match.groups(default="")
        if "://" in target:
            return match.group()
        return f"[{text}]({os.path.relpath(path.parent / target, folder)}{anchor})"

    return LINK.sub(moved, path.read_text(encoding="utf-8"))


def _inside(match: re.Match[str], folder: Path, docs: Path) -> str:
    """Return a link to a file of the repository as a link to the page the site has for it."""
    text, target, anchor = match.groups(default="")
    path = Path(os.path.normpath(folder / target))
    if "://" in target or docs in path.parents or docs.parent not in path.parents:
        return match.group()
    inside = path.relative_to(docs.parent)
    if str(inside) in PROJECT:
        return f"[{text}]({os.path.relpath(docs / PROJECT[str(inside)], folder)}{anchor})"
    if inside.suffix == ".py" and inside.parts[0] == "src":
        up = os.path.relpath(docs, folder)
        words = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
        return f'<a href="{up}/source/{"/".join(inside.with_suffix(".html").parts[1:])}">{words}</a>'
    return match.group()


def linked_sources(docs: Path) -> set[Path]:
    """Return the files of the package to which a page leads."""
    pages = [*docs.rglob("*.md"), *(docs.parent / name for name in PROJECT)]
    links = (
        Path(os.path.normpath(page.parent / target))
        for page in pages
        for _, target, _ in LINK.findall(page.read_text(encoding="utf-8"))
    )
    return {path for path in links if path.suffix == ".py" and docs.parent / "src" in path.parents}


def source_pages(app: Sphinx) -> Iterator[Page]:
    """Yield a page for each file of the package to which a page leads."""
    root = Path(app.srcdir).parent / "src"
    highlighter = app.builder.highlighter  # type: ignore[attr-defined]
    for path in sorted(linked_sources(Path(app.srcdir))):
        name = path.relative_to(root).with_suffix("").as_posix()
        code = highlighter.highlight_block(path.read_text(encoding="utf-8"), "python", linenos=False)
        yield f"source/{name}", {"title": name, "body": f"<h1><code>{name}.py</code></h1>{code}"}, "page.html"


def share_navigation(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
    """Render the navigation once for all source pages of a folder: none of them is an entry of it."""
    if not page.startswith("source/"):
        return
    render, folder = context["toctree"], os.path.dirname(page)

    def toctree(**options: object) -> str:
        key = (folder, *sorted(options.items()))
        if key not in NAVIGATION:
            NAVIGATION[key] = render(**options)
        return NAVIGATION[key]

    context["toctree"] = toctree


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before the code of a page is run and before the theme asks for the navigation."""
    NAVIGATION.clear()
    app.connect("source-read", weave, priority=400)
    app.connect("html-collect-pages", source_pages)
    app.connect("html-page-context", share_navigation, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
