"""The family of errors: a stable code, the facts, and a category that the edges turn into a status.

::

    XinqiaoError
      Malformed         400   not even a request of the contract: syntax, ambiguity, a missing key
      Unauthenticated   401   who are you?            (signature, token, replay)
      Forbidden         403   known, but not allowed  (authorisation, role, purpose)
      NotFound          404   absent, or not yours: the two are the same
      Conflict          409   the state does not allow it now
      Gone              410   it was there; it has expired or was withdrawn
      Stale             412   somebody changed it since you looked
      TooLarge          413   over a stated limit
      Unsupported       415   a kind of content that is not taken
      Invalid           422   the input is not what the contract says
      TooMany           429   over a budget or a rate
      ProviderFault     502   the source answered something that cannot be trusted
      ProviderTimeout   504   the source did not answer in time
      Unavailable       503   fail closed: what cannot be recorded is not done

Words are added at the edge (portal, gateway); nothing here is translated. ``facts`` never hold another tenant's
data, SQL, paths or personal data, because they may be shown.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

type Fact = str | int | bool | list[str] | None


class Code(StrEnum):
    """Stable codes, part of the public contract: never renamed, never reused."""

    # who are you
    UNAUTHENTICATED = "UNAUTHENTICATED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    REPLAYED = "REPLAYED"
    CLOCK_SKEW = "CLOCK_SKEW"
    AUDIENCE_MISMATCH = "AUDIENCE_MISMATCH"
    TOKEN_BINDING = "TOKEN_BINDING"  # noqa: S105 - a code, not a secret
    TOKEN_TYPE = "TOKEN_TYPE"  # noqa: S105 - a code, not a secret
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 - a code, not a secret
    IDENTITY_NOT_VERIFIED = "IDENTITY_NOT_VERIFIED"
    LOGIN_LOCKED = "LOGIN_LOCKED"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"

    # known, but not allowed
    CONSENT_MISSING = "CONSENT_MISSING"
    CONSENT_GRANTEE_MISMATCH = "CONSENT_GRANTEE_MISMATCH"
    CONSENT_NOT_YET_VALID = "CONSENT_NOT_YET_VALID"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    CONSENT_REFUSED = "CONSENT_REFUSED"
    CONSENT_EXHAUSTED = "CONSENT_EXHAUSTED"
    SCOPE_EXCEEDED = "SCOPE_EXCEEDED"
    PURPOSE_MISMATCH = "PURPOSE_MISMATCH"
    PURPOSE_NOT_SUPPORTED = "PURPOSE_NOT_SUPPORTED"
    CEILING_EXCEEDED = "CEILING_EXCEEDED"
    ENTRUSTMENT_MISSING = "ENTRUSTMENT_MISSING"
    ENTRUSTMENT_ENDED = "ENTRUSTMENT_ENDED"
    SUBJECT_NOT_AUTHORISED = "SUBJECT_NOT_AUTHORISED"
    ROLE_FORBIDDEN = "ROLE_FORBIDDEN"
    CSRF_FAILED = "CSRF_FAILED"
    REVOKED_BEFORE_RELEASE = "REVOKED_BEFORE_RELEASE"
    PERMIT_EXPIRED = "PERMIT_EXPIRED"
    PERSON_CONSENT_MISSING = "PERSON_CONSENT_MISSING"
    WRITTEN_CONSENT_MISSING = "WRITTEN_CONSENT_MISSING"

    # absent, state, time
    NOT_FOUND = "NOT_FOUND"
    CONFLICT_STATE = "CONFLICT_STATE"
    CONFLICT_DUPLICATE = "CONFLICT_DUPLICATE"
    IDEMPOTENCY_IN_FLIGHT = "IDEMPOTENCY_IN_FLIGHT"
    IDEMPOTENCY_MISMATCH = "IDEMPOTENCY_MISMATCH"
    IDEMPOTENCY_KEY_REQUIRED = "IDEMPOTENCY_KEY_REQUIRED"
    STALE = "STALE"
    GONE_EXPIRED = "GONE_EXPIRED"
    GONE_REVOKED = "GONE_REVOKED"

    # input
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    MEDIA_TYPE_UNSUPPORTED = "MEDIA_TYPE_UNSUPPORTED"
    MALFORMED = "MALFORMED"
    AMBIGUOUS_INPUT = "AMBIGUOUS_INPUT"
    INVALID = "INVALID"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    READ_ONLY_FIELD = "READ_ONLY_FIELD"
    USCC_FORMAT = "USCC_FORMAT"
    USCC_CHECKSUM = "USCC_CHECKSUM"
    NAME_FORBIDDEN_CHARACTER = "NAME_FORBIDDEN_CHARACTER"
    AMOUNT_FORMAT = "AMOUNT_FORMAT"
    TIME_FORMAT = "TIME_FORMAT"
    WHAT_YOU_SEE = "WHAT_YOU_SEE"
    ACCOUNT_NAME_MISMATCH = "ACCOUNT_NAME_MISMATCH"
    ACCOUNT_NOT_FOUND = "ACCOUNT_NOT_FOUND"
    ACCOUNT_CLOSED = "ACCOUNT_CLOSED"
    ACCOUNT_NOT_ELIGIBLE = "ACCOUNT_NOT_ELIGIBLE"

    # files
    FILE_UNREADABLE = "FILE_UNREADABLE"
    FILE_EMPTY = "FILE_EMPTY"
    FILE_COLUMNS = "FILE_COLUMNS"
    FILE_VALUE = "FILE_VALUE"
    ENCODING_AMBIGUOUS = "ENCODING_AMBIGUOUS"
    FILE_KIND_UNSUPPORTED = "FILE_KIND_UNSUPPORTED"
    FILE_LIMITS = "FILE_LIMITS"
    ARCHIVE_LIMITS = "ARCHIVE_LIMITS"
    ARCHIVE_UNSAFE = "ARCHIVE_UNSAFE"
    HEADER_MISMATCH = "HEADER_MISMATCH"

    # the lake of collected records
    LAKE_BUSY = "LAKE_BUSY"
    LAKE_FULL = "LAKE_FULL"
    LAKE_INVALID = "LAKE_INVALID"

    # collection
    ITEM_NOT_SUPPLIED = "ITEM_NOT_SUPPLIED"
    QUEUE_FULL = "QUEUE_FULL"
    STORAGE_UNAVAILABLE = "STORAGE_UNAVAILABLE"
    PROCESSING_FAILED = "PROCESSING_FAILED"

    # policies
    FUND_EXCEEDED = "FUND_EXCEEDED"

    # objections and credit repair
    NOT_CORRECTED = "NOT_CORRECTED"
    REPAIR_LACKING = "REPAIR_LACKING"
    TOO_MANY_OPEN = "TOO_MANY_OPEN"

    # flow and faults
    RATE_LIMITED = "RATE_LIMITED"
    VERIFICATION_BUDGET = "VERIFICATION_BUDGET"
    PROVIDER_INVALID = "PROVIDER_INVALID"
    PROVIDER_TIMEOUT = "PROVIDER_TIMEOUT"
    PROVIDER_UNAVAILABLE = "PROVIDER_UNAVAILABLE"
    PROVIDER_REFUSED = "PROVIDER_REFUSED"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    KEY_UNUSABLE = "KEY_UNUSABLE"
    HUB_UNREACHABLE = "HUB_UNREACHABLE"
    HUB_INVALID = "HUB_INVALID"

    # inside the state machines
    ILLEGAL_MOVE = "ILLEGAL_MOVE"


class XinqiaoError(Exception):
    """Base of every error this package raises on purpose."""

    status: ClassVar[int] = 500

    def __init__(self, code: Code, detail: str = "", *, facts: Mapping[str, Fact] | None = None) -> None:
        self.code = code
        self.detail = detail
        self.facts: dict[str, Fact] = dict(facts or {})
        super().__init__(f"{code}: {detail}" if detail else str(code))


class Malformed(XinqiaoError):
    """What arrived cannot be read, or can be read in two ways; nothing of it is judged further."""

    status = 400


class Unauthenticated(XinqiaoError):
    """The caller is not who it says it is, or says nothing."""

    status = 401


class Forbidden(XinqiaoError):
    """The caller is known and is not allowed."""

    status = 403


class NotFound(XinqiaoError):
    """Absent, or belonging to somebody else: deliberately the same answer."""

    status = 404

    def __init__(self, detail: str = "") -> None:
        super().__init__(Code.NOT_FOUND, detail)


class Conflict(XinqiaoError):
    """The present state does not allow the change."""

    status = 409


class Gone(XinqiaoError):
    """It existed and has expired or was withdrawn."""

    status = 410


class Stale(XinqiaoError):
    """The object changed since the caller read it."""

    status = 412

    def __init__(self, detail: str = "") -> None:
        super().__init__(Code.STALE, detail)


class TooLarge(XinqiaoError):
    """Over a stated limit of size."""

    status = 413


class Unsupported(XinqiaoError):
    """A kind of content that is not taken."""

    status = 415


class Invalid(XinqiaoError):
    """The input breaks the contract; ``facts`` name the field."""

    status = 422


class TooMany(XinqiaoError):
    """Over a rate or a budget; ``facts['retry_after']`` is in seconds."""

    status = 429


class ProviderFault(XinqiaoError):
    """The source answered something that cannot be trusted; nothing of it is forwarded."""

    status = 502


class Unavailable(XinqiaoError):
    """Fail closed: what cannot be recorded is not done."""

    status = 503


class ProviderTimeout(XinqiaoError):
    """The source did not answer inside its deadline."""

    status = 504
