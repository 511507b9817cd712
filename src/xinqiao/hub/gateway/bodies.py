"""The body of a request in the shape its operation has."""

from pydantic import BaseModel

from xinqiao.domain.errors import Code, Malformed, Unsupported
from xinqiao.hub.gateway.http import Incoming
from xinqiao.hub.gateway.operations import Operation
from xinqiao.hub.gateway.strict import parse_json, parse_pairs, validate


def parsed_body(request: Incoming, operation: Operation, body: bytes) -> BaseModel | None:
    """The body as the operation's model, ``None`` where it takes none or takes bytes.

    Raises:
        Unsupported: another media type. Malformed, Invalid: see :mod:`~xinqiao.hub.gateway.strict`.
    """
    kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
    if operation.raw_limit:
        if kind != "application/octet-stream":
            raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "send application/octet-stream")
        return None
    if operation.body is None:
        if body:
            raise Malformed(Code.MALFORMED, "the operation takes no body")
        return None
    if kind == "application/json":
        value: object = parse_json(body)
    elif operation.form and kind == "application/x-www-form-urlencoded":
        value = parse_pairs(body)
    else:
        raise Unsupported(Code.MEDIA_TYPE_UNSUPPORTED, "send application/json")
    answer = operation.answer
    read_only = frozenset(answer.model_fields) if answer is not None else frozenset()
    return validate(operation.body, value, read_only=read_only)
