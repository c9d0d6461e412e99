"""The application: limits, protection, pages, metrics, and bodies of any kind."""

from __future__ import annotations

import contextlib
import json
import re
import socket

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from served_rows import RECORDS, running
from starlette.requests import Request

from ellayer import EllayerError
from ellayer.serve import Limits, ModelStore, make_app
from ellayer.serve.bodies import parse_object, read_body
from ellayer.serve.errors import RequestError
from ellayer.serve.rows import rows_of_records

JSON = {"Content-Type": "application/json"}


def test_predict_answers_records_with_notes(client):
    answer = client.post("/models/people/predict", json={"rows": RECORDS, "explain": True})
    assert answer.status_code == 200, answer.text
    content = answer.json()
    assert len(content["rows"]) == len(RECORDS)
    assert content["rows"][0]["explained class"] in ("a", "b")
    new = client.post("/models/people/predict", json={"rows": [{**RECORDS[0], "town": "Oslo"}]}).json()
    assert "a category not seen in training ('Oslo')" in " ".join(new["notes"])
    far = client.post("/models/people/predict", json={"rows": [{**RECORDS[0], "age": 1e6}]}).json()
    assert "far outside the range of training" in " ".join(far["notes"])


@pytest.mark.parametrize("pieces", [[11], [5, 6], [11, 200]], ids=str)
def test_a_body_that_is_too_large_is_answered_when_it_ends(pieces):
    """The last piece may come with the end of the body, after which there is nothing to wait for."""
    left = [{"type": "http.request", "body": b" " * n, "more_body": True} for n in pieces]
    left[-1]["more_body"] = False

    async def receive():
        return left.pop(0)  # an error if asked once more

    request = Request({"type": "http", "headers": []}, receive)
    with pytest.raises(RequestError, match="at most 10 bytes") as refusal:
        anyio.run(read_body, request, Limits(body=10))
    assert refusal.value.status == 413


def test_limits(client):
    assert client.post("/models/people/predict", json={"rows": [RECORDS[0]] * 51}).status_code == 413
    assert client.post("/models/people/predict", content=b" " * 100_001).status_code == 413
    pieces = (b" " * 60_000 for _ in range(3))  # without a Content-Length
    assert client.post("/models/people/predict", content=pieces).status_code == 413
    packed = client.post("/models/people/predict", content=b"", headers={"Content-Encoding": "gzip"})
    assert packed.status_code == 415


def test_a_request_beyond_the_time_limit_is_answered(served):
    app = make_app(ModelStore([f"people={served['people']}"]), Limits(seconds=1e-4))
    rows = [RECORDS[0]] * 2_000  # more than is predicted at once in the thread of the server
    with running(app) as client:
        answer = client.post("/models/people/predict", json={"rows": rows})
    assert answer.status_code in (408, 503)
    assert "within 0.0001 seconds" in answer.json()["error"]


def test_slow_clients_are_answered_in_time_and_hold_up_nobody(served):
    app = make_app(ModelStore([f"people={served['people']}"]), Limits(seconds=0.5))
    with running(app) as client, contextlib.ExitStack() as stack:
        address = (client.base_url.host, client.base_url.port)
        slow = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(20)]
        for connection in slow:
            connection.sendall(
                b"POST /models/people/predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n{"
            )
        assert client.post("/models/people/predict", json={"rows": RECORDS}).status_code == 200
        for connection in slow:
            assert connection.recv(1_000).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "127.0.0.1:8080"}, 200),
        ({"Host": "[::1]:8080"}, 200),
        ({"Host": "evil.example"}, 403),
        ({"Host": "localhost.evil.example"}, 403),
        ({"Host": "["}, 403),
        ({"Host": "evil.example@localhost"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "127.0.0.2:80"}, 200),
        ({"Origin": "http://["}, 403),
        ({"Host": "localhost:1", "Origin": "http://localhost:1"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_requests_of_other_sites_are_refused(client, headers, status):
    assert client.get("/v2", headers=headers).status_code == status


def test_a_server_for_others_answers_any_host(store):
    with running(make_app(store)) as client:
        assert client.get("/v2", headers={"Host": "models.example"}).status_code == 200
        assert client.get("/v2", headers={"Origin": "http://evil.example"}).status_code == 403


def test_pages_run_no_script_of_their_own(client):
    for path in ("/", "/models/people", "/models/result", "/docs"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert not re.search(r"<script(?! type=\"module\" src=\"/static/)|\son\w+=|style=\"", answer.text), (
            path
        )
        assert not re.search(r"<(input|select|textarea)[^>]* name=", answer.text)  # would hide form.elements
        for address in re.findall(r"(?:src|href)=\"(/[^\"]*)\"", answer.text):
            assert client.get(address).status_code == 200, address


def test_no_path_leads_out_of_the_static_files(client):
    for path in (
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static//etc/passwd",
        "/models/..%2f..",
        "/static/",
    ):
        assert client.get(path).status_code in (404, 405)


def test_another_method_is_answered_with_those_allowed(client):
    answer = client.post("/ping")
    assert (answer.status_code, sorted(answer.headers["allow"].split(", "))) == (405, ["GET", "HEAD"])


NO_TEXT = {
    "half a character": (b'{"rows": [{"town": "\\ud800"}]}', "surrogates not allowed"),
    "half a character in a name": (b'{"rows": [{"\\uDFFF": 1}]}', "surrogates not allowed"),
    "half a character in bytes": (b'{"rows": [{"town": "\xed\xa0\x80"}]}', "expected JSON"),
    "a deep list": (
        b'{"rows": ' + b"[" * 40_000 + b"]" * 40_000 + b"}",
        "expected",
    ),  # which Python 3.14 can read
    "a long name twice": (b'{"%b": 1, "%b": 2}' % (b"a" * 9_000, b"a" * 9_000), "expected each name once"),
}


@pytest.mark.parametrize("case", NO_TEXT)
def test_bodies_that_hold_no_text(client, case):
    body, message = NO_TEXT[case]
    answer = client.post("/models/people/predict", content=body)
    assert answer.status_code == 400
    assert message in answer.json()["error"]
    assert len(answer.content) < 5_000
    pair = b'{"rows": [{"age": 1, "joined": null, "member": null, "town": "\\ud83d\\ude00"}]}'
    assert "\U0001f600" in client.post("/models/people/predict", content=pair).json()["notes"][0]


@pytest.mark.parametrize("depth", range(800, 1000, 8))
def test_lists_in_lists_are_refused(client, depth):
    for place in ('{"rows": [{"age": %s}]}', '{"rows": [[%s, 1, 1, 1]]}', '{"rows": %s}'):
        body = place % ("[" * depth + "]" * depth)
        assert client.post("/models/people/predict", content=body).status_code == 400, depth


def test_names_by_the_thousand_take_no_time(store):
    names = {f"a{i}": 1 for i in range(50_000)}
    with pytest.raises(EllayerError, match="'a49999' twice"):
        parse_object(json.dumps(names)[:-1].encode() + b', "a49999": 1}')
    people = store.get("people")
    with pytest.raises(EllayerError, match="at most 1,000 columns besides"):
        rows_of_records(people, [names])
    with pytest.raises(EllayerError, match="expected records of the same names"):
        rows_of_records(people, [{name: 1} for name in list(names)[:4_000]])


def test_metrics_count_requests_and_rows(client):
    before = client.get("/metrics").text
    client.post("/models/people/predict", json={"rows": RECORDS})
    for k in range(5):
        client.get(f"/nowhere/{k}")
    after = client.get("/metrics").text

    def value(text: str, name: str) -> float:
        return float((re.findall(rf"^{re.escape(name)} (\S+)$", text, re.M) or ["0"])[0])

    rows = 'ellayer_rows_total{model="people"}'
    assert value(after, rows) - value(before, rows) == len(RECORDS)
    assert value(after, 'ellayer_requests_total{endpoint="none",status="404"}') >= 5
    assert "nowhere" not in after


def test_the_description_is_whole(client, store):
    document = client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    for path, methods in document["paths"].items():
        for method in methods:
            assert client.request(method, path, content="{}", headers=JSON).status_code in (200, 400), path
    references = re.findall(r'"\$ref": "#/components/schemas/([^"]+)"', json.dumps(document))
    assert set(references) <= set(document["components"]["schemas"])
    assert all(f"Row.{model.name}" in references for model in store)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(
        ["rows", "inputs", "instances", "dataframe_split", "dataframe_records", "columns", "data", "name", "shape",
         "datatype", "age", "town", "joined", "member", "parameters", "params", "outputs", "interval", "explain"]
    ), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    content=st.one_of(values.map(json.dumps).map(str.encode), st.binary(max_size=60)), binary=st.booleans()
)
def test_no_body_makes_the_server_fail(client, content, binary):
    headers = JSON | ({"Inference-Header-Content-Length": str(len(content) // 2)} if binary else {})
    for path in (
        "/models/people/predict",
        "/models/people/invocations",
        "/v2/models/people/infer",
        "/v2/models/result/infer",
    ):
        answer = client.post(path, content=content, headers=headers)
        assert answer.status_code in (200, 400, 413)
        assert answer.status_code == 200 or answer.json()["error"]


def test_names_of_files_are_shown_as_text(tmp_path):
    """Columns, labels and levels with markup of their own do no harm on the page."""
    from ellayer import TabularClassifier, save
    from ellayer.data import read_examples

    nasty = "<script>alert(1)</script>"
    file = tmp_path / "t.csv"
    lines = [f'"{nasty}",b,y'] + [
        f"{nasty if i % 2 else 'x'},{i},{('<b>no', 'yes')[i % 2]}" for i in range(40)
    ]
    file.write_text("\n".join(lines) + "\n")
    examples = read_examples(file, target="y")
    model = TabularClassifier(epochs=1, hidden_layer_sizes=(3,), n_members=1).fit(examples.X, examples.y)
    save(
        model, tmp_path / "m.ellayer", provenance={"source": "t", "target": "y", "reading": examples.reading}
    )
    with running(make_app(ModelStore([str(tmp_path / "m.ellayer")]))) as client:
        for path in ("/", "/models/m", "/docs"):
            page = client.get(path).text
            assert "<script>alert" not in page
            assert "<b>no" not in page
        assert "&lt;script&gt;alert(1)" in client.get("/models/m").text
