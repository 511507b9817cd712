"""Referrals of a case: each verb works / wrong role / another organisation / wrong state / stale / repeated key; the package
is whole, signed and proved offline.
"""

# ruff: noqa: F811 - fixtures are named as arguments

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from tests.hub.cases.house import PDF, House
from tests.hub.portals.conftest import Visitor, browser, text_of, visitor  # noqa: F401 - fixtures

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.hub.apps.cases import services as cases
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.disputes import selectors, services
from xinqiao.hub.apps.disputes.models import Dispute
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.verify import verify_stream

pytestmark = pytest.mark.django_db
type Browser = Callable[[str], Client]
KEY = "dispute-form-1"


def _prepared(
    house: House, case: Case | None = None, *, key: str = KEY, who: Any = None, **changed: str
) -> Dispute:
    said = {"kind": "arbitration", "body": "云陵仲裁委员会（演示）", **changed}
    return services.prepare_dispute(
        actor=who or house.manager, case_id=(case or house.approved()).id, key=key, at=house.now, **said
    )


def _record(house: House, row: Dispute, event: str, **said: Any) -> Dispute:
    asked = {"actor": house.manager, "expected_revision": row.revision, **said}
    return services.record_dispute(dispute_id=row.id, event=event, at=house.now, **asked)


def test_from_the_papers_to_the_end(house: House) -> None:
    row = _prepared(house)
    for event, said in (
        ("file", {"body_no": "云仲（2026）1号"}), ("accept", {}), ("hear", {}), ("decide", {"words": "归还本金"}), ("enforce", {}),
    ):  # fmt: skip
        row = _record(house, row, event, **said)
    assert (row.state, row.body_no, row.filed_at) == ("enforced", "云仲（2026）1号", house.now)
    told = [one.event for one in reversed(selectors.steps(row))]
    assert told == ["prepare", "file", "accept", "hear", "decide", "enforce"]
    assert Notice.objects.filter(kind="dispute_recorded", audience_kind="enterprise").count() == 5


def test_the_other_side_learns_of_it_when_it_is_filed(house: House) -> None:
    row, owner = _prepared(house), house.cast.owner
    with pytest.raises(NotFound):
        selectors.dispute(owner, row.id)
    assert selectors.disputes(owner, row.case_id) == []
    gone = _prepared(house, row.case, key="dispute-form-2", kind="court")
    _record(house, gone, "withdraw")
    with pytest.raises(NotFound):  # given up before anybody was told
        selectors.dispute(owner, gone.id)
    row = _record(house, row, "file")
    assert selectors.dispute(owner, row.id).id == row.id
    with pytest.raises(Forbidden):
        _record(house, row, "accept", actor=owner)
    with pytest.raises(Forbidden):
        services.pack_dispute(actor=owner, dispute_id=row.id, out=io.BytesIO(), at=house.now)


def test_who_may_and_when(house: House) -> None:
    case = house.approved()
    for who, wrong in (
        (house.rival, NotFound), (house.cast.stranger, NotFound), (house.clerk, Forbidden), (house.cast.reader, Forbidden),
    ):  # fmt: skip
        with pytest.raises(wrong):
            _prepared(house, case, who=who)
    for changed, field in (({"kind": "duel"}, "kind"), ({"body": " "}, "body"), ({"key": "x"}, "key")):
        with pytest.raises(Invalid) as refused:
            _prepared(house, case, **changed)
        assert refused.value.facts["field"] == field
    row = _prepared(house, case)
    assert _prepared(house, case).id == row.id
    with pytest.raises(Conflict) as again:
        _prepared(house, case, key="dispute-form-2")
    assert again.value.code is Code.CONFLICT_DUPLICATE
    with pytest.raises(Conflict) as illegal:
        _record(house, row, "decide", words="x")
    assert illegal.value.code is Code.ILLEGAL_MOVE
    with pytest.raises(Stale):
        _record(house, row, "file", expected_revision=9)
    with pytest.raises(Invalid):
        _record(house, row, "nonsense")
    with pytest.raises(Forbidden):
        _record(house, row, "file", actor=house.clerk)
    for who in (house.rival, house.cast.stranger):
        with pytest.raises(NotFound):
            _record(house, row, "file", actor=who)
        with pytest.raises(NotFound):
            services.pack_dispute(actor=who, dispute_id=row.id, out=io.BytesIO(), at=house.now)
    row = _record(house, _record(house, row, "file"), "accept")
    with pytest.raises(Invalid):
        _record(house, row, "decide")
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.filter(id=row.id).update(state="nonsense")


def test_the_package_is_whole_signed_and_proved(house: House) -> None:
    row = house.asked(cases.Ask("upload", "近三个月的销售合同"))
    sent = cases.add_case_file(actor=house.cast.owner, file_name="合同.pdf", chunks=[PDF], at=house.now)
    row = cases.answer_action(
        actor=house.cast.owner, case_id=row.id, action_id=row.actions.get().id, can=True, answer="", files=[sent.id],
        expected_version=row.version, at=house.now,
    )  # fmt: skip
    cases.send_message(
        actor=house.cast.owner, case_id=row.id, text="合同已经传了", key="message-form-1", at=house.now
    )
    dispute, out = _prepared(house, row), io.BytesIO()
    digest = services.pack_dispute(actor=house.manager, dispute_id=dispute.id, out=out, at=house.now)
    assert digest == hashlib.sha256(out.getvalue()).hexdigest() == Dispute.objects.get().package_digest
    with zipfile.ZipFile(out) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(held["manifest.json"])
    listed = {one["name"]: one for one in manifest["entries"]}
    assert set(held) == {*listed, "manifest.json", "manifest.jws"}
    for name, one in listed.items():
        assert (hashlib.sha256(held[name]).hexdigest(), len(held[name])) == (one["sha256"], one["size"])
    assert PDF in [held[name] for name in listed if name.startswith("files/")]
    assert json.loads(held["messages.json"])[0]["text"] == "合同已经传了"
    claims = verify_jws(
        held["manifest.jws"].decode(),
        {key.kid: key for key in runtime.hub_verify_keys()},
        typ=ArtefactType.CASE_PACKAGE,
        at=house.now,
    )
    assert claims["manifest"] == hashlib.sha256(held["manifest.json"]).hexdigest()
    proved = [json.loads(line)["i"] for line in held["ledger.jsonl"].splitlines()[1:]]
    steps = [one["leaf"] for one in json.loads(held["case.json"])["steps"]]
    assert set(steps) < set(proved)
    verdict = verify_stream(io.BytesIO(held["ledger.jsonl"]), trusted_keys=runtime.hub_verify_keys())
    assert (verdict.ok, verdict.leaves) == (True, len(proved))


def _hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found
    return found[1]


def test_through_the_pages_of_both_sides(house: House, browser: Browser, visitor: Visitor) -> None:
    case, bank, firm = house.approved(), browser("kehu"), visitor(house.cast.owner)
    address = reverse("institution:disputes", args=[case.id])
    assert f'href="{address}"' in bank.get(reverse("institution:case", args=[case.id])).content.decode()
    key = _hidden(bank.get(address).content.decode(), "key")
    assert bank.post(address, {"kind": "court", "body": "", "key": key}).status_code == 422
    answer = bank.post(address, {"kind": "court", "body": "云陵金融互联网法庭（演示）", "key": key})
    row = Dispute.objects.get()
    assert answer["Location"] == reverse("institution:dispute", args=[row.id])
    theirs = reverse("enterprise:dispute", args=[row.id])
    assert firm.get(theirs).status_code == 404
    assert "没有纠纷" in text_of(firm.get(reverse("enterprise:disputes", args=[case.id])))
    packed = bank.post(reverse("institution:dispute_package", args=[row.id]))
    assert zipfile.is_zipfile(io.BytesIO(b"".join(packed.streaming_content)))  # type: ignore[attr-defined]
    act = reverse("institution:dispute_act", args=[row.id])
    version = _hidden(bank.get(answer["Location"]).content.decode(), "version")
    assert bank.post(act, {"act": "file", "version": version, "body_no": "（2026）1号"}).status_code == 302
    assert bank.post(act, {"act": "accept", "version": version}).status_code == 412
    page = text_of(firm.get(theirs))
    assert "（2026）1号" in page
    assert "生成并下载材料包" not in page
    for stranger in (browser("kehu2"), browser("outsider")):
        assert stranger.get(answer["Location"]).status_code == 404
        assert stranger.post(act, {"act": "file", "version": "1"}).status_code == 404
        assert stranger.get(address).status_code == 404
