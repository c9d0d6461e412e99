"""The server of the page: who may connect, uploads, downloads, and the page of a run that trains."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import json
import logging
import math
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from socket_client import ask, opened, port_of, wait
from websockets.exceptions import ConnectionClosedError, InvalidStatus

import ellayer
from ellayer.core.activations import ACTIVATIONS
from ellayer.core.inference import outputs
from ellayer.errors import EllayerError, UsageError
from ellayer.play import limits, make_app
from ellayer.play.app import Outgoing
from ellayer.play.models import opening_of_source
from ellayer.play.numpy_text import expression
from ellayer.play.page_server import check_page_libraries, start_server
from ellayer.play.tables import GivenFile
from ellayer.serve import connections
from ellayer.serve.limits import Limits

CSV = b"size,<b>town</b>,price\n" + b"".join(
    b"%d,%s,%d\n" % (i % 9, b"ab<"[i % 3 : i % 3 + 1], 7 * i % 50) for i in range(80)
)


@pytest.fixture(scope="module", autouse=True)
def _on_numpy():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ellayer.play.run.ENGINE", "numpy+direct")
        yield


@pytest.fixture(scope="module")
def server():
    server = start_server(make_app(), 0)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def client(server):
    with httpx.Client(base_url=server.address, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def page(server):
    """A page that is open; ``page.session`` names it."""
    with opened(server.address) as page:
        page.session = wait(page, "ready")["session"]
        wait(page, "frame")
        yield page


def test_the_files_of_the_page_and_nothing_else(client):
    index = client.get("/")
    assert index.status_code == 200
    assert "script-src 'self'" in index.headers["Content-Security-Policy"]
    assert "unsafe" not in index.headers["Content-Security-Policy"]
    assert client.get("/static/index.html").text == index.text
    assert {row["name"] for row in client.get("/api/options").json()["options"]["data"]} > {
        "flower",
        "digits",
    }
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/..%2fapp.py",
        "/app.py",
        "/static//etc/passwd",
        "/report",
    ):
        assert client.get(path).status_code == 404, path


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://localhost:1", "http://127.0.0.1.evil.example"]
)
def test_pages_of_other_sites_are_refused(server, client, origin):
    with pytest.raises(InvalidStatus, match="403"), opened(server.address, origin=origin):
        pass
    for method, path in (("GET", "/"), ("POST", "/api/upload"), ("GET", "/api/out/python")):
        assert client.request(method, path, headers={"Origin": origin}).status_code == 403


def test_another_host_is_refused(server, client):
    port = port_of(server)
    for host in ("evil.example", f"evil.example:{port}", "localhost.evil.example"):
        assert client.get("/", headers={"Host": host}).status_code == 403
        lines = (
            "GET /ws HTTP/1.1", f"Host: {host}", "Upgrade: websocket", "Connection: Upgrade", f"Origin: http://{host}",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        with socket.create_connection(("127.0.0.1", port), timeout=10) as raw:
            raw.sendall("\r\n".join(lines).encode())
            assert b" 403 " in raw.recv(100)


def test_only_an_open_page_gives_and_takes(client, page):
    for session in ("", "x", page.session[:-1]):
        assert client.get(f"/api/out/python?session={session}").status_code == 404
        assert client.post(f"/api/upload?name=a.csv&session={session}", content=CSV).status_code == 404
    assert client.get(f"/api/out/passwd?session={page.session}").status_code == 404


def test_an_uploaded_table_is_trained_on(client, page):
    answer = client.post(f"/api/upload?name=../../<img>.csv&session={page.session}", content=CSV).json()
    assert [column["name"] for column in answer["columns"]] == ["size", "<b>town</b>", "price"]
    assert answer["columns"][1]["levels"] == ["<", "a", "b"]
    assert (answer["rows"], answer["suggested_target"]) == (80, "price")
    packed = client.post(f"/api/upload?name=a.CSV.gz&session={page.session}", content=gzip.compress(CSV))
    assert packed.json()["columns"] == answer["columns"]
    for target, task in (("<b>town</b>", "classes"), ("price", "numbers")):
        state = {"data": {"source": answer["source"], "target": target}, "training": {"learning_rate": 0.05}}
        data = ask(page, {"type": "set_state", "state": state}, "data")
        assert data["task"] == task
        assert data["train"] + data["test"] == 80
        wait(page, "frame")
        assert ask(page, {"type": "step", "unit": "epoch"}, "frame")["iteration"] == 1
    for target in ("nothing", ""):
        state["data"] = {"source": answer["source"], "target": target}
        problem = ask(page, {"type": "set_state", "state": state}, "problem")
        assert problem["field"] == "data.target"
        assert "/tmp" not in problem["text"]


def test_a_wide_table_is_listed_in_part(client, page):
    names = [f"c{i}" for i in range(limits.COLUMNS_SHOWN + 3)]
    rows = [",".join(str(i * (k % 5 + 1) % 7) for k in range(len(names))) for i in range(12)]
    body = "\n".join([",".join(names), *rows]).encode()
    answer = client.post(f"/api/upload?name=wide.csv&session={page.session}", content=body).json()
    assert len(answer["columns"]) == limits.COLUMNS_SHOWN
    assert answer["columns"][-1]["name"] == answer["suggested_target"] == names[-1]
    assert f"{limits.COLUMNS_SHOWN:,} of the {len(names):,} columns are listed" in " ".join(answer["notes"])
    axes = ["c1", names[-2]]  # the second is not among the first ones
    state = {"data": {"source": answer["source"], "target": names[-1], "axes": axes}}
    data = ask(page, {"type": "set_state", "state": state}, "data")
    assert data["axes"]["names"] == data["features"][:2] == axes
    assert len(set(data["features"])) == limits.FEATURES_SHOWN
    assert "columns are listed for the axes" in " ".join(data["notes"])
    wait(page, "frame")


def test_a_table_that_is_being_read_holds_up_nobody(client, page, monkeypatch):
    begun, go_on, describe = threading.Event(), threading.Event(), GivenFile.describe

    def wait_and_describe(file: GivenFile) -> dict:
        begun.set()
        assert go_on.wait(60)
        return describe(file)

    monkeypatch.setattr(GivenFile, "describe", wait_and_describe)
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(client.post, f"/api/upload?name=a.csv&session={page.session}", content=CSV)
        try:
            assert begun.wait(60)
            assert ask(page, {"type": "step", "unit": "epoch"}, "frame")["iteration"] == 1
            model = client.post(f"/api/files?session={page.session}", content=b'[["a.txt",1]]\nx')
            assert model.status_code == 400
        finally:
            go_on.set()
        assert answer.result().status_code == 200


@pytest.mark.parametrize(("name", "body", "status"), [
    ("a.csv", b"", 400), ("a.csv", b"\x00\x01\x02" * 99, 400), ("a.parquet", b"PAR1 is not all", 400), ("a.xlsx", CSV, 400),
    ("a.json", b"[" * 100_000, 400), ("a.npy", b"\x93NUMPY" + b"x" * 90, 400), ("a.zip", b"PK\x03\x04" + b"0" * 99, 400),
    ("a.csv", b" " * (limits.UPLOAD_BYTES + 1), 413), ("a.py", CSV, 400), ("a.csv.exe", CSV, 400),
])  # fmt: skip
def test_what_is_no_table_is_refused(client, page, name, body, status):
    answer = client.post(f"/api/upload?name={name}&session={page.session}", content=body)
    assert answer.status_code == status, answer.text
    assert "/tmp" not in answer.text
    assert client.post(f"/api/model?session={page.session}", content=body).status_code == status


def test_a_file_of_another_kind_is_answered_with_the_accepted_kinds(client, page):
    answer = client.post(f"/api/upload?name=a.py&session={page.session}", content=b"print(1)")
    assert re.search(r"a\.py: expected a table .*\.csv.*\.xlsx.*\.ellayer", answer.json()["error"])
    kinds = client.get("/api/options").json()["options"]["limits"]["upload_kinds"]
    assert {".csv", ".parquet", ".ellayer"} <= set(kinds)
    assert client.post(f"/api/upload?name=a&session={page.session}", content=CSV).status_code == 200


@pytest.mark.parametrize("header", ["Connection: close", "Connection: keep-alive", "Expect: 100-continue"])
def test_a_client_that_sends_too_much_reads_the_answer(server, page, monkeypatch, header):
    """A server that closes at once, with bytes unread, would reset the connection."""
    monkeypatch.setattr("ellayer.play.app._LIMITS", Limits(body=1_000_000))
    size = 4_000_000
    head = (
        f"POST /api/upload?name=a.csv&session={page.session} HTTP/1.1", "Host: localhost", f"Content-Length: {size}", header,
    )  # fmt: skip
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
        raw.sendall("\r\n".join((*head, "", "")).encode())
        if "Expect" not in header:
            raw.sendall(b" " * size)
        answer = b""
        while not answer.endswith(b"}"):
            answer += raw.recv(10_000)
    assert b" 413 " in answer.splitlines()[0]
    assert b"at most 1 MB; send a smaller file" in answer


def test_two_hosts_are_refused(server):
    for lines in (("Host: localhost", "Host: evil.example"), ("Host: localhost", "Host: localhost"), ()):
        with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as raw:
            raw.sendall("\r\n".join(("GET / HTTP/1.1", *lines, "Connection: close", "", "")).encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 403 "), lines


def test_heads_that_do_not_end_are_closed(server, client, monkeypatch):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.0)
    with contextlib.ExitStack() as stack:
        raws = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port_of(server)), timeout=20))
            for _ in range(5)
        ]
        raws[1].sendall(b"GET / HT")
        raws[2].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        raws[3].sendall(b"POST /api/upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n12")
        with contextlib.suppress(ConnectionError):  # it may be closed while it sends
            raws[4].sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100_000)
        assert client.get("/api/options").status_code == 200
        assert raws[0].recv(10) == b""
        assert raws[1].recv(10) == b""
        assert raws[2].recv(10) == b"HTTP/1.1 2"  # its head was whole
        assert raws[3].recv(10) == b"HTTP/1.1 4"  # no such session
        with contextlib.suppress(ConnectionError):
            assert raws[4].recv(10) == b""


def test_idle_sockets_block_nobody_for_long(monkeypatch):
    """Too many connections are answered with 503; those that send nothing are closed, and make room."""
    monkeypatch.setattr("ellayer.serve.server.CONNECTIONS", 4)
    monkeypatch.setattr(connections, "HEAD_SECONDS", 2.0)
    busy = start_server(make_app(), 0)
    try:
        with contextlib.ExitStack() as stack:
            idle = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port_of(busy)), timeout=20))
                for _ in range(4)
            ]
            assert httpx.get(busy.address, trust_env=False).status_code == 503
            assert [raw.recv(1) for raw in idle] == [b""] * 4
            assert httpx.get(busy.address, trust_env=False).status_code == 200
    finally:
        busy.stop()


def test_a_page_that_does_not_read_holds_up_nobody(server, page):
    """It may send what it likes: its messages wait until it reads, and other pages go on."""
    with opened(server.address) as slow:
        for number in range(1_500):
            slow.send(json.dumps({"type": "ack", "frame": 10**6} if number % 2 else {"type": "python"}))
            if number == 10:
                slow.send(json.dumps({"type": "play"}))
        assert ask(page, {"type": "step", "unit": "epoch"}, "frame")["iteration"] == 1
        assert ask(slow, {"type": "pause"}, "python")["text"]


def test_half_a_character_does_not_end_the_messages_to_a_page():
    """The name of a file that is not UTF-8 has such: sending it would raise, and the page would wait forever."""

    async def pass_on(message: str) -> object:
        outgoing = Outgoing()
        outgoing.put(message)
        return await outgoing.queue.get()

    assert asyncio.run(pass_on("caf\udce9.csv, \u00e9")) == "caf?.csv, \u00e9"


def test_a_page_that_comes_back_has_what_it_had(server, client, monkeypatch):
    monkeypatch.setattr("ellayer.play.app.RELOAD_SECONDS", 0.2)
    with opened(server.address) as page:
        first = wait(page, "ready")
        assert not first["resumed"]
        table = client.post(f"/api/upload?name=a.csv&session={first['session']}", content=CSV).json()
        wait(page, "frame")
        ask(page, {"type": "lesson", "id": first["lessons"][0]["id"]}, "lesson")
        asked = {"data": {"source": table["source"], "target": "<b>town</b>"}, "network": {"seed": 7}}
        state = ask(page, {"type": "set_state", "state": asked}, "state")["state"]
        wait(page, "frame")
        cost = ask(page, {"type": "step", "unit": "epoch"}, "frame")["cost"]
        runs = ask(page, {"type": "keep_run", "name": "one"}, "saved_runs")["runs"]
        with opened(server.address, session=first["session"]) as other:  # of a page that is open
            assert not wait(other, "ready")["resumed"]
    with opened(server.address, session=first["session"]) as page:
        messages = [wait(page, kind) for kind in ("ready", "saved_runs", "lesson", "state", "data", "frame")]
        ready, saved, lesson, again = messages[:4]
        assert (ready["resumed"], again["state"], saved["runs"]) == (True, state, runs)
        assert lesson["id"] == first["lessons"][0]["id"]
        assert ready["session"] != first["session"]
        assert ask(page, {"type": "step", "unit": "epoch"}, "frame")["cost"] == cost
        assert ask(page, {"type": "keep_run"}, "saved_runs")["runs"][0] == runs[0]
    with opened(server.address, session=first["session"]) as page:  # it was handed over
        assert not wait(page, "ready")["resumed"]
        wait(page, "frame")
    pattern = f"ellayer-play-*/table-{table['source'].removeprefix('upload:')}*"
    monkeypatch.setattr(limits, "RETURN_SECONDS", 0.0)
    with opened(server.address, session=ready["session"]) as page:
        ready = wait(page, "ready")
        assert ready["resumed"]
    with opened(server.address, session=ready["session"]) as page:  # too late
        assert not wait(page, "ready")["resumed"]
    end = time.monotonic() + 30  # its thread deletes the table
    while [*Path(tempfile.gettempdir()).glob(pattern)]:
        assert time.monotonic() < end
        time.sleep(0.02)


def test_more_pages_than_the_limit_are_refused(monkeypatch):
    monkeypatch.setattr(limits, "SESSIONS", 1)
    server = start_server(make_app(), 0)
    with opened(server.address) as first:
        wait(first, "frame")
        with opened(server.address) as second, pytest.raises(ConnectionClosedError) as refusal:
            second.recv(timeout=60)
        assert refusal.value.rcvd is not None
        assert (refusal.value.rcvd.code, "close another" in refusal.value.rcvd.reason) == (1008, True)
        assert ask(first, {"type": "step", "unit": "epoch"}, "frame")["iteration"] == 1
        assert httpx.get(server.address, trust_env=False).status_code == 200
    server.stop()


def test_a_server_leaves_the_logging_of_the_program_as_it_is():
    closed = []

    class Handler(logging.Handler):
        def close(self):
            closed.append(self)
            super().close()

    handler = Handler()
    start_server(make_app(), 0).stop()
    assert closed == []
    handler.close()


def test_the_prediction_of_one_picture(client, page):
    url = f"/api/picture?session={page.session}"
    pixels = ellayer.data.load("digits").X[:, 3].reshape(8, 8) * 255
    body = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(body, "PNG")
    assert "expected a data set of pictures" in client.post(url, content=body.getvalue()).json()["error"]
    state = {"data": {"source": "digits", "scale": True}, "training": {"optimizer": "adam"}}
    ask(page, {"type": "set_state", "state": state}, "frame")
    for _ in range(40):
        ask(page, {"type": "step", "unit": "epoch"}, "frame")
    answer = client.post(url, content=body.getvalue()).json()
    assert (answer["width"], answer["height"], answer["channels"]) == (8, 8, 1)
    np.testing.assert_allclose(answer["pixels"], pixels.ravel(), atol=1)
    assert [row["name"] for row in answer["classes"]] == [str(k) for k in range(10)]
    chances = [row["probability"] for row in answer["classes"]]
    assert sum(chances) == pytest.approx(1)
    assert answer["prediction"] == str(int(np.argmax(chances)))
    space: dict = {}
    exec(client.get(f"/api/out/python?session={page.session}").text, space)
    x = (np.array(answer["pixels"])[:, None] / 255 - space["mean"]) / space["scale"]
    AL, _ = outputs(x, space["parameters"], space["network"])
    np.testing.assert_allclose(chances, AL[:, 0], rtol=1e-6)
    inverted = client.post(url + "&invert=1", content=body.getvalue()).json()
    assert np.add(inverted["pixels"], answer["pixels"]).tolist() == [255] * 64
    assert "try to invert" in inverted["notes"][0]
    assert not answer["notes"]
    for wrong in (b"", b"GIF89a", CSV):
        refusal = client.post(url, content=wrong)
        assert refusal.status_code == 400
        assert "/tmp" not in refusal.text


def _written(body: bytes, folder: Path) -> Path:
    (folder / "model.ellayer").write_bytes(body)
    return folder / "model.ellayer"


def test_downloads_and_the_way_back(client, page, tmp_path):
    page.send(
        json.dumps(
            {"type": "set_state", "state": {"network": {"hidden": [{"units": 3, "activation": "relu"}]}}}
        )
    )
    wait(page, "state")
    wait(page, "frame")
    for _ in range(3):
        ask(page, {"type": "step", "unit": "epoch"}, "frame")

    def download(kind: str) -> bytes:
        answer = client.get(f"/api/out/{kind}?session={page.session}")
        assert answer.status_code == 200, answer.text
        assert "attachment" in answer.headers["Content-Disposition"]
        return answer.content

    space: dict = {}
    exec(download("python").decode(), space)
    arrays = dict(np.load(io.BytesIO(download("parameters.npz"))))
    assert all((arrays[name] == space["parameters"][name]).all() for name in arrays)
    program: dict = {}
    exec(download("network.py").decode(), program)
    X = np.random.RandomState(0).randn(2, 50)
    result = ellayer.load(_written(download("model.ellayer"), tmp_path))
    np.testing.assert_allclose(program["predict"](X), result.predict_proba(X), rtol=1e-12)
    assert download("picture.png")[:4] == b"\x89PNG"
    assert download("film.gif")[:4] == b"GIF8"
    assert len(download("model.onnx")) > 100
    assert ask(page, {"type": "python"}, "python")["text"] == download("python").decode()
    body = download("model.ellayer")
    answer = client.post(f"/api/model?session={page.session}", content=body)
    assert answer.json()["state"]["network"]["hidden"] == [{"units": 3, "activation": "relu"}]
    assert wait(page, "state")["state"] == answer.json()["state"]
    wait(page, "frame")
    back = dict(np.load(io.BytesIO(download("parameters.npz"))))
    assert all((arrays[name] == back[name]).all() for name in arrays)
    ask(page, {"type": "edit", "parameter": "W1", "row": 0, "column": 0, "value": 0.3}, "frame")
    ask(page, {"type": "step", "unit": "batch"}, "frame")
    further, here = {}, download("python").decode()
    exec(here.replace("'model.ellayer'", repr(str(tmp_path / "model.ellayer"))), further)
    arrays = dict(np.load(io.BytesIO(download("parameters.npz"))))
    assert all((arrays[name] == further["parameters"][name]).all() for name in arrays)


def test_several_files_at_once(client, page, tmp_path, monkeypatch):
    network = ellayer.Network([2, 3, 1], "tanh")
    ellayer.save((network, ellayer.initialize_parameters(network, seed=1)), tmp_path / "m.ellayer")
    files = {
        "run/config.toml": b"source",
        "run/m.ellayer": (tmp_path / "m.ellayer").read_bytes(),
        "run/x.png": b"12",
    }

    def body(files: dict[str, bytes]) -> bytes:
        head = json.dumps([[name, len(content)] for name, content in files.items()])
        return head.encode() + b"\n" + b"".join(files.values())

    url = f"/api/files?session={page.session}"
    assert client.post(url, content=body(files)).json()["state"]["network"]["member"] == 0
    assert wait(page, "model")["name"] == "m.ellayer"
    wait(page, "frame")
    answer = client.post(url, content=body({"a.csv": CSV}))
    assert answer.status_code == 400
    assert "expected a model file" in answer.json()["error"]
    assert client.post("/api/files?session=x", content=body(files)).status_code == 404
    monkeypatch.setattr("ellayer.play.app._FILES_LIMITS", Limits(body=1_000))
    assert client.post(url, content=body(files)).status_code == 413


BODIES = st.binary(max_size=60) | st.builds(
    lambda entries, rest: json.dumps(entries).encode() + b"\n" + rest,
    st.lists(
        st.tuples(
            st.sampled_from(["a.csv", "m.ellayer", "config.toml", "../b.csv", "", "\x00"]), st.integers(-1, 9)
        ),
        max_size=3,
    ),
    st.sampled_from([b"", b"a,b\n1,2\n3,4\n", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04"]),
)
QUERIES = st.dictionaries(st.sampled_from(["name", "invert", "session"]), st.text(max_size=9), max_size=2)


@settings(
    max_examples=25, deadline=None, derandomize=True, database=None, suppress_health_check=[*HealthCheck]
)
@given(body=BODIES, query=QUERIES)
def test_no_request_makes_the_page_fail(client, page, body, query):
    """Requests at random, to each address that takes a body; with those of ``serve`` they are more than a thousand."""
    for path in ("upload", "model", "files", "picture"):
        answer = client.post(f"/api/{path}", params={"session": page.session, **query}, content=body)
        assert answer.status_code in (200, 400, 404), (path, answer.text)
        assert answer.status_code == 200 or answer.json()["error"]
        assert "/tmp" not in answer.text


def test_a_message_that_is_too_long_closes_the_connection(server):
    with opened(server.address) as page:
        wait(page, "ready")
        page.send("x" * (limits.MESSAGE_BYTES + 10))
        with pytest.raises(ConnectionClosedError, match="1009"):
            wait(page, "nothing")


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_numpy_text_has_every_activation(name):
    row = ACTIVATIONS[name]
    z = np.concatenate(
        [np.random.RandomState(0).randn(3, 40) * 4, np.array([[0.0, 30.0, -30.0]] * 3)], axis=1
    )
    a = eval(expression(name), {"np": np, "math": math, "z": z})
    np.testing.assert_allclose(a, row.forward(z), rtol=1e-12, atol=1e-300)


# Openings


def test_openings(tmp_path):
    network = ellayer.Network([2, 3, 1], "tanh")
    parameters = ellayer.initialize_parameters(network, seed=1)
    ellayer.save((network, parameters), tmp_path / "m.ellayer")
    opening = opening_of_source(str(tmp_path / "m.ellayer"), None)
    assert opening.state["data"]["source"] == "flower"
    assert opening.model.members[0].keys() == parameters.keys()
    start = eval(opening.model.text(0), {"ellayer": ellayer})
    assert all((start[name] == parameters[name]).all() for name in parameters)
    (tmp_path / "t.csv").write_bytes(CSV)
    assert opening_of_source(str(tmp_path / "t.csv"), "price").state["data"]["target"] == "price"
    assert opening_of_source("spirals", None).state == {"data": {"source": "spirals"}}
    for source, target in ((str(tmp_path / "t.csv"), None), ("flower", "x"), ("nothing", None)):
        with pytest.raises(UsageError, match="expected"):
            opening_of_source(source, target)
    with pytest.raises(EllayerError, match="cost"):
        opening_of_source(str(tmp_path / "t.csv"), "cost")
    ellayer.save(
        (ellayer.Network([5, 1]), {"W1": np.zeros((1, 5)), "b1": np.zeros((1, 1))}), tmp_path / "five.ellayer"
    )
    assert (
        "ellayer.play(model, X, Y)" in opening_of_source(str(tmp_path / "five.ellayer"), None).read_only.why
    )


def test_play_from_python(capsys, monkeypatch):
    X = np.random.RandomState(0).randn(3, 40)
    result = ellayer.train(ellayer.Network([3, 2, 1], "tanh"), X, (X[0] > 0)[None, :], num_iterations=5)
    shown: list = []
    monkeypatch.setattr("webbrowser.open", shown.append)

    def look(server) -> None:
        with opened(server.address) as page:
            data, frame = wait(page, "data"), wait(page, "frame")
            shown.extend((data["train"], frame["iteration"]))

    ellayer.play(result, X, (X[0] > 0).astype(int), wait=look)
    assert shown[1:] == [40, 0]
    assert shown[0] in capsys.readouterr().out
    for arguments in ((None, X, X[0]), (result, X), (result, X, X[0, :5]), (result, X * np.nan, X[0] > 0)):
        with pytest.raises(EllayerError, match="expected"):
            ellayer.play(*arguments, browser=False)


def test_the_missing_extra_is_named(monkeypatch):
    monkeypatch.setattr(
        "ellayer.serve.errors.find_spec", lambda name: None if name == "websockets" else object()
    )
    with pytest.raises(UsageError, match=r"requires websockets.*pip install 'ellayer\[serve\]'"):
        check_page_libraries("ellayer play")


def test_the_command_costs_the_others_nothing():
    code = "import sys, ellayer.cli.app; print([m for m in sys.modules if m.split('.')[0] in ('starlette', 'uvicorn', 'websockets', 'jax', 'numpy')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_program_shows_a_page_until_ctrl_c(program):
    command = [program, "play", "moons", "--port", "0", "--no-browser", "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        address = process.stdout.readline().strip()
        with opened(address) as page:
            assert wait(page, "data")["name"] == "moons"
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert error == "ellayer: the page has stopped\n"
