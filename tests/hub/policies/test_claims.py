"""The verbs of applications, each: works, wrong role, another organisation, wrong state, stale, repeated key; the money."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.policies.bureau import Bureau, loan

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.market.conditions import Missing
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.policies import claims, files, selectors
from xinqiao.hub.apps.policies.models import Claim, FirmShare, FundEntry, FundLine, Payment, Reservation
from xinqiao.hub.apps.redress.evidence import add_evidence, sweep_evidence

pytestmark = pytest.mark.django_db
type Verb = Callable[..., Claim]

TURN_DOWN = partial(claims.turn_down, reason="material", words="缺合同")
ASK = partial(claims.ask, words="请补合同")
SEND_BACK = partial(claims.send_back, words="金额要核对")
PAY = partial(claims.pay, voucher="GK-0001")
RETURN = partial(claims.book_return, amount_fen=100, key="back-0001")
SUPPLY = partial(claims.supply, said=loan())
FEEDBACK = partial(claims.give_feedback, stars=5, words="很快")


def _asked(bureau: Bureau) -> Claim:
    row = bureau.accepted()
    return ASK(actor=bureau.writer, claim_id=row.id, expected_revision=row.revision, at=bureau.now)


#: Verb, how the application gets there, who does it, who of the same side may not, the state that follows.
VERBS: list[tuple[str, Verb, Callable[[Bureau], Claim], str, str, str]] = [
    ("accept", claims.accept, Bureau.applied, "writer", "fund", "accepted"),
    ("decline", TURN_DOWN, Bureau.applied, "second", "head", "declined"),
    ("ask", ASK, Bureau.accepted, "writer", "fund", "supplement"),
    ("refuse", TURN_DOWN, Bureau.accepted, "writer", "fund", "refused"),
    ("review", claims.review, Bureau.accepted, "writer", "fund", "reviewed"),
    ("confirm", claims.confirm, Bureau.reviewed, "fund", "second", "in_notice"),
    ("send_back", SEND_BACK, Bureau.reviewed, "fund", "second", "accepted"),
    ("object", TURN_DOWN, Bureau.noticed, "second", "fund", "refused"),
    ("pay", PAY, Bureau.payable, "fund", "second", "paid"),
    ("return", RETURN, Bureau.paid, "fund", "second", "paid"),
    ("supply", SUPPLY, _asked, "owner", "reader", "accepted"),
    ("withdraw", claims.withdraw, Bureau.noticed, "clerk", "reader", "withdrawn"),
    ("feedback", FEEDBACK, Bureau.paid, "owner", "reader", "paid"),
]
#: From which state each of them does not work.
WRONG: dict[str, Callable[[Bureau], Claim]] = dict.fromkeys(("confirm", "send_back", "pay", "return", "supply", "feedback", "review", "ask"), Bureau.applied)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "verb", "start", "who", "not_he", "then"), VERBS, ids=[one[0] for one in VERBS]
)
def test_each_verb(
    name: str, verb: Verb, start: Callable[[Bureau], Claim], who: str, not_he: str, then: str, bureau: Bureau
) -> None:
    row = start(bureau)
    people = {**vars(bureau.cast), **vars(bureau)}
    asked: dict[str, Any] = {"claim_id": row.id, "expected_revision": row.revision, "at": bureau.now}
    for stranger in (bureau.foreign, bureau.cast.bank, bureau.cast.stranger):
        with pytest.raises(NotFound):
            verb(actor=stranger, **asked)
    with pytest.raises(Forbidden):
        verb(actor=people[not_he], **asked)
    with pytest.raises(Stale):
        verb(actor=people[who], **{**asked, "expected_revision": row.revision + 1})
    leaves = Leaf.objects.count()
    assert verb(actor=people[who], **asked).state == then
    assert Leaf.objects.count() == leaves + 1
    if name == "return":  # its form has a key: once more is the same
        assert verb(actor=people[who], **asked).id == row.id
        assert FundEntry.objects.filter(kind="return").count() == 1
    else:
        with pytest.raises(Stale):
            verb(actor=people[who], **asked)
    ended = Claim.objects.create(
        id="plc-" + "1" * 32, number="ZS-X", policy=row.policy, version=row.version, enterprise=row.enterprise, key="other-key",
        state="returned", said={}, amount_fen=1, applied_at=bureau.now, contract="x|y", stars=1, closed_at=bureau.now,
    )  # fmt: skip
    more = {"key": "back-0002"} if name == "return" else {}
    with pytest.raises(Conflict):
        verb(actor=people[who], claim_id=ended.id, expected_revision=1, at=bureau.now, **more)


def test_from_the_application_to_six_thousand_yuan(bureau: Bureau) -> None:
    row = bureau.applied()
    assert (row.amount_fen, bureau.line(row)) == (600_000, (0, 0, 0))
    row = bureau.reviewed(row)
    assert bureau.line(row) == (600_000, 0, 1)
    row = claims.confirm(actor=bureau.fund, claim_id=row.id, expected_revision=row.revision, at=bureau.now)
    assert row.due_on == date(2026, 11, 27)  # five working days after a Saturday
    assert [one.id for one in selectors.notices(date(2026, 11, 27))] == [row.id]
    bureau.cast.clock.advance(timedelta(days=6))  # the last day of the notice is not over
    assert claims.end_terms(at=bureau.now) == 0
    bureau.cast.clock.advance(timedelta(days=1))
    assert claims.end_terms(at=bureau.now) == 1
    assert claims.end_terms(at=bureau.now) == 0
    row.refresh_from_db()
    row = PAY(actor=bureau.fund, claim_id=row.id, expected_revision=row.revision, at=bureau.now)
    payment = Payment.objects.get(claim=row)
    assert (payment.amount_fen, bureau.line(row)) == (600_000, (0, 600_000, 1))
    assert [one.event for one in selectors.claim_steps(row)] == [
        "apply",
        "accept",
        "review",
        "publish_notice",
        "clear",
        "pay",
    ]
    kinds = set(Notice.objects.filter(audience_kind="enterprise").values_list("kind", flat=True))
    assert kinds >= {"policy_accepted", "policy_confirmed", "policy_paid"}


def test_who_reviewed_neither_confirms_nor_pays(bureau: Bureau) -> None:
    row = bureau.reviewed()  # the writer, who holds the fund's role, too
    for verb in (claims.confirm, SEND_BACK):
        with pytest.raises(Forbidden) as refused:
            verb(actor=bureau.writer, claim_id=row.id, expected_revision=row.revision, at=bureau.now)
        assert refused.value.facts["reason"] == "FOUR_EYES"
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(id=row.id).update(confirmed_by=row.reviewed_by)


def test_no_day_of_a_loan_is_asked_for_twice_by_anybody(bureau: Bureau) -> None:
    version = bureau.published()
    first = bureau.applied(version)
    assert bureau.applied(version).id == first.id
    asked = partial(claims.apply, policy_id=version.policy_id, at=bureau.now)
    doubles = (
        loan(start="2026-08-27", end="2026-09-01"),
        loan(contract=" lj-001 "),
        loan(start="2026-02-01", end="2026-03-02"),
    )
    for place, said in enumerate(doubles):
        for actor in (bureau.cast.owner, bureau.cast.stranger):
            with pytest.raises(Conflict) as refused:
                asked(actor=actor, said=said, key=f"form-100{place}")
            assert refused.value.code is Code.CONFLICT_DUPLICATE
    later = asked(actor=bureau.cast.owner, said=loan(start="2026-08-28", end="2026-09-01"), key="form-2000")
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(id=later.id).update(first_day=first.first_day)
    claims.withdraw(
        actor=bureau.cast.owner, claim_id=first.id, expected_revision=first.revision, at=bureau.now
    )
    assert asked(actor=bureau.cast.owner, said=loan(), key="form-2001").state == "applied"


def test_a_grant_is_asked_for_once_by_each_firm(bureau: Bureau) -> None:
    version = bureau.published(kind="grant", each="3000.00", rate=None, most_days=None)
    first = bureau.applied(version, said={})
    assert first.amount_fen == 300_000
    with pytest.raises(Conflict):
        bureau.applied(version, key="form-0002", said={})
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            id="plc-" + "2" * 32, number="ZS-Y", policy=first.policy, version=version, enterprise=first.enterprise, key="third-one",
            said={}, amount_fen=1, applied_at=bureau.now,
        )  # fmt: skip
    other = claims.apply(
        actor=bureau.cast.stranger, policy_id=version.policy_id, said={}, key="form-0001", at=bureau.now
    )
    assert other.id != first.id


def test_who_is_not_meant_is_told_and_who_may_be_is_let_in(bureau: Bureau) -> None:
    abroad = bureau.published(regions=["14"])
    with pytest.raises(Conflict) as refused:
        bureau.applied(abroad)
    assert refused.value.facts["reason"] == "NOT_ELIGIBLE"
    unknown = bureau.published(key="form-0002", condition={"field": "firm.tax_grade", "one_of": ["A"]})
    row = bureau.applied(unknown)
    reason = row.findings[-1]
    assert (reason["found"], reason["missing"]) == (1, Missing.NOT_TOLD.value)
    suspended = bureau.published(key="form-0003", open_to="2026-11-20")
    with pytest.raises(NotFound):
        bureau.applied(suspended, key="form-0009")


def test_the_ceiling_of_a_firm_and_the_end_of_the_fund(bureau: Bureau) -> None:
    version = bureau.published(budget="13000.00")
    bureau.reviewed(bureau.applied(version))
    second = bureau.reviewed(bureau.applied(version, "form-0002", loan(contract="LJ-002")))
    assert second.amount_fen == 600_000  # together the 12,000 of a firm
    third = bureau.accepted(bureau.applied(version, "form-0003", loan(contract="LJ-003")))
    review = partial(claims.review, actor=bureau.writer, at=bureau.now)
    with pytest.raises(Conflict) as refused:
        review(claim_id=third.id, expected_revision=third.revision)
    assert (refused.value.code, refused.value.facts["reason"]) == (Code.FUND_EXCEEDED, "FIRM")
    foreign = claims.apply(
        actor=bureau.cast.stranger,
        policy_id=version.policy_id,
        said=loan(contract="LJ-004"),
        key="form-0004",
        at=bureau.now,
    )
    foreign = bureau.accepted(foreign)
    with pytest.raises(Conflict) as refused:
        review(claim_id=foreign.id, expected_revision=foreign.revision)
    assert refused.value.facts["reason"] == "FUND"
    foreign.refresh_from_db()
    assert (foreign.state, bureau.line(foreign)) == ("accepted", (1_200_000, 0, 2))
    # what is let go can be given to the next
    claims.withdraw(
        actor=bureau.cast.owner, claim_id=second.id, expected_revision=second.revision, at=bureau.now
    )
    assert review(claim_id=foreign.id, expected_revision=foreign.revision).amount_fen == 600_000


def test_the_number_of_places(bureau: Bureau) -> None:
    version = bureau.published(quota=1)
    bureau.reviewed(bureau.applied(version))
    second = bureau.accepted(bureau.applied(version, "form-0002", loan(contract="LJ-002")))
    with pytest.raises(Conflict) as refused:
        claims.review(
            actor=bureau.writer, claim_id=second.id, expected_revision=second.revision, at=bureau.now
        )
    assert refused.value.facts["reason"] == "QUOTA"


def test_money_that_comes_back_may_be_spent_again(bureau: Bureau) -> None:
    row = bureau.paid()
    back = partial(claims.book_return, actor=bureau.fund, claim_id=row.id, at=bureau.now)
    row = back(amount_fen=200_000, key="back-0001", expected_revision=row.revision)
    assert (row.state, bureau.line(row)) == ("paid", (0, 400_000, 1))
    with pytest.raises(Conflict) as refused:
        back(amount_fen=400_001, key="back-0002", expected_revision=row.revision)
    assert refused.value.facts["reason"] == "RETURN"
    for amount in (0, -1):
        with pytest.raises(Invalid):
            back(amount_fen=amount, key="back-0003", expected_revision=row.revision)
    row = back(amount_fen=400_000, key="back-0004", expected_revision=row.revision)
    assert (row.state, bureau.line(row)) == ("returned", (0, 0, 0))
    line = FundLine.objects.get(policy_id=row.policy_id)
    assert (line.left_fen, line.returned_fen, FirmShare.objects.get().used_fen) == (2_000_000, 600_000, 0)
    # the entries add up to the line
    total = reserved = paid = 0
    for one in FundEntry.objects.filter(line=line).order_by("seq"):
        total += one.amount_fen * (one.kind == "budget")
        reserved += one.amount_fen * ((one.kind == "reserve") - (one.kind in ("release", "pay")))
        paid += one.amount_fen * ((one.kind == "pay") - (one.kind == "return"))
        assert (one.total_fen, one.reserved_fen, one.paid_fen) == (total, reserved, paid)


def test_a_voucher_pays_once(bureau: Bureau) -> None:
    version = bureau.published()
    bureau.paid(bureau.applied(version))
    second = bureau.payable(bureau.applied(version, "form-0002", loan(contract="LJ-002")))
    ask = {
        "actor": bureau.fund,
        "claim_id": second.id,
        "expected_revision": second.revision,
        "at": bureau.now,
    }
    with pytest.raises(Conflict) as refused:
        claims.pay(voucher="GK-0001", **ask)
    assert refused.value.code is Code.CONFLICT_DUPLICATE
    for wrong in ("", " ", "x" * 41, "a\x00b"):
        with pytest.raises(Invalid):
            claims.pay(voucher=wrong, **ask)
    assert bureau.line(second) == (600_000, 600_000, 2)
    assert claims.pay(voucher="GK-0002", **ask).state == "paid"


def test_without_a_public_notice_a_second_person_still_confirms(bureau: Bureau) -> None:
    row = bureau.noticed(bureau.applied(bureau.published(notice_days=0)))
    assert (row.state, row.due_on) == ("payable", None)


def test_what_is_lacking_comes_or_the_application_lapses(bureau: Bureau) -> None:
    row = _asked(bureau)
    assert row.due_on == date(2026, 11, 27)
    with pytest.raises(Invalid):
        claims.supply(
            actor=bureau.cast.owner,
            claim_id=row.id,
            said=loan(lender=""),
            expected_revision=row.revision,
            at=bureau.now,
        )
    bureau.cast.clock.advance(timedelta(days=7))
    assert claims.end_terms(at=bureau.now) == 1
    row.refresh_from_db()
    assert (row.state, row.reason) == ("lapsed", "material")


def test_a_refusal_names_its_reason(bureau: Bureau) -> None:
    row = bureau.applied()
    ask = {"actor": bureau.writer, "claim_id": row.id, "expected_revision": row.revision, "at": bureau.now}
    for reason, words in (("", "x"), ("because", "x"), ("other", " "), ("material", "x" * 501)):
        with pytest.raises(Invalid):
            claims.turn_down(reason=reason, words=words, **ask)
    assert claims.turn_down(reason="no_fund", words="", **ask).reason == "no_fund"


@pytest.fixture
def paper(bureau: Bureau) -> str:
    """A file of the owner's firm."""
    made = add_evidence(
        actor=bureau.cast.owner, file_name="合同.pdf", chunks=[b"%PDF-1.7 contract"], at=bureau.now
    )
    return made.id


def test_files_go_with_the_application_and_are_not_swept_away(bureau: Bureau, paper: str) -> None:
    version = bureau.published(mode="full")
    asked = partial(claims.apply, policy_id=version.policy_id, at=bureau.now, said=loan())
    with pytest.raises(Invalid) as refused:
        asked(actor=bureau.cast.owner, key="form-0001")
    assert refused.value.facts["field"] == "materials"
    with pytest.raises(Invalid):
        asked(actor=bureau.cast.stranger, key="form-0001", evidence=[paper])
    row = asked(actor=bureau.cast.owner, key="form-0001", evidence=[paper])
    with pytest.raises(Invalid):
        asked(actor=bureau.cast.owner, key="form-0002", evidence=[paper], said=loan(contract="LJ-002"))
    bureau.cast.clock.advance(timedelta(days=3))
    assert sweep_evidence(at=bureau.now) == 0
    for actor in (bureau.cast.owner, bureau.second):
        assert files.claim_file(actor, paper)[1] == b"%PDF-1.7 contract"
    for actor in (bureau.foreign, bureau.cast.stranger, bureau.cast.bank):
        with pytest.raises(NotFound):
            files.claim_file(actor, paper)
    assert [one.id for one in files.claim_files(row)] == [paper]


def test_each_side_sees_its_own(bureau: Bureau) -> None:
    row = bureau.applied()
    assert [one.id for one in selectors.claims(bureau.cast.owner)] == [row.id]
    assert [one.id for one in selectors.claims(bureau.head)] == [row.id]
    assert (
        selectors.claims(bureau.foreign)
        == selectors.claims(bureau.cast.stranger)
        == selectors.claims(bureau.cast.bank)
        == []
    )
    assert selectors.said_before(bureau.cast.owner, row.policy_id) == row
    assert selectors.said_before(bureau.cast.stranger, row.policy_id) is None
    with pytest.raises(NotFound):
        selectors.claim(bureau.foreign, row.id)


def test_the_database_refuses_an_overspent_fund(bureau: Bureau) -> None:
    row = bureau.paid()
    line = FundLine.objects.filter(policy_id=row.policy_id)
    for wrong in ({"paid_fen": 2_000_001}, {"reserved_fen": -1}, {"quota": 0}, {"total_fen": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            line.update(**wrong)
    with pytest.raises(IntegrityError), transaction.atomic():
        FirmShare.objects.update(used_fen=1_200_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.filter(claim=row).update(returned_fen=600_001)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reservation.objects.filter(claim=row).update(state="gone")
    with pytest.raises(IntegrityError), transaction.atomic():
        FundEntry.objects.create(
            line=line.get(),
            seq=99,
            kind="pay",
            amount_fen=1,
            claim=row,
            total_fen=9,
            reserved_fen=0,
            paid_fen=1,
            at=bureau.now,
        )
    assert Enterprise.objects.count()
