"""The values that pass between the transactions of an institution's report or portrait."""

from dataclasses import dataclass, field
from datetime import datetime

from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import ItemAuthorisation
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.protocol import Nonce
from xinqiao.hub.apps.reports.models import ReportKind


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """An institution wants a credit report or a portrait, already authenticated.

    ``authorisations``: ids, each one once, all of one firm. ``calls``: the interface items to call at their sources,
    ``None`` for all that are granted and served; a portrait calls none.
    """

    query_id: str
    institution_id: str
    authorisations: tuple[str, ...]
    purpose: Purpose
    operator_name: str
    department: str
    via: str
    calls: frozenset[str] | None = None
    idempotency: Idempotency | None = None
    nonce: Nonce | None = None
    kind: ReportKind = ReportKind.REPORT


@dataclass(frozen=True, slots=True)
class CallWanted:
    """An interface item to be called, under which authorisation, with which fields."""

    item: str
    authorisation_id: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class Opened:
    """The first transaction said yes: sources may be called and the report be put together, but not yet shown."""

    ask: ReportRequest
    enterprise_id: str
    grants: tuple[ItemAuthorisation, ...] = field(repr=False)
    calls: tuple[CallWanted, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a report is given under the lock."""

    number: str
    version: int
    verify_code: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Asker:
    """For whom a portrait was made: an institution, its purpose and person, and what the firm granted it by."""

    institution_id: str
    institution_name: str
    purpose: str
    operator: str
    authorisations: tuple[str, ...]
