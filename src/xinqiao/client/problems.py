"""Problem documents (RFC 9457) back into the errors they came from, with everything the platform said about its no."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import (
    Code,
    Conflict,
    Fact,
    Forbidden,
    Gone,
    Invalid,
    Malformed,
    NotFound,
    ProviderFault,
    ProviderTimeout,
    Stale,
    TooLarge,
    TooMany,
    Unauthenticated,
    Unavailable,
    Unsupported,
    XinqiaoError,
)

_CLASSES: Mapping[int, type[XinqiaoError]] = {
    cls.status: cls
    for cls in (
        Malformed, Unauthenticated, Forbidden, Conflict, Gone, TooLarge, Unsupported, Invalid, TooMany,
        ProviderFault, Unavailable, ProviderTimeout,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NearestRequest:
    """The request closest to the refused one that would be allowed now."""

    account: str
    product: str
    months: int
    purpose: str | None


@dataclass(frozen=True, slots=True)
class NearestItem:
    """The call or verification closest to the refused one that would be allowed now."""

    item: str
    fields: tuple[str, ...]
    claim: str | None
    purpose: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What the platform said.

    ``title`` and ``step`` are words for people in the language asked for; ``refusal`` is the platform's signed statement
    of the no (already verified), ``leaf`` the index of the refusal in the audit log. ``bound``: the answer is signed as an
    answer to this very request (errors raised before the caller was known cannot be).
    """

    status: int
    code: Code
    title: str
    detail: str
    step: str
    trace_id: str
    reason: str = ""
    nearest: NearestRequest | None = None
    nearest_item: NearestItem | None = None
    leaf: int | None = None
    refusal: str | None = field(default=None, repr=False)
    bound: bool = True


class HubSaid(Exception):
    """The cause of an error that the platform answered with; see :func:`problem_of`."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(f"{problem.status} {problem.code} trace {problem.trace_id}")
        self.problem = problem


def problem_of(error: BaseException) -> Problem | None:
    """What the platform said about ``error``; ``None`` when the error arose here (unreachable, not to be trusted)."""
    return error.__cause__.problem if isinstance(error.__cause__, HubSaid) else None


def _text(document: Mapping[str, Json], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""


def _nearest(value: Json | None) -> NearestRequest | None:
    if not isinstance(value, dict):
        return None
    months, purpose = value.get("months"), value.get("purpose")
    if type(months) is not int:
        return None
    return NearestRequest(
        _text(value, "account"),
        _text(value, "product"),
        months,
        purpose if isinstance(purpose, str) else None,
    )


def _nearest_item(value: Json | None) -> NearestItem | None:
    if not isinstance(value, dict) or not isinstance(value.get("item"), str):
        return None
    names, claim = value.get("fields"), value.get("claim")
    return NearestItem(
        _text(value, "item"),
        tuple(str(one) for one in names) if isinstance(names, list) else (),
        claim if isinstance(claim, str) else None,
        _text(value, "purpose"),
    )


def _facts(value: Json | None) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    for name, item in (value if isinstance(value, dict) else {}).items():
        if isinstance(item, list):
            facts[name] = [str(part) for part in item]
        elif not isinstance(item, dict):
            facts[name] = item
    return facts


def read_problem(status: int, document: Mapping[str, Json], *, bound: bool) -> tuple[XinqiaoError, Problem]:
    """The error a problem document stands for, and the whole of what it says.

    An unknown code of a newer platform keeps its status: it becomes ``INVALID`` (4xx) or ``HUB_INVALID`` (5xx) with the
    code as text in the detail.
    """
    said = _text(document, "code")
    known = said in Code
    code = Code(said) if known else (Code.HUB_INVALID if status >= 500 else Code.INVALID)
    leaf = document.get("denial_leaf")
    index = leaf.get("index") if isinstance(leaf, dict) else None
    refusal = document.get("refusal")
    problem = Problem(
        status=status,
        code=code,
        title=_text(document, "title"),
        detail=_text(document, "detail") if known else f"{said}: {_text(document, 'detail')}",
        step=_text(document, "step"),
        trace_id=_text(document, "trace_id"),
        reason=_text(document, "reason"),
        nearest=_nearest(document.get("nearest")) if bound else None,
        nearest_item=_nearest_item(document.get("nearest")) if bound else None,
        leaf=index if type(index) is int else None,
        refusal=refusal if isinstance(refusal, str) and bound else None,
        bound=bound,
    )
    return _error(status, code, problem.detail, _facts(document.get("facts"))), problem


def _error(status: int, code: Code, detail: str, facts: dict[str, Fact]) -> XinqiaoError:
    if status == NotFound.status:
        return NotFound(detail)
    if status == Stale.status:
        return Stale(detail)
    cls = _CLASSES.get(status) or (ProviderFault if status >= 500 else Invalid)
    return cls(code, detail, facts=facts)
