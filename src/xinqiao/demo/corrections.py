"""A record that was wrong and was corrected, and one that was repaired: both told through the verbs of the portals.

The second firm objects to a water bill; the desk passes it on, the water company sends the month again and answers. A
court listed the firm; it performed, applies for repair with the proof and the signed promise, and the court grants it.
The records come through the real pipeline. Everything is invented and says so.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from xinqiao.catalogue.template import csv_template
from xinqiao.catalogue.words import example_row
from xinqiao.demo.batches import supplier_of, water_bills
from xinqiao.demo.proof import proof_pdf
from xinqiao.demo.story import Firm, Teller
from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import BatchState
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import EnterpriseActor, OperatorActor, SourceActor
from xinqiao.hub.apps.collection.held import held_records
from xinqiao.hub.apps.collection.services import process_next, submit_whole
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.identity.selectors import actor_for_user, source_steward_actor
from xinqiao.hub.apps.redress import services
from xinqiao.hub.apps.redress.models import Objection, Repair
from xinqiao.hub.apps.redress.promise import what_you_promise
from xinqiao.hub.node_client import NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.ui.i18n import Language

BILL, JUDGMENT = "water_fee", "dishonest_judgment_debtor"
#: What the bill says wrongly, and what is right.
WRONG, RIGHT = "318.40", "0.00"
#: The case, for who looks for it in answers.
CASE = "（2026）演0102执2002号"
_PUBLISHED = timedelta(days=200)


@dataclass(slots=True)
class Corrections:
    """Tells the story. No worker is up yet: batches are judged here, so that nothing has to be waited for."""

    credentials: dict[str, object]
    objection: Objection | None = None
    repair: Repair | None = None
    _owner: EnterpriseActor | None = None

    @property
    def firm(self) -> Firm:
        """The firm it is about."""
        return cast("list[Firm]", self.credentials["enterprises"])[1]

    def tell(self) -> None:
        """The bill and the judgment come; the firm objects and applies; court and water company answer."""
        self._send(BILL, self._bill(WRONG), "water_fee_earlier.csv")
        self._send(JUDGMENT, self._judgment(), "judgment.csv")
        teller = Teller(NodeClient())
        self._owner = teller.login(self.firm)
        self._object(teller.now())
        self._apply(teller)
        teller.client.close()
        self._decide()
        self._send(BILL, self._bill(RIGHT), "water_fee_corrected.csv")
        self._answer()

    # the records

    def _bill(self, arrears: str) -> dict[str, str]:
        day = business_day(runtime.clock.now())
        number = day.year * 12 + day.month - 4  # the third whole month before this one
        firms = cast("list[dict[str, Json]]", self.credentials["enterprises"])
        row = water_bills(firms[:2], f"{number // 12}-{number % 12 + 1:02d}")[1]
        return {**row, "arrears_amount": arrears}

    def _judgment(self) -> dict[str, str]:
        published = business_day(runtime.clock.now()) - _PUBLISHED
        catalogue, name = runtime.catalogue, str(self.firm["name"])
        item = catalogue.items[JUDGMENT]
        usual = example_row(item, catalogue)
        kept = {one.name: usual[one.name] if one.required else "" for one in item.fields}
        return {
            **kept, "subject_name": name, "subject_kind": "法人或其他组织", "uscc": str(self.firm["uscc"]),
            "case_no": CASE, "executing_court": "云陵省演示市人民法院（演示）",
            "basis_document_no": "（2026）演0102民初877号", "basis_issuer": "云陵省演示市人民法院（演示）",
            "obligations": "支付货款 86,000.00 元及利息（演示数据）", "performance": "全部未履行",
            "conduct": "违反财产报告制度", "filed_on": (published - timedelta(days=12)).isoformat(),
            "published_on": published.isoformat(),
        }  # fmt: skip

    def _send(self, item: str, row: dict[str, str], file_name: str) -> None:
        content = csv_template(runtime.catalogue.items[item], [row])
        batch = submit_whole(
            actor=supplier_of(self.credentials, item), item=item, file_name=file_name, chunks=iter([content]),
            at=runtime.clock.now(),
        ).batch  # fmt: skip
        while process_next(clock=runtime.clock):
            pass
        batch.refresh_from_db()
        if batch.state != BatchState.ACCEPTED:
            raise RuntimeError(f"{batch.number}: {batch.state} {batch.code} {batch.receipt}")

    def _ref(self, item: str, name: str, value: str) -> str:
        """What the firm's record of an item is known by whose field says so."""
        held = held_records(str(self.firm["uscc"]), items=[item])[item]
        return next(one.ref for one in held if str(one.values.get(name)) == value)

    # what people do

    def _steward(self, item: str) -> SourceActor:
        sources = cast("list[dict[str, Json]]", self.credentials["sources"])
        one = next(row for row in sources if item in cast("list[str]", row["items"]))
        return source_steward_actor(str(one["id"]), f"{one['code']}.steward")

    @staticmethod
    def _desk() -> OperatorActor:
        actor = actor_for_user(user=User.objects.get(username="operator"), at=runtime.clock.now())
        assert isinstance(actor, OperatorActor)
        return actor

    def _proof(self, name: str, *lines: str) -> str:
        assert self._owner is not None
        content = proof_pdf([*lines, "演示数据，不是真实证明"])
        return services.add_evidence(
            actor=self._owner, file_name=name, chunks=[content], at=runtime.clock.now()
        ).id

    def _object(self, at: datetime) -> None:
        assert self._owner is not None
        row = services.submit_objection(
            actor=self._owner, item=BILL, record_ref=self._ref(BILL, "period", self._bill(WRONG)["period"]),
            field="arrears_amount", kind="wrong_value",
            reason="该月水费已在缴费期内缴清，不应再列欠费 318.40 元。（演示数据）",
            evidence=[self._proof("水费缴款凭证.pdf", "水费缴款凭证", f"缴款单位：{self.firm['name']}", "金额：318.40 元")],
            key="demonstration-objection", at=at,
        )  # fmt: skip
        self.objection = services.forward_objection(
            actor=self._desk(), objection_id=row.id, expected_version=row.version, at=runtime.clock.now()
        )

    def _apply(self, teller: Teller) -> None:
        assert self._owner is not None
        asked = services.Asked(
            item=JUDGMENT, record_ref=self._ref(JUDGMENT, "case_no", CASE),
            explanation="货款和利息已全部付清，法院已出具结案证明。（演示数据）", performed=True,
            evidence=[self._proof("结案证明.pdf", "执行结案证明", f"案号：{CASE}", "义务已经全部履行，本案执行完毕")],
            key="demonstration-repair",
        )  # fmt: skip
        promised = services.prepare_repair(actor=self._owner, asked=asked, at=teller.now())
        seen = what_you_promise(promised, language=Language.ZH)
        signed = services.Signed(teller.factor(self._owner, seen, asked.key), seen.digest)
        self.repair = services.apply_repair(actor=self._owner, asked=asked, signed=signed, at=teller.now())

    def _decide(self) -> None:
        assert self.repair is not None
        court = self._steward(JUDGMENT)
        row = services.accept_repair(
            actor=self._desk(), repair_id=self.repair.id, expected_version=self.repair.version,
            at=runtime.clock.now(),
        )  # fmt: skip
        self.repair = services.grant_repair(
            actor=court, repair_id=row.id, answer="生效法律文书确定的义务已经全部履行，同意修复。（演示数据）",
            expected_version=row.version, at=runtime.clock.now(),
        )  # fmt: skip

    def _answer(self) -> None:
        assert self.objection is not None
        self.objection = services.correct_objection(
            actor=self._steward(BILL), objection_id=self.objection.id,
            answer="经核查，该月水费已在缴费期内缴清，系统入账延迟所致，欠费金额已更正为 0.00 元。（演示数据）",
            expected_version=self.objection.version, at=runtime.clock.now(),
        )  # fmt: skip
