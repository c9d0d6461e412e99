"""Hostile files: whole files of a right digest with one thing in them changed, and sizes that are only claimed."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from ellayer.storage import file_format

# What a leaf of the description is changed to: other types, sizes that are only claimed, names with a meaning elsewhere.
LEAVES: tuple[Any, ...] = (
    None, True, -1, 5, 10**9, 2**70, 1.5, 1e308, "", "x", "inf", "<U500000000", "V1000000000", "\x1b[2J", "../../etc", "é" * 300,
    [], [1], {}, {"a": 1}, {"$": "float", "value": "nan"}, {"$": "array", "name": "no"}, {"$": "dtype", "value": "<U500000000"},
    {"$": "tuple", "items": []}, {"$": "code"}, {"$": "dict", "items": [[[], 1]]},
)  # fmt: skip


KINDS = (
    "network",
    "result",
    "classifier",
    "regressor",
    "table classifier",
    "table regressor",
    "table of texts",
    "checkpoint",
)


@dataclass
class Parts:
    """A model file taken apart."""

    kind: str
    content: Any
    arrays: dict[str, np.ndarray]

    @classmethod
    def of(cls, path: Path) -> Parts:
        """Return the parts of a file."""
        with safe_open(path, framework="numpy") as file:
            description = json.loads(file.metadata()["ellayer"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return cls(description["kind"], description["content"], arrays)

    def write(self, path: Path, **description: Any) -> None:
        """Write the parts with a digest that is right."""
        versions = {"ellayer": "0.1.0"}
        facts = {
            "format_version": 1,
            "kind": self.kind,
            "sha256": "0" * 64,
            "versions": versions,
            **description,
        }
        path.write_bytes(file_format.with_digest({**facts, "content": self.content}, self.arrays))


@dataclass(frozen=True)
class Sample:
    """A file of one kind taken apart, and how it is read and used."""

    parts: Parts
    load: Callable[[Any], Any]
    use: Callable[[Any], object]


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Return the place of every node below the root of a JSON tree."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*at, key)
        yield from places(value, (*at, key))


def replaced(tree: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return the tree with another value in one place, which may be new; what lies beside the way there is shared."""
    if not place:
        return value
    tree = copy.copy(tree)
    tree[place[0]] = replaced(tree[place[0]], place[1:], value) if place[1:] else value
    return tree


def removed(tree: Any, place: tuple[Any, ...]) -> Any:
    """Return the tree without what stands in one place."""
    node = tree
    for key in place[:-1]:
        node = node[key]
    node = copy.copy(node)
    del node[place[-1]]
    return replaced(tree, place[:-1], node)


def nested_texts(tree: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Return the place and content of every text that is itself JSON: the network of an estimator."""
    for place in places(tree):
        node = tree
        for key in place:
            node = node[key]
        if isinstance(node, str) and node.startswith("{"):
            yield place, json.loads(node)


def changed_descriptions(parts: Parts, leaves: tuple[Any, ...] = LEAVES) -> Iterator[tuple[str, Parts]]:
    """Return every file that differs from this one in one place of its description, with the change in words."""
    for place in places(parts.content):
        yield f"without {place}", Parts(parts.kind, removed(parts.content, place), parts.arrays)
        for leaf in leaves:
            yield f"{place} = {leaf!r}", Parts(parts.kind, replaced(parts.content, place, leaf), parts.arrays)
    for outer, inner in nested_texts(parts.content):
        for place in places(inner):
            for leaf in leaves:
                text = json.dumps(replaced(inner, place, leaf))
                yield (
                    f"{outer}, {place} = {leaf!r}",
                    Parts(parts.kind, replaced(parts.content, outer, text), parts.arrays),
                )


def changed_arrays(parts: Parts) -> Iterator[tuple[str, Parts]]:
    """Return every file that differs from this one in one array, with the change in words."""
    for name, array in parts.arrays.items():
        others = {
            "transposed": np.ascontiguousarray(np.atleast_2d(array).T),
            "flat": array.ravel(),
            "a row more": np.concatenate([np.atleast_1d(array)] * 2),
            "empty": array[:0] if array.ndim else np.zeros(0),
            "int8": array.astype(np.int8),
            "bool": array.astype(bool),
            "float16": array.astype(np.float16),
            "complex": array.astype(np.complex64),
            "other precision": array.astype(np.float32 if array.dtype == np.float64 else np.float64),
            "nan": np.full_like(array, np.nan) if array.dtype.kind == "f" else np.asarray(array - array - 1),
            "inf": np.full_like(array, np.inf) if array.dtype.kind == "f" else array,
            "huge": np.full_like(array, np.finfo(array.dtype).max) if array.dtype.kind == "f" else array,
        }
        for change, other in others.items():
            yield f"{name} {change}", Parts(parts.kind, parts.content, {**parts.arrays, name: other})
        fewer = {key: value for key, value in parts.arrays.items() if key != name}
        yield f"without {name}", Parts(parts.kind, parts.content, fewer)
    yield "an array more", Parts(parts.kind, parts.content, {**parts.arrays, "more": np.zeros(3)})


def raw(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    """Return the bytes of a safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data
