"""Interface items called at their departments for one report: permit, call, release, by the same jobs as any query.

The answers are sealed to keys made for this report and forgotten with it; they are opened in memory and stand in the
report only. Sources are asked at the same time, each for itself: one that is silent takes nothing from the others.
"""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings

from xinqiao.clock import SHANGHAI, Clock
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import FieldType, Item, RowRule
from xinqiao.domain.catalogue.values import read_value
from xinqiao.domain.consent import Reader
from xinqiao.domain.errors import Code, ProviderFault, XinqiaoError
from xinqiao.domain.items import ItemKind, permit_claims
from xinqiao.domain.report import Availability, Call, Record, RecordStatus
from xinqiao.domain.report.sight import Value
from xinqiao.hub.apps.fundflow.answer import refusal_of_node
from xinqiao.hub.apps.fundflow.services import public_jwk
from xinqiao.hub.apps.fundflow.transaction import run_now
from xinqiao.hub.apps.identity.services import node_address
from xinqiao.hub.apps.items.delivery import ADDRESS, check_item_delivery
from xinqiao.hub.apps.items.release import (
    ItemFailJob,
    ItemPermitJob,
    ItemPermitted,
    ItemReleased,
    ItemReleaseJob,
)
from xinqiao.hub.apps.items.rows import ItemRequest
from xinqiao.hub.apps.items.scopes import catalogue
from xinqiao.hub.apps.reports.protocol import CallWanted, Opened
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeAddress, NodeAnswer, NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jwe import open_sealed
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey

#: Sources asked at the same time for one report.
AT_ONCE = 6


@dataclass(slots=True)
class CalledItems:
    """What the sources gave: records by item, why an item has none, and the line of each call."""

    records: dict[str, Sequence[Record]] = field(default_factory=dict, repr=False)
    nothing: dict[str, Availability] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def silent(self, item: str, query_id: str) -> None:
        """A call that brought nothing that may be shown."""
        self.nothing[item] = Availability.SOURCE_SILENT
        self.calls.append(Call(item, query_id, answered=False))


@dataclass(frozen=True, slots=True)
class _Sent:
    """A call under way; ``key`` opens its answer and lives as long as this."""

    permitted: ItemPermitted
    permit_jws: str = field(repr=False)
    address: NodeAddress
    key: OpenKey = field(repr=False)

    def ask(self, client: NodeClient) -> NodeAnswer | XinqiaoError:
        """On the wire, in a thread: nothing here touches the database."""
        body: dict[str, Json] = {
            "permit": self.permit_jws,
            "authorisation": self.permitted.authorisation_jws,
            "query": None,
        }
        try:
            answer = client.call(self.address, ADDRESS[ItemKind.INTERFACE], body)
        except XinqiaoError as error:
            return error
        return answer if answer.ok else refusal_of_node(answer.status, answer.code)


def call_items(opened: Opened, *, client: NodeClient, clock: Clock) -> CalledItems:
    """Call every item that is wanted. A source that does not answer, or not rightly, is recorded as such."""
    found = CalledItems()
    sent = [one for wanted in opened.calls if (one := _permitted(opened, wanted, found, clock)) is not None]
    if sent:
        with ThreadPoolExecutor(min(AT_ONCE, len(sent)), thread_name_prefix="report-call") as pool:
            answers = list(pool.map(lambda one: one.ask(client), sent))
        for one, answer in zip(sent, answers, strict=True):
            _taken(one, answer, found, clock)
    found.calls.sort(key=lambda call: call.item)
    return found


def _permitted(opened: Opened, wanted: CallWanted, found: CalledItems, clock: Clock) -> _Sent | None:
    ask, key, query_id = opened.ask, OpenKey.generate(), new_id(Prefix.ITEM_QUERY)
    request = ItemRequest(
        query_id=query_id,
        institution_id=ask.institution_id,
        authorisation_id=wanted.authorisation_id,
        item=wanted.item,
        item_fields=wanted.fields,
        purpose=ask.purpose,
        operator_name=ask.operator_name,
        department=ask.department,
        # no statement of the institution exists here: the permit is bound to the query's own id
        request_digest=hashlib.sha256(query_id.encode("ascii")).hexdigest(),
        reader=Reader.HUB_DISPLAY,
        enc_jwk=public_jwk(key),
    )
    permitted = run_now(ItemPermitJob(request, settings.XINQIAO_HUB_ID), clock=clock)
    if not isinstance(permitted, ItemPermitted):
        found.silent(wanted.item, query_id)
        return None
    permit_jws = sign_jws(permit_claims(permitted.permit), runtime.hub_key, ArtefactType.ITEM_PERMIT)
    try:
        address = node_address(permitted.permit.node)
    except XinqiaoError as error:
        _failed(permitted, permit_jws, error, found, clock)
        return None
    return _Sent(permitted, permit_jws, address, key)


def _taken(sent: _Sent, answer: NodeAnswer | XinqiaoError, found: CalledItems, clock: Clock) -> None:
    permitted, permit = sent.permitted, sent.permitted.permit
    try:
        if isinstance(answer, XinqiaoError):
            raise answer
        delivered = check_item_delivery(answer.body, permit, sent.permit_jws, sent.address.keys)
        # opened before the release, so that what cannot be opened is never counted as used
        claims = _opened(delivered.answer, sent)
        records = _records(catalogue().items[permit.item], claims, clock)
    except XinqiaoError as error:
        _failed(permitted, sent.permit_jws, error, found, clock)
        return
    released = run_now(ItemReleaseJob(permitted, sent.permit_jws, delivered), clock=clock)
    if not isinstance(released, ItemReleased):
        found.silent(permit.item, permitted.ask.query_id)
        return
    if records:
        found.records[permit.item] = records
    else:
        found.nothing[permit.item] = Availability.NO_RECORD
    withheld = claims.get("withheld")
    found.calls.append(
        Call(
            permit.item,
            permitted.ask.query_id,
            answered=True,
            number=delivered.answer_no,
            records=len(records),
            withheld=withheld if isinstance(withheld, int) else 0,
            cut=claims.get("truncated") is True,
        )
    )


def _failed(
    permitted: ItemPermitted, permit_jws: str, error: XinqiaoError, found: CalledItems, clock: Clock
) -> None:
    ask = permitted.ask
    job = ItemFailJob(
        ask.query_id, ask.authorisation_id, ask.item, permitted.permit.jti, error.code, error.detail[:60], permit_jws
    )  # fmt: skip
    run_now(job, clock=clock)
    found.silent(ask.item, ask.query_id)


def _opened(sealed: str, sent: _Sent) -> dict[str, Json]:
    """The answer in clear, if the node signed it for this permit. Raises ``PROVIDER_INVALID``."""
    permit = sent.permitted.permit
    try:
        signed = open_sealed(sealed, sent.key).decode("ascii")
        claims = verify_jws(signed, sent.address.keys, typ=ArtefactType.ITEM_ANSWER, at=permit.issued_at)
    except (XinqiaoError, ValueError) as error:
        raise ProviderFault(Code.PROVIDER_INVALID, "the answer does not open") from error
    wanted = {"jti": permit.jti, "sub": permit.subject, "item": permit.item}
    if any(claims.get(name) != value for name, value in wanted.items()):
        raise ProviderFault(Code.PROVIDER_INVALID, "the answer is about something else")
    return claims


def _records(item: Item, claims: Mapping[str, Json], clock: Clock) -> list[Record]:
    """The records of an answer. Raises ``PROVIDER_INVALID`` for what is no value of its field."""
    rows, source, number = claims.get("records"), claims.get("source"), claims.get("answer_no")
    if not isinstance(rows, list) or not isinstance(source, str) or not isinstance(number, str):
        raise ProviderFault(Code.PROVIDER_INVALID, "the answer has no records")
    now = clock.now()
    found = []
    for row in rows:
        values = row.get("values") if isinstance(row, dict) else None
        if not isinstance(row, dict) or not isinstance(values, dict):
            raise ProviderFault(Code.PROVIDER_INVALID, "a record has no values")
        status = RecordStatus.OBJECTED if row.get("objected") is True else RecordStatus.VALID
        read = _values(item, values, now.astimezone(SHANGHAI).date())
        found.append(Record(read, source, number, _day(claims.get("data_as_of")), now, status=status))
    return found


def _values(item: Item, texts: Mapping[str, Json], on: date) -> dict[str, Value]:
    read: dict[str, Value] = {}
    # kinds of certificates before the numbers that are judged by them
    for one in sorted(item.fields, key=lambda one: one.type is FieldType.ID_NUMBER):
        text = texts.get(one.name)
        if not isinstance(text, str) or not text:
            continue
        kind = read.get(one.id_type_field or "")
        lists = catalogue().code_lists
        value = read_value(one, text, lists, id_type=kind if isinstance(kind, str) else None, on=on)
        if isinstance(value, RowRule):
            raise ProviderFault(Code.PROVIDER_INVALID, f"{one.name} is no value of its field")
        read[one.name] = value
    return read


def _day(text: Json) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None
