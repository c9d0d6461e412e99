"""Sizes that a file only claims are refused before memory is taken; reading needs the file's size and little more."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hostile import Parts, replaced

import ellayer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits the memory by Linux's means")


def outcomes(extra_mb, *paths):
    """Return what becomes of each file in a process that may take ``extra_mb`` more memory than it has."""
    command = [sys.executable, str(Path(__file__).with_name("bombs.py")), str(extra_mb), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def with_network(parts, **fields):
    """Return the parts of an estimator with other fields in its network."""
    text = json.dumps(json.loads(parts.content["facts"]["network"]) | fields)
    return Parts(parts.kind, replaced(parts.content, ("facts", "network"), text), parts.arrays)


def bombs(samples):
    network, classifier, table = (
        samples[kind].parts for kind in ("network", "classifier", "table classifier")
    )

    def changed(parts, place, value):
        return Parts(parts.kind, replaced(parts.content, place, value), parts.arrays)

    for dtype in ("<U500000000", "V1000000000", "S2000000000", ">U99999999", "M8[ns]"):
        yield f"labels of {dtype}", changed(classifier, ("facts", "labels", "dtype"), dtype)
    items = ["x" * 100_000] + ["y"] * 10_000
    for place in (("settings", "init_params"), ("settings", "validation_data")):
        text = {"$": "text", "kind": "U", "shape": [len(items)], "items": items}
        yield "one long text among many", changed(classifier, place, text)
    yield "a billion members", changed(table, ("facts", "members"), 10**9)
    yield "a million layers", changed(network, ("network", "layer_dims"), [1] * 1_000_000)
    yield "a million layers of an estimator", with_network(classifier, layer_dims=[1] * 1_000_000)
    inputs = {"numbers": 1, "frequencies": 10**8, "width": 0}
    yield "many frequencies", changed(network, ("network", "inputs"), inputs)
    yield "many frequencies of an estimator", with_network(classifier, inputs=inputs)
    yield "many ramps", with_network(table, inputs={"numbers": 1, "frequencies": 0, "ramps": 10**9})
    yield "many levels", with_network(table, inputs={"categories": [10**9], "dimension": 10**9})
    yield "huge layers", with_network(classifier, layer_dims=[2, 10**9, 1])
    wide = Parts("network", {**network.content}, {**network.arrays, "parameters/W1": np.zeros((1000, 1000))})
    layers = {"layer_dims": [1000] * 2001, "activations": ["relu"] * 2000, "loss": "squared_error"}
    one = {f"W{l}": {"$": "array", "name": "parameters/W1"} for l in range(1, 2001)}
    yield "one array in many places", Parts("network", {"network": layers, "parameters": one}, wide.arrays)
    yield "lists in lists", changed(network, ("provenance",), [[] for _ in range(1_100_000)])


def test_sizes_that_are_only_claimed_are_refused_before_memory_is_taken(samples, tmp_path):
    paths, names = [], []
    for k, (name, parts) in enumerate(bombs(samples)):
        path = tmp_path / f"{k}.ellayer"
        parts.write(path)
        paths.append(path)
        names.append(name)
    assert dict(zip(names, outcomes(300, *paths), strict=True)) == dict.fromkeys(names, "refused")


def test_reading_needs_the_size_of_the_file_and_little_more(tmp_path):
    network = ellayer.Network([2000, 2000, 2000, 1])
    path = tmp_path / "large.ellayer"
    ellayer.save((network, ellayer.initialize_parameters(network, seed=0)), path)
    megabytes = path.stat().st_size >> 20
    assert megabytes > 60
    assert outcomes(megabytes + 48, path) == ["read"]
