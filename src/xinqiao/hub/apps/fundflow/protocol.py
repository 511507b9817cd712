"""The values that pass between the two transactions of a query, and everything a query may become."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Nearest, Permit, Product, Purpose, QueryKind, Reader
from xinqiao.domain.errors import Code, Fact
from xinqiao.domain.items import ItemNearest
from xinqiao.hub.apps.audit.services import LeafRef
from xinqiao.hub.apps.fundflow.idempotency import Idempotency

#: No look-alike letters: a verification code is read aloud and typed.
_CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Nonce:
    """The nonce of the signed request, stored in the transaction that acts on it."""

    keyid: str
    nonce: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ask:
    """One query as it arrived, already authenticated.

    ``enterprise_id`` is set only for a self query, ``institution_id``, ``authorisation_id`` and ``purpose`` only for an
    institution's. ``enc_jwk`` is the public one-time key the product is sealed to.
    """

    query_id: str
    kind: QueryKind
    via: str
    institution_id: str | None
    enterprise_id: str | None
    authorisation_id: str | None
    account: str
    product: Product
    months: int
    purpose: Purpose | None
    reader: Reader
    operator_name: str
    department: str
    request_digest: str
    enc_jwk: dict[str, str] = field(repr=False)
    fields: frozenset[str] = frozenset()
    idempotency: Idempotency | None = None
    nonce: Nonce | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """The first transaction is durable: the node may be asked."""

    ask: Ask
    permit: Permit
    enterprise_id: str
    node_id: str
    leaf: LeafRef
    authorisation_jws: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """A no, recorded once. ``body`` is the answer as stored under the idempotency key, if there is one."""

    code: Code
    reason: str
    facts: dict[str, Fact] = field(default_factory=dict)
    nearest: Nearest | ItemNearest | None = None
    leaf: LeafRef | None = None
    query_id: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """A use, durable in the log before anybody sees a byte of the product."""

    query_id: str
    product: str = field(repr=False)
    receipt: str = field(repr=False)
    permit: str = field(repr=False)
    leaf_index: int
    leaf_hash: str
    uses_left: int | None
    report_no: str
    verify_code: str
    released_at: datetime


@dataclass(frozen=True, slots=True)
class Repeated:
    """The same idempotency key again: the refusal that was answered the first time."""

    status: int
    body: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The source failed; recorded, no use counted."""

    query_id: str
    code: Code
    leaf: LeafRef


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the node sent, verified: the sealed product, the receipt, and what the receipt says."""

    product: str = field(repr=False)
    product_digest: str
    receipt: str = field(repr=False)
    receipt_digest: str
    report_no: str


type PermitResult = Permitted | Refused | Released | Repeated
type ReleaseResult = Released | Refused


def nearest_json(nearest: Nearest | ItemNearest | None) -> dict[str, Json] | None:
    """The nearest allowed request as it is stored and sent."""
    if nearest is None:
        return None
    if isinstance(nearest, ItemNearest):
        return {
            "item": nearest.item,
            "fields": [*sorted(nearest.fields)],
            "claim": nearest.claim,
            "purpose": str(nearest.purpose),
        }
    return {
        "account": nearest.account,
        "product": str(nearest.product),
        "months": nearest.months,
        "purpose": str(nearest.purpose) if nearest.purpose else None,
    }


def new_verify_code() -> str:
    """A random code for the verification page, 79 bits in four groups."""
    text = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(16))
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))
