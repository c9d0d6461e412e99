"""The Open Inference Protocol: metadata, tensors in JSON and in bytes, and tensors that make no rows."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from served_rows import KINDS, RECORDS, infer, outputs, tensors

import ellayer


def test_metadata_names_every_column_that_a_row_needs(client):
    metadata = client.get("/v2/models/people").json()
    assert {entry["name"]: entry["datatype"] for entry in metadata["inputs"]} == KINDS | {"age": "INT64"}
    assert {entry["name"]: entry["datatype"] for entry in metadata["outputs"]} == {
        "prediction": "BYTES", "p(a)": "FP64", "p(b)": "FP64",
    }  # fmt: skip
    assert client.get(f"/v2/models/people/versions/{metadata['versions'][0]}").json() == metadata
    assert client.get("/v2/models/people/versions/other").status_code == 404
    assert client.get("/v2/models/nobody").status_code == 404
    for path in ("/v2/health/live", "/v2/health/ready", "/v2/models/people/ready", "/v2"):
        assert client.get(path).status_code == 200


def test_every_model_predicts_the_tensor_that_its_metadata_describes(client, store):
    for model in store:
        inputs = []
        for entry in client.get(f"/v2/models/{model.name}").json()["inputs"]:
            shape = [2, *entry["shape"][1:]]
            values = {"BYTES": "x", "BOOL": True}.get(entry["datatype"], 1)
            inputs.append({**entry, "shape": shape, "data": [values] * int(np.prod(shape))})
        if any(entry["name"] == "joined" for entry in inputs):
            inputs = tensors()
        answer = infer(client, model.name, {"inputs": inputs})
        assert set(outputs(answer)) == set(model.outputs), model.name
        assert [entry["datatype"] for entry in answer.json()["outputs"]] == list(model.outputs.values())


def test_a_network_predicts_as_in_python(client, served):
    X = np.random.RandomState(0).randn(4, 2)
    content = {"inputs": [{"name": "X", "shape": [4, 2], "datatype": "FP64", "data": X.tolist()}], "id": "7"}
    answer = infer(client, "result", content)
    assert outputs(answer)["prediction"] == ellayer.load(served["result"]).predict(X.T)[0].tolist()
    assert answer.json()["id"] == "7"


def test_intervals_are_outputs_on_request(client):
    values = outputs(infer(client, "prices", {"inputs": tensors(), "parameters": {"interval": 0.8}}))
    low, high = (name for name in values if name != "prediction")
    assert all(a <= p <= b for a, p, b in zip(values[low], values["prediction"], values[high], strict=True))


def test_binary_tensors_equal_those_in_json(client):
    expected = outputs(infer(client, "people", {"inputs": tensors()}))
    inputs, blob = [], b""
    for tensor in tensors():
        data = tensor.pop("data")
        if tensor["datatype"] == "BYTES":
            raw = b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in data)
        else:
            raw = np.array([np.nan if value is None else value for value in data]).tobytes()
        inputs.append({**tensor, "parameters": {"binary_data_size": len(raw)}})
        blob += raw
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    answer = client.post(
        "/v2/models/people/infer",
        content=head + blob,
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status_code == 200, answer.text
    length = int(answer.headers["inference-header-content-length"])
    place, values = length, {}
    for output in json.loads(answer.content[:length])["outputs"]:
        size = output["parameters"]["binary_data_size"]
        raw, place = answer.content[place : place + size], place + size
        if output["datatype"] == "FP64":
            values[output["name"]] = np.frombuffer(raw).tolist()
        else:
            texts = []
            while raw:
                (n,) = struct.unpack_from("<I", raw)
                texts.append(raw[4 : 4 + n].decode())
                raw = raw[4 + n :]
            values[output["name"]] = texts
    assert values == expected


def test_a_request_as_the_client_of_mlserver_sends_it(client):
    """Columns of shape [n, 1], with the codecs of MLServer as parameters and nulls for what it leaves open."""
    codecs = {"BYTES": "str", "FP64": "np"}
    inputs = [
        {
            **tensor,
            "shape": [len(RECORDS), 1],
            "parameters": {"content_type": codecs[tensor["datatype"]], "headers": None},
        }
        for tensor in tensors()
    ]
    content = {
        "id": "1",
        "parameters": {"content_type": "pd", "headers": None},
        "inputs": inputs,
        "outputs": None,
    }
    expected = outputs(infer(client, "people", {"inputs": tensors()}))
    assert outputs(infer(client, "people", content)) == expected


def test_only_the_outputs_that_are_named_are_answered(client):
    values = outputs(infer(client, "people", {"inputs": tensors(), "outputs": [{"name": "p(a)"}]}))
    assert list(values) == ["p(a)"]


AGE = {"name": "age", "shape": [1], "datatype": "FP64", "data": [1]}
WRONG = {
    "no inputs": ({}, 400, "inputs: expected a list of tensors"),
    "a name twice": ({"inputs": [AGE, AGE]}, 400, "different names"),
    "a shape of texts": ({"inputs": [{**AGE, "shape": ["1"]}]}, 400, "expected a shape"),
    "a negative shape": ({"inputs": [{**AGE, "shape": [-1]}]}, 400, "expected a shape"),
    "a shape of other size": ({"inputs": [{**AGE, "shape": [2]}]}, 400, "expected 2 values"),
    "an unknown datatype": ({"inputs": [{**AGE, "datatype": "FP8"}]}, 400, "expected a datatype"),
    "texts as numbers": ({"inputs": [{**AGE, "data": ["1"]}]}, 400, "expected values of FP64"),
    "lists beside values": ({"inputs": [{**AGE, "shape": [2], "data": [1, [2]]}]}, 400, "one depth"),
    "no data": ({"inputs": [{**AGE, "data": None}]}, 400, "expected data, a list"),
    "columns missing": ({"inputs": [AGE]}, 400, "lacks 'town', 'joined', 'member'"),
    "no rows": ({"inputs": [{**AGE, "shape": [0], "data": []}]}, 400, "at least one row"),
    "too many rows": ({"inputs": [{**AGE, "shape": [51], "data": [1] * 51}]}, 413, "at most 50 rows"),
    "different lengths": ({"inputs": [AGE, {**AGE, "name": "town", "shape": [2], "data": [1, 2]}]}, 400, "one length"),
    "a datatype of lists": ({"inputs": [{**AGE, "datatype": ["FP64"]}]}, 400, "expected a datatype"),
    "too many axes": ({"inputs": [{**AGE, "shape": [2**31 - 1] * 500}]}, 400, "expected a shape"),
    "an output twice": ({"inputs": tensors(), "outputs": [{"name": "p(a)"}] * 2}, 400, "outputs: expected different names"),
    "an unknown output": ({"inputs": tensors(), "outputs": [{"name": "z"}]}, 400, "expected some of 'prediction'"),
    "an interval of labels": ({"inputs": tensors(), "parameters": {"interval": 0.9}}, 400, "--interval"),
    "an interval of text": ({"inputs": tensors(), "parameters": {"interval": "0.9"}}, 400, "interval: expected a number"),
    "bytes beyond the body": ({"inputs": [{**AGE, "parameters": {"binary_data_size": 99}}]}, 400, "binary data"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_tensors_that_make_no_rows(client, case):
    content, status, message = WRONG[case]
    answer = infer(client, "people", content)
    assert answer.status_code == status
    assert message in answer.json()["error"]


X = {"name": "X", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}
NO_NUMBERS = {
    "texts": ({"datatype": "BYTES", "data": ["a", "b"]}, "expected numbers"),
    "a text": ({"shape": [1], "datatype": "BYTES", "data": ["a"]}, "expected numbers"),
    "long numbers": ({"data": [10**400, 1]}, "expected numbers"),
    "a long number": ({"shape": [1], "data": [10**400]}, "expected numbers"),
    "no rows": ({"shape": [0, 2], "data": []}, "at least one row"),
    "no columns": ({"shape": [2, 0], "data": []}, "expected 2 values in every row, received 0"),
}


@pytest.mark.parametrize("case", NO_NUMBERS)
def test_tensors_that_hold_no_numbers_for_a_network(client, case):
    change, message = NO_NUMBERS[case]
    answer = infer(client, "result", {"inputs": [{**X, **change}]})
    assert answer.status_code == 400
    assert message in answer.json()["error"]


@pytest.mark.parametrize("length", ["99", "9" * 5_000, "-1", "x"])
def test_a_header_longer_than_the_body(client, length):
    answer = infer(client, "people", {}, **{"Inference-Header-Content-Length": length})
    assert answer.status_code == 400
    assert "Inference-Header-Content-Length" in answer.json()["error"]


def test_bytes_that_no_tensor_claims(client):
    head = json.dumps({"inputs": tensors()})
    answer = client.post(
        "/v2/models/people/infer",
        content=f"{head}more",
        headers={"Inference-Header-Content-Length": str(len(head))},
    )
    assert answer.status_code == 400
    assert "expected 0 bytes of binary data" in answer.json()["error"]


def test_a_column_of_another_type_is_refused(client):
    content = {"inputs": [{**tensor, **({"datatype": "BYTES", "data": ["old"] * len(RECORDS)} if tensor["name"] == "age" else {})} for tensor in tensors()]}  # fmt: skip
    answer = infer(client, "people", content)
    assert answer.status_code == 400
    assert "'age': expected numbers as in training" in answer.json()["error"]
