"""Configs, names and labels from anybody: refused by name, or text and nothing else."""

from __future__ import annotations

import contextlib

import pytest
import tomli_w
from hostile import LEAVES

import ellayer
from ellayer.cli.visible import visible
from ellayer.runs.config import FILE, NAMED, read_config
from ellayer.runs.train_run import make_trainer

VALUES = [leaf for leaf in LEAVES if not isinstance(leaf, dict) and leaf is not None and leaf != 2**70]


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000, "seed = 1" + "0" * 5000, "seed = \"" + "x" * 1000, "\xff", "a.b.c.d = 1\na.b = 2", "[kinds]\n[kinds]",
     "seed = 0x" + "f" * 4000, "layers = [" + "{a=" * 5000, "kinds." + "a." * 50_000 + "b = 1"],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_config_that_is_no_toml_is_refused(tmp_path, text):
    path = tmp_path / "config.toml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ellayer.EllayerError, match="--"):
        make_trainer({"source": "flower", **read_config(path)})


@pytest.mark.parametrize("key", sorted({*NAMED, *FILE} - {"source", "data"}))
def test_any_value_of_a_config_is_refused_or_used(tmp_path, key):
    (tmp_path / "rows.csv").write_text("a,b,k\n" + "".join(f"{i},{i % 7},{'xy'[i % 2]}\n" for i in range(40)))
    path = tmp_path / "config.toml"
    for value in VALUES[::3]:
        settings = {"source": str(tmp_path / "rows.csv"), "target": "k", key: value}
        path.write_bytes(tomli_w.dumps(settings).encode())
        with contextlib.suppress(ellayer.EllayerError, OSError):  # a message each, with exit code 2
            make_trainer(read_config(path))


def test_the_terminal_shows_control_characters():
    assert visible("a\x1b]0;b\x07\x9b1m\u202ec\n\td") == "a\\x1b]0;b\\x07\\x9b1m\\u202ec\n\td"
    assert visible("\U0001f468\u200d\U0001f469 é") == "\U0001f468\u200d\U0001f469 é"
