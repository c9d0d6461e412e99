"""Rows for the models of tests/serve, and requests for them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import httpx

from ellayer.serve.server import BackgroundServer, open_socket

CSV = "age,town,joined,member\n31,Bern,2024-01-05,yes\n,Ulm,2023-11-30,no\n47.5,Graz,2024-02-17,yes\n"
RECORDS = [
    {"age": 31, "town": "Bern", "joined": "2024-01-05", "member": "yes"},
    {"age": None, "town": "Ulm", "joined": "2023-11-30", "member": "no"},
    {"age": 47.5, "town": "Graz", "joined": "2024-02-17", "member": "yes"},
]
COLUMNS = {name: [record[name] for record in RECORDS] for name in RECORDS[0]}
KINDS = {"age": "FP64", "town": "BYTES", "joined": "BYTES", "member": "BYTES"}


def tensors() -> list[dict]:
    """The rows as tensors, one for each column."""
    return [
        {"name": name, "shape": [len(values)], "datatype": KINDS[name], "data": values}
        for name, values in COLUMNS.items()
    ]


def infer(client, model: str, content: object, **headers: str):
    return client.post(f"/v2/models/{model}/infer", content=json.dumps(content), headers=headers)


def outputs(answer) -> dict:
    assert answer.status_code == 200, answer.text
    return {output["name"]: output["data"] for output in answer.json()["outputs"]}


@contextlib.contextmanager
def running(app) -> Iterator[httpx.Client]:
    """Run an application on a free port, and return a client of it."""
    with (
        BackgroundServer(app, open_socket("127.0.0.1", 0)) as server,
        httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client,
    ):
        yield client
