"""The table of operations. Router, validation and ``/openapi.json`` are all made from it, so none can lack what another has.

A handler receives a :class:`Call` (an authenticated, validated request) and returns an answer model or a ready reply.
The handlers are in ``handlers_*``; ``table`` joins them.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel

from xinqiao.domain.errors import Code
from xinqiao.hub.gateway.auth import Caller, Party
from xinqiao.hub.gateway.http import Incoming, Reply

if TYPE_CHECKING:
    from xinqiao.hub.gateway.core import Gateway


class Security(StrEnum):
    """How a caller proves who it is."""

    NONE = "none"
    ASSERTION = "assertion"  # private_key_jwt in the body (RFC 7523)
    TOKEN = "token"  # noqa: S105 - a bearer token and a message signature by the key it is bound to


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request.

    ``caller`` is set for :attr:`Security.TOKEN`; ``body`` and ``params`` are of the operation's models;
    ``fingerprint`` is the digest of the body as received, ``raw`` the body of an operation that takes bytes.
    """

    gateway: "Gateway"
    request: Incoming
    operation: "Operation"
    path_params: dict[str, str]
    body: BaseModel | None
    params: BaseModel | None
    caller: Caller | None
    idempotency_key: str | None
    fingerprint: str
    raw: bytes = field(default=b"", repr=False)

    @property
    def institution_id(self) -> str:
        """The authenticated institution."""
        assert self.caller is not None
        assert self.operation.party is Party.INSTITUTION
        return self.caller.holder_id

    @property
    def source_id(self) -> str:
        """The authenticated source."""
        assert self.caller is not None
        assert self.operation.party is Party.SOURCE
        return self.caller.holder_id

    @property
    def desk_id(self) -> str:
        """The authenticated system of the platform's desk."""
        assert self.caller is not None
        assert self.operation.party is Party.DESK
        return self.caller.holder_id


type Handler = Callable[[Call], Awaitable[BaseModel | Reply]]


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the table.

    Attributes:
        codes: error codes the operation itself can answer; those of its security and of input in general are added.
        stores_nonce: the handler stores the request's nonce in its own transaction.
        party: whose tokens it takes.
        media_type: of an answer that is no model; several, of which one comes, are parted by a comma and a space.
        tagged: it may also be asked in a session. Its handler then asks in its own transaction whether that still counts,
            and keeps the nonce beside the idempotency key.
        raw_limit: above 0, the body is ``application/octet-stream`` of at most so many bytes.
    """

    id: str
    method: str
    path: str
    summary: str
    summary_zh: str
    security: Security
    handler: Handler = field(repr=False)
    answer: type[BaseModel] | None
    status: int = 200
    body: type[BaseModel] | None = None
    form: bool = False
    params: type[BaseModel] | None = None
    codes: tuple[Code, ...] = ()
    idempotent: bool = False
    stores_nonce: bool = False
    media_type: str = "application/json"
    party: Party = Party.INSTITUTION
    raw_limit: int = 0
    tagged: bool = False

    @property
    def all_codes(self) -> tuple[Code, ...]:
        """Every code the operation can answer."""
        found = [*self.codes, Code.MALFORMED, Code.AMBIGUOUS_INPUT, Code.AUDIT_UNAVAILABLE]
        if self.security is Security.TOKEN:
            found += SIGNED_CODES
        if self.security is Security.ASSERTION:
            found += ASSERTED_CODES
        if self.body is not None:
            found += BODY_CODES
        if self.raw_limit:
            found += [Code.BODY_TOO_LARGE, Code.MEDIA_TYPE_UNSUPPORTED]
        if self.params is not None:
            found += [Code.UNKNOWN_FIELD, Code.INVALID]
        if "{" in self.path:
            found.append(Code.NOT_FOUND)
        if self.idempotent:
            found += KEY_CODES
        return tuple(dict.fromkeys(found))


SIGNED_CODES = [
    Code.UNAUTHENTICATED,
    Code.SIGNATURE_INVALID,
    Code.REPLAYED,
    Code.CLOCK_SKEW,
    Code.TOKEN_BINDING,
    Code.TOKEN_TYPE,
    Code.ROLE_FORBIDDEN,
]
ASSERTED_CODES = [
    Code.SIGNATURE_INVALID,
    Code.REPLAYED,
    Code.CLOCK_SKEW,
    Code.TOKEN_EXPIRED,
    Code.AUDIENCE_MISMATCH,
]
BODY_CODES = [
    Code.BODY_TOO_LARGE,
    Code.MEDIA_TYPE_UNSUPPORTED,
    Code.UNKNOWN_FIELD,
    Code.READ_ONLY_FIELD,
    Code.INVALID,
]
KEY_CODES = [Code.IDEMPOTENCY_KEY_REQUIRED, Code.IDEMPOTENCY_IN_FLIGHT, Code.IDEMPOTENCY_MISMATCH]

#: Status of each code as the gateway answers it, for the document; the classes of ``domain.errors`` say the same.
STATUS: dict[Code, int] = {
    **dict.fromkeys([Code.MALFORMED, Code.AMBIGUOUS_INPUT, Code.IDEMPOTENCY_KEY_REQUIRED], 400),
    **dict.fromkeys({*SIGNED_CODES, *ASSERTED_CODES} - {Code.ROLE_FORBIDDEN}, 401),
    **dict.fromkeys(
        [
            Code.ROLE_FORBIDDEN,
            Code.CONSENT_MISSING,
            Code.CONSENT_GRANTEE_MISMATCH,
            Code.CONSENT_NOT_YET_VALID,
            Code.CONSENT_EXPIRED,
            Code.CONSENT_REVOKED,
            Code.CONSENT_REFUSED,
            Code.CONSENT_EXHAUSTED,
            Code.SCOPE_EXCEEDED,
            Code.PURPOSE_MISMATCH,
            Code.ENTRUSTMENT_MISSING,
            Code.ENTRUSTMENT_ENDED,
            Code.REVOKED_BEFORE_RELEASE,
            Code.PERSON_CONSENT_MISSING,
            Code.WRITTEN_CONSENT_MISSING,
            Code.ITEM_NOT_SUPPLIED,
        ],
        403,
    ),
    Code.NOT_FOUND: 404,
    **dict.fromkeys(
        [
            Code.CONFLICT_STATE,
            Code.CONFLICT_DUPLICATE,
            Code.IDEMPOTENCY_IN_FLIGHT,
            Code.ILLEGAL_MOVE,
            Code.NOT_CORRECTED,
        ],
        409,
    ),
    **dict.fromkeys([Code.GONE_EXPIRED, Code.GONE_REVOKED], 410),
    Code.STALE: 412,
    **dict.fromkeys([Code.BODY_TOO_LARGE, Code.FILE_LIMITS, Code.ARCHIVE_LIMITS], 413),
    **dict.fromkeys([Code.MEDIA_TYPE_UNSUPPORTED, Code.FILE_KIND_UNSUPPORTED], 415),
    **dict.fromkeys(
        [
            Code.UNKNOWN_FIELD,
            Code.READ_ONLY_FIELD,
            Code.INVALID,
            Code.IDEMPOTENCY_MISMATCH,
            Code.USCC_FORMAT,
            Code.USCC_CHECKSUM,
            Code.AMOUNT_FORMAT,
            Code.TIME_FORMAT,
            Code.CEILING_EXCEEDED,
            Code.FILE_EMPTY,
            Code.HEADER_MISMATCH,
            Code.FILE_UNREADABLE,
            Code.FILE_VALUE,
            Code.ENCODING_AMBIGUOUS,
            Code.ARCHIVE_UNSAFE,
        ],
        422,
    ),
    **dict.fromkeys([Code.RATE_LIMITED, Code.VERIFICATION_BUDGET, Code.QUEUE_FULL], 429),
    **dict.fromkeys([Code.PROVIDER_INVALID, Code.PROVIDER_UNAVAILABLE, Code.PROVIDER_REFUSED], 502),
    **dict.fromkeys([Code.AUDIT_UNAVAILABLE, Code.STORAGE_UNAVAILABLE], 503),
    Code.PROVIDER_TIMEOUT: 504,
}


class Router:
    """Finds the row for a path that :func:`~.paths.canonical_path` has read. One parameter at most, a whole segment."""

    def __init__(self, table: tuple[Operation, ...]) -> None:
        self._exact: dict[str, dict[str, Operation]] = {}
        self._by_prefix: dict[str, tuple[str, dict[str, Operation]]] = {}
        for operation in table:
            head, brace, rest = operation.path.partition("{")
            if not brace:
                self._exact.setdefault(operation.path, {})[operation.method] = operation
                continue
            if not head.endswith("/") or not rest.endswith("}") or "/" in rest:
                raise ValueError(f"{operation.path}: the parameter is the last segment")
            self._by_prefix.setdefault(head, (rest[:-1], {}))[1][operation.method] = operation

    def find(self, path: str) -> tuple[dict[str, Operation], dict[str, str]] | None:
        """The operations of a path by method, and the path's parameters."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, {}
        head, _, last = path.rpartition("/")
        found = self._by_prefix.get(f"{head}/")
        if found is None or not last:
            return None
        name, operations = found
        return operations, {name: last}
