"""The cast of objections and repair: a department whose records lie in a real lake.

* 澄州市场监管局 (``unit``: its steward, ``clerk``: a supplier) sends 行政处罚信息 and 水费
* 澜县水务 (``stranger``): another source, which must never see anything of the first
* the firms and the bank are those of the cast; ``desk`` is the platform's service desk
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.db import transaction
from tests.hub.cast import OWNER_USCC, Cast, passed_factor

from xinqiao.catalogue import load
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.report import Sight, compose
from xinqiao.hub.actors import (
    EnterpriseActor,
    OperatorActor,
    OperatorRole,
    SourceActor,
    SourceRole,
    SystemActor,
)
from xinqiao.hub.apps.collection.engine import PLACES
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.collection.intake import take_place
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Source
from xinqiao.hub.apps.identity.selectors import source_actor
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.redress.promise import what_you_promise
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.lake.store import Lake
from xinqiao.lake.store.buckets import bucket_name, bucket_of
from xinqiao.ui.i18n import Language

PENALTY, WATER = "x_demo_penalty", "water_fee"
PASSWORD = "long-enough-password"
PDF = b"%PDF-1.7 proof of payment"
DOCUMENT = "澄市监罚〔2026〕12号"
_TYPES = {date: pa.date32(), bool: pa.bool_(), str: pa.string()}


def catalogue() -> Catalogue:
    """The national list with the penalties of a province."""
    return load("2024", Path(__file__).parents[2] / "cases" / "redress")


def penalty(**changes: Any) -> dict[str, Any]:
    """A penalty of the general class, half a year old."""
    return {
        "ent_name": "远山农机有限公司", "uscc": OWNER_USCC, "document_no": DOCUMENT, "decided_on": date(2026, 5, 20),
        "content": "罚款 5000 元", "gravity": "general", "publish": False, **changes,
    }  # fmt: skip


@dataclass
class Bench:
    """Everybody around objections and repair."""

    cast: Cast
    lake: Lake
    unit: SourceActor
    clerk: SourceActor
    stranger: SourceActor
    desk: OperatorActor
    seq: int = field(default=0)

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def hold(
        self, *rows: Mapping[str, Any], item: str = PENALTY, status: str = "valid", uscc: str = OWNER_USCC
    ) -> Batch:
        """A batch of the department, as the pipeline leaves it: rows in the lake, a row in the database."""
        with transaction.atomic():
            self.seq = PLACES * take_place()
        number = f"B-TEST-{self.seq}"
        found = catalogue().items[item]
        envelope = {
            "_subject": uscc, "_batch": number, "_source": "scjg", "_as_of": self.now.date(),
            "_received": self.now.replace(tzinfo=None), "_status": status, "_seq": self.seq,
        }  # fmt: skip
        lines = [{**row, **envelope, "_row": place} for place, row in enumerate(rows, start=1)]
        table = pa.Table.from_pylist(lines)
        with self.lake.begin(item, number, self.seq, key=found.natural_key) as draft:
            place = draft.folder / f"bucket={bucket_name(bucket_of(uscc, self.lake.buckets))}"
            place.mkdir()
            pq.write_table(table, place / "rows.parquet")
            self.lake.publish(draft)
        return Batch.objects.create(
            id=new_id(Prefix.BATCH), seq=self.seq, number=number, source=Source.objects.get(code="scjg"), item=item,
            file_name="p.csv", size=1, digest=f"{self.seq:064d}", received_at=self.now, state="accepted",
        )  # fmt: skip

    def ref(self, item: str = PENALTY, uscc: str = OWNER_USCC) -> str:
        """What the one record of an item is known by."""
        (record,) = held_records(uscc, items=[item])[item]
        return record.ref

    def proof(self, actor: EnterpriseActor | None = None, content: bytes = PDF) -> str:
        """A file the firm added."""
        return services.add_evidence(
            actor=actor or self.cast.owner, file_name="缴款凭证.pdf", chunks=[content], at=self.now
        ).id

    def objection(self, **changes: Any) -> Objection:
        """An objection of the owner against the one penalty."""
        given: dict[str, Any] = {
            "actor": self.cast.owner, "item": PENALTY, "field": "", "kind": "wrong_value", "reason": "金额不对",
            "evidence": [], "key": "form-key-0001", "at": self.now,
        }  # fmt: skip
        given["record_ref"] = changes.pop("record_ref", None) or self.ref(changes.get("item", PENALTY))
        return services.submit_objection(**{**given, **changes})

    def at_source(self, **changes: Any) -> Objection:
        """One that the desk has passed on."""
        row = self.objection(**changes)
        return services.forward_objection(
            actor=self.desk, objection_id=row.id, expected_version=row.version, at=self.now
        )

    def asked(self, **changes: Any) -> services.Asked:
        """An application with everything."""
        given: dict[str, Any] = {
            "item": PENALTY, "explanation": "罚款已缴清", "performed": True, "key": "repair-key-0001",
        }  # fmt: skip
        given["record_ref"] = changes.pop("record_ref", None) or self.ref()
        given["evidence"] = changes.pop("evidence", None) or [self.proof()]
        return services.Asked(**{**given, **changes})

    def signed(self, asked: services.Asked, actor: EnterpriseActor | None = None) -> services.Signed:
        """The promise of an application, confirmed as the page does."""
        who = actor or self.cast.owner
        promised = services.prepare_repair(actor=who, asked=asked, at=self.now)
        seen = what_you_promise(promised, language=Language.ZH)
        return services.Signed(
            passed_factor(who.user_id, seen.act, asked.key, seen.digest, self.now), seen.digest
        )

    def applied(self, **changes: Any) -> Repair:
        """An application of the owner for the one penalty."""
        asked = self.asked(**changes)
        return services.apply_repair(
            actor=self.cast.owner, asked=asked, signed=self.signed(asked), at=self.now
        )

    def accepted(self) -> Repair:
        """One that the department accepted."""
        row = self.applied()
        return services.accept_repair(
            actor=self.unit, repair_id=row.id, expected_version=row.version, at=self.now
        )

    def granted(self) -> Repair:
        """One that the department decided to repair."""
        row = self.accepted()
        return services.grant_repair(
            actor=self.unit, repair_id=row.id, answer="义务已履行", expected_version=row.version, at=self.now
        )

    def lines(self, item: str = PENALTY) -> list[Any]:
        """What the firm's own report shows of an item now."""
        held = holdings_of(OWNER_USCC)
        report = compose(
            held.catalogue, sight=Sight(is_subject=True), records=held.records, supplies=held.supplies
        )
        return next(list(one.lines) for one in report.sections if one.item.id == item)


def make_bench(cast: Cast, folder: Path) -> Bench:
    """Register the sources with their people, make the lake."""
    at = cast.now

    def register(code: str, name: str, items: list[str]) -> SourceActor:
        return source_actor(
            identity.register_source(
                actor=SystemActor("test"), code=code, name=name, short_name=name, kind="department", division="330100",
                items=items, username=f"{code}.steward", password=PASSWORD, display_name="沈砚", at=at, is_demo=True,
            )
        )  # fmt: skip

    unit = register("scjg", "澄州市场监管局", [PENALTY, WATER])
    clerk = identity.add_source_member(
        actor=unit, source_id=unit.source_id, username="scjg.supplier", password=PASSWORD, display_name="陆言",
        roles=frozenset({SourceRole.SUPPLIER}), at=at,
    )  # fmt: skip
    return Bench(
        cast,
        Lake.open(folder, create=True, buckets=2),
        unit,
        source_actor(clerk),
        register("lanshui", "澜县水务", [WATER]),
        OperatorActor(cast.operator.user_id, frozenset({OperatorRole.SERVICE})),
    )
