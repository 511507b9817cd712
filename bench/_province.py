"""A small province for the dossier's benchmark: firms with five collected items each in a real lake, a bank with an
authorisation for each of them in the hub's own database.
"""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.model import FieldType, Item
from xinqiao.domain.consent import Purpose
from xinqiao.domain.identifiers import uscc_check
from xinqiao.lake.store import Lake, bucket_sql

if TYPE_CHECKING:
    from xinqiao.campaigns.stage import Stage

ITEMS = ("electricity_fee", "water_fee", "gas_fee", "medical_insurance_basic", "public_resource_transaction")
RECORDS = 10
_ARROW = {
    FieldType.DATE: pa.date32(),
    FieldType.DECIMAL: pa.decimal128(18, 2),
    FieldType.INTEGER: pa.int64(),
    FieldType.BOOLEAN: pa.bool_(),
    FieldType.LIST: pa.list_(pa.string()),
}
_ENVELOPE = {
    "_subject": pa.string(), "_row": pa.int64(), "_batch": pa.string(), "_source": pa.string(), "_as_of": pa.date32(),
    "_received": pa.timestamp("us"), "_status": pa.string(), "_seq": pa.int64(), "_digest": pa.uint64(),
    "_key": pa.string(),
}  # fmt: skip
RECEIVED = datetime(2026, 11, 1, 8)  # noqa: DTZ001 - the lake keeps naive UTC


def uscc_of(firm: int) -> str:
    """A valid code."""
    body = f"91140100MA{firm:07d}"
    return body + uscc_check(body)


def value_of(item: Item, name: str, firm: int, place: int) -> Any:
    """A value of a field's type, much like real ones: some repeat, some do not."""
    kind = next(field.type for field in item.fields if field.name == name)
    drawn = int.from_bytes(hashlib.blake2b(f"{item.id}{name}{firm}/{place}".encode(), digest_size=4).digest())
    match kind:
        case FieldType.DATE:
            return date(2024, 1, 1) + timedelta(days=drawn % 1000)
        case FieldType.DECIMAL:
            return Decimal(drawn % 10_000_000) / 100
        case FieldType.INTEGER:
            return drawn % 5000
        case FieldType.BOOLEAN:
            return drawn % 20 == 0
        case FieldType.LIST:
            return [f"C{drawn % 7}"]
        case FieldType.ENUM:
            return f"C{drawn % 7}"
    if name == "uscc":
        return uscc_of(firm)
    return f"经营主体{firm}有限公司" if name == "ent_name" else f"{name[:6]}-{drawn % 2000}"


def records_of(item: Item, firm: int) -> list[dict[str, Any]]:
    """The records of a firm."""
    return [
        {field.name: value_of(item, field.name, firm, place) for field in item.fields}
        for place in range(RECORDS)
    ]


def fill_lake(folder: Path, firms: int) -> Lake:
    """Collect them all and compact."""
    lake, catalogue = Lake.open(folder, create=True, buckets=4), load()
    for name in ITEMS:
        item = catalogue.items[name]
        rows = [
            {
                **record, "_subject": uscc_of(firm), "_row": firm * RECORDS + place + 1, "_batch": "B1",
                "_source": "bench", "_as_of": date(2026, 10, 31), "_received": RECEIVED, "_status": "valid",
                "_seq": 1, "_digest": firm, "_key": f"{firm}/{place}",
            }
            for firm in range(firms)
            for place, record in enumerate(records_of(item, firm))
        ]  # fmt: skip
        schema = {one.name: _ARROW.get(one.type, pa.string()) for one in item.fields} | _ENVELOPE
        table = pa.Table.from_pylist(rows, schema=pa.schema(list(schema.items())))
        with lake.begin(name, "B1", 1, key=item.natural_key) as draft, duckdb.connect() as connection:
            connection.register("batch", table)
            connection.execute(
                f"COPY (SELECT *, printf('%03d', {bucket_sql('_subject', lake.buckets)}) AS bucket FROM batch)"
                f" TO '{draft.folder}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (bucket), OVERWRITE_OR_IGNORE)"
            ).fetchall()
            lake.publish(draft, facts={"digest": name})
    lake.compact(full=True)
    return lake


@dataclass
class Granted:
    """The authorisations, by their firms in order."""

    ids: list[str] = field(default_factory=list)
    artefacts: list[str] = field(default_factory=list)


def grant_all(stage: "Stage", firms: int) -> Granted:
    """Firms with one confirmed authorisation each, of all fields that are not about persons."""
    from django.conf import settings

    from xinqiao.domain.canonical import digest_hex
    from xinqiao.domain.items import ItemGrant, ItemScope, ItemTerms, authorisation_claims, grant
    from xinqiao.hub.apps.identity.models import Enterprise
    from xinqiao.hub.apps.items.models import ItemAuthorisation
    from xinqiao.hub.runtime import runtime
    from xinqiao.trust.jws import ArtefactType, sign_jws

    catalogue, at, found = load(), stage.clock.now(), Granted()
    terms = {name: ItemTerms.of(catalogue.items[name]) for name in ITEMS}
    parts = frozenset(ItemGrant(name, one.fields - one.personal) for name, one in terms.items())
    scope = ItemScope(parts, frozenset(), Purpose.LOAN_APPLICATION, 365, 1_000_000)
    for firm in range(firms):
        row_id = f"ita-{secrets.token_hex(16)}"
        owner = Enterprise.objects.create(
            id=f"ent-{secrets.token_hex(16)}",
            uscc=uscc_of(firm),
            name=f"经营主体{firm}有限公司",
            created_at=at,
        )
        granted = grant(
            id=row_id, subject=owner.uscc, institution=stage.bank_id, scope=scope, persons=frozenset(), at=at
        )
        claims = authorisation_claims(
            granted, issuer=settings.XINQIAO_HUB_ID, signatory="per-bench", signed_at=at, shown_digest="0" * 64,
            business_ref=f"B-{firm}",
        )  # fmt: skip
        artefact = sign_jws(claims, runtime.hub_key, ArtefactType.ITEM_AUTHORISATION)
        ItemAuthorisation.objects.create(
            id=row_id, request_no=f"IR-{firm}", authorisation_no=f"IU-{firm}", institution_id=stage.bank_id,
            enterprise=owner, purpose=Purpose.LOAN_APPLICATION.value, business_ref=f"B-{firm}", operator_name="丁一",
            asked={}, requested_at=at, request_expires_at=at + timedelta(days=30), state="confirmed", decided_at=at,
            valid_from=granted.valid_from, valid_to=granted.valid_to, max_queries=scope.max_queries,
            artefact=artefact, artefact_digest=digest_hex(claims),
        )  # fmt: skip
        found.ids.append(row_id)
        found.artefacts.append(artefact)
    return found


def now() -> datetime:
    """The instant."""
    return datetime.now(UTC)
