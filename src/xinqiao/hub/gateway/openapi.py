"""The OpenAPI 3.1 document, made from the table of operations. Nothing in it is written by hand twice."""

from collections import defaultdict
from functools import lru_cache

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import xinqiao
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code
from xinqiao.hub.gateway.operations import STATUS, Operation, Security
from xinqiao.hub.gateway.problems import PROBLEM
from xinqiao.hub.gateway.schemas import Problem

_REF = "#/components/schemas/{model}"
type Object = dict[str, object]

_SIGNATURE_FIELDS = (
    ("Content-Digest", "RFC 9530 digest of the body (of the empty body for GET)."),
    ("Signature-Input", "RFC 9421, label xq; see docs/protocol/messages.md."),
    ("Signature", "RFC 9421, by the key the token is bound to."),
)


@lru_cache(maxsize=4)  # the same for every gateway of a process, and slow to make
def document(table: tuple[Operation, ...], *, server: str) -> bytes:
    """The document as bytes."""
    models = _models(table)
    names, schemas = _schemas(models)
    paths: dict[str, Object] = defaultdict(dict)
    for operation in table:
        paths[operation.path][operation.method.lower()] = _operation(operation, names)
    found: Object = {
        "openapi": "3.1.0",
        "info": {
            "title": "信桥 Xinqiao 机构接口",
            "version": xinqiao.__version__,
            "summary": "Authorisations, queries and evidence for institutions",
            "description": (
                "Every answer is signed by the hub (RFC 9421) and bound to the request's signature. Errors are RFC 9457"
                " problem documents with a stable `code`; an object of somebody else answers exactly like an absent"
                " one. Instants are RFC 3339 in UTC; amounts are text."
            ),
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": server}],
        "paths": dict(paths),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "clientAssertion": {
                    "type": "oauth2",
                    "description": "private_key_jwt (RFC 7523), EdDSA or SM2; the assertion is a member of the body.",
                    "flows": {"clientCredentials": {"tokenUrl": f"{server}/oauth/token", "scopes": {}}},
                },
                "boundToken": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Token of POST /oauth/token, with a signature (RFC 9421) by the key `cnf.jkt`.",
                },
                "sessionTag": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Signature-Input",
                    "description": "A tag (RFC 9421, hmac) by the key of a session of POST /api/v1/sessions, no token.",
                },
            },
        },
    }
    return orjson.dumps(found)


def _models(table: tuple[Operation, ...]) -> dict[str, type[BaseModel]]:
    models: dict[str, type[BaseModel]] = {"Problem": Problem}
    for operation in table:
        for model in (operation.body, operation.answer, operation.params):
            if model is not None:
                models[model.__name__] = model
    return models


def _schemas(models: dict[str, type[BaseModel]]) -> tuple[dict[str, str], dict[str, object]]:
    mapping, definitions = models_json_schema(
        [(model, "validation") for model in models.values()], ref_template=_REF
    )
    names = {model.__name__: str(ref["$ref"]) for (model, _), ref in mapping.items()}
    return names, dict(definitions.get("$defs", {}))


def _operation(operation: Operation, names: dict[str, str]) -> Object:
    found: Object = {
        "operationId": operation.id,
        "summary": operation.summary,
        "description": operation.summary_zh,
        "security": _security(operation),
        "responses": _responses(operation, names),
    }
    parameters = _parameters(operation, names)
    if parameters:
        found["parameters"] = parameters
    if operation.body is not None:
        schema = {"schema": {"$ref": names[operation.body.__name__]}}
        content: Object = {"application/json": schema}
        if operation.form:
            content["application/x-www-form-urlencoded"] = schema
        found["requestBody"] = {"required": True, "content": content}
    elif operation.raw_limit:
        limited: Object = {"type": "string", "format": "binary", "maxLength": operation.raw_limit}
        found["requestBody"] = {
            "required": True,
            "content": {"application/octet-stream": {"schema": limited}},
        }
    return found


def _security(operation: Operation) -> list[Object]:
    match operation.security:
        case Security.NONE:
            return []
        case Security.ASSERTION:
            return [{"clientAssertion": []}]
        case Security.TOKEN:
            tagged: list[Object] = [{"sessionTag": []}] if operation.tagged else []
            return [{"boundToken": []}, *tagged]


def _parameters(operation: Operation, names: dict[str, str]) -> list[Object]:
    found: list[Object] = []
    if "{" in operation.path:
        name = operation.path.partition("{")[2].rstrip("}")
        found.append(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        )
    if operation.idempotent:
        found.append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": True,
                "description": "The same key with the same body gives the same answer and one effect.",
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:~-]{8,80}$"},
            }
        )
    if operation.security is Security.TOKEN:
        found += [
            {
                "name": name,
                "in": "header",
                "required": True,
                "description": words,
                "schema": {"type": "string"},
            }
            for name, words in _SIGNATURE_FIELDS
        ]
    if operation.params is not None:
        schema = operation.params.model_json_schema(ref_template=_REF)
        required = schema.get("required", [])
        for name, member in schema["properties"].items():
            found.append({"name": name, "in": "query", "required": name in required, "schema": member})
    return found


def _responses(operation: Operation, names: dict[str, str]) -> Object:
    success: Object = {"description": "Done."}
    if operation.answer is not None:
        success["content"] = {"application/json": {"schema": {"$ref": names[operation.answer.__name__]}}}
    elif operation.media_type == "application/json":
        success["content"] = {"application/json": {"schema": {"type": "object"}}}
    else:
        success["content"] = {
            kind: {"schema": {"type": "string"}} for kind in operation.media_type.split(", ")
        }
    found: Object = {str(operation.status): success}
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in operation.all_codes:
        by_status[STATUS[code]].append(code)
    for status, codes in sorted(by_status.items()):
        found[str(status)] = _problem(codes, names)
    return found


def _problem(codes: list[Code], names: dict[str, str]) -> Object:
    values: list[Json] = [str(code) for code in sorted(codes)]
    schema: Object = {
        "allOf": [
            {"$ref": names["Problem"]},
            {"type": "object", "properties": {"code": {"enum": values}}, "required": ["code"]},
        ]
    }
    return {
        "description": ", ".join(str(code) for code in sorted(codes)),
        "content": {PROBLEM: {"schema": schema}},
    }
