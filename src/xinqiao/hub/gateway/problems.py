"""Errors as RFC 9457 problem documents: a stable code, words, and nothing of anybody else's."""

import orjson

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Fact, XinqiaoError
from xinqiao.hub.gateway.http import Reply
from xinqiao.ui.error_words import words

PROBLEM = "application/problem+json"
_RETRY = {429: 60, 503: 10}


def facts_json(facts: dict[str, Fact]) -> dict[str, Json]:
    """Facts as they travel."""
    return {name: [*value] if isinstance(value, list) else value for name, value in facts.items()}


def problem(
    error: XinqiaoError,
    *,
    trace_id: str,
    instance: str | None = None,
    english: bool = False,
    extra: dict[str, Json] | None = None,
    status: int | None = None,
) -> Reply:
    """The answer for an error.

    Args:
        instance: the template of the operation's path, never the path with ids: an answer about a foreign object must
            equal the one about an absent object byte for byte, save the trace id (abuse case B1).
        english: words in English instead of Chinese.
        extra: members beside the standard ones.
        status: another status than the error's own (405).
    """
    said = words(error.code)
    found = status or error.status
    document: dict[str, Json] = {
        "type": f"urn:xinqiao:error:{error.code}",
        "title": said.en if english else said.zh,
        "status": found,
        "code": str(error.code),
        "detail": error.detail,
        "step": said.en_step if english else said.zh_step,
        "trace_id": trace_id,
    }
    if instance is not None:
        document["instance"] = instance
    if error.facts and error.code is not Code.NOT_FOUND:
        document["facts"] = facts_json(error.facts)
    document |= extra or {}
    headers: list[tuple[str, str]] = []
    if found in _RETRY:
        after = error.facts.get("retry_after")
        headers.append(("Retry-After", str(after if isinstance(after, int) else _RETRY[found])))
    if found == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="xinqiao"'))
    return Reply(found, orjson.dumps(document), PROBLEM, tuple(headers))
