"""Description of the endpoints in OpenAPI 3.1."""

from __future__ import annotations

from typing import Any

from .. import __version__
from .mlflow_scoring import FORMS
from .models import ModelStore, ServedModel

Document = dict[str, Any]

_ERROR = {"$ref": "#/components/schemas/Error"}


def openapi(store: ModelStore) -> Document:
    """Return the document for the models of a server, with a schema for the rows of each model."""
    paths: Document = {
        "/v2/health/live": _get("Whether the server is alive", "health"),
        "/v2/health/ready": _get("Whether the models can predict", "health"),
        "/ping": _get("Whether the server is alive, for MLflow", "health"),
        "/metrics": _get("Metrics for Prometheus", "health", "text/plain"),
        "/v2": _get("Name, version and extensions of the server", "Open Inference Protocol"),
    }
    for model in store:
        paths |= _paths_of(model)
    if len(list(store)) == 1:
        paths["/invocations"] = paths[f"/models/{next(iter(store)).name}/invocations"]
    return {
        "openapi": "3.1.0",
        "info": {"title": "ellayer", "version": __version__, "description": "Predictions of saved models."},
        "paths": paths,
        "components": {
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {"error": {"type": "string"}},
                    "required": ["error"],
                },
                **{f"Row.{model.name}": _row(model) for model in store},
            }
        },
    }


def _paths_of(model: ServedModel) -> Document:
    name, row = model.name, {"$ref": f"#/components/schemas/Row.{model.name}"}
    rows = {"type": "array", "items": row, "minItems": 1}
    options = {"interval": {"type": "number"}, "explain": {"type": "boolean"}}
    tensors = {
        "type": "array",
        "items": {"type": "object", "required": ["name", "shape", "datatype"]},
        "minItems": 1,
    }
    forms: Document = {**{form: {} for form in FORMS}, "dataframe_records": rows}
    protocol = "Open Inference Protocol"
    return {
        f"/models/{name}/predict": _post(
            "Predict rows, and return notes about their values",
            "ellayer",
            {"rows": rows, **options},
            ["rows"],
        ),
        f"/models/{name}/invocations": _post(
            "Predict rows by MLflow's protocol: one of four forms of JSON, or a table in CSV",
            "MLflow",
            {**forms, "params": {"type": "object", "properties": options}},
            [],
            csv=True,
        ),
        f"/v2/models/{name}": _get("Inputs and outputs of the model", protocol),
        f"/v2/models/{name}/ready": _get("Whether the model can predict", protocol),
        f"/v2/models/{name}/infer": _post(
            "Predict tensors", protocol, {"inputs": tensors, "parameters": {"type": "object"}}, ["inputs"]
        ),
    }


def _row(model: ServedModel) -> Document:
    if not model.fields:
        return {"type": "array", "items": {"type": "number"}, "minItems": len(model.columns)}
    properties: Document = {}
    for field in model.fields:
        properties[field.name] = {"type": [field.json_type, "null"]}
        if field.levels:
            properties[field.name]["examples"] = list(field.levels[:5])
    return {"type": "object", "properties": properties, "required": [field.name for field in model.fields]}


def _get(summary: str, tag: str, kind: str = "application/json") -> Document:
    return {
        "get": {
            "summary": summary,
            "tags": [tag],
            "responses": {"200": {"description": "OK", "content": {kind: {}}}},
        }
    }


def _post(
    summary: str, tag: str, properties: Document, required: list[str], *, csv: bool = False
) -> Document:
    schema = {"type": "object", "properties": properties, "required": required}
    content: Document = {"application/json": {"schema": schema}}
    if csv:
        content["text/csv"] = {"schema": {"type": "string"}}
    errors = {
        "400": "The rows cannot be predicted",
        "413": "Too many bytes or rows",
        "503": "The time limit was exceeded",
    }
    return {
        "post": {
            "summary": summary,
            "tags": [tag],
            "requestBody": {"required": True, "content": content},
            "responses": {
                "200": {"description": "OK", "content": {"application/json": {}}},
                **{
                    status: {"description": text, "content": {"application/json": {"schema": _ERROR}}}
                    for status, text in errors.items()
                },
            },
        }
    }
