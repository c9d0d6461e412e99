"""The source tree, read once."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

import ellayer

ROOT = Path(ellayer.__file__).parent


@dataclass(frozen=True)
class Module:
    """One source file: its dotted name and its syntax tree."""

    name: str  # "ellayer.core.network"
    path: Path
    tree: ast.Module

    @property
    def package(self) -> str:
        """The part of the house it belongs to ("" for the root)."""
        return self.name.split(".")[1] if "." in self.name else ""


def _read(path: Path) -> Module:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path, ast.parse(path.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def modules() -> list[Module]:
    """Every module of the package."""
    return [_read(path) for path in sorted(ROOT.rglob("*.py"))]
