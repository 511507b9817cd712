"""The verbs of policies, each: works, wrong role, another department, wrong state, stale, repeated key."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.policies.bureau import KEY, Bureau, written

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.policies import selectors, services
from xinqiao.hub.apps.policies.models import FundEntry, FundLine, Policy, PolicyVersion
from xinqiao.hub.apps.policies.selectors import Looked

pytestmark = pytest.mark.django_db

type Verb = Callable[..., PolicyVersion]
SUBMIT, RECALL, DROP = services.submit_version, services.recall_version, services.drop_version
PUBLISH, RESUME = services.publish_version, services.resume_policy
REFUSE = partial(services.refuse_version, reason="条件写错了")
SUSPEND = partial(services.suspend_policy, reason="资金要重新安排")
WITHDRAW = partial(services.withdraw_policy, reason="政策到期")
SAVE = partial(services.save_draft, terms=written(title="改了名字"))


def test_a_policy_is_written_reviewed_by_another_and_has_its_fund(bureau: Bureau) -> None:
    before = Leaf.objects.count()
    row = bureau.published()
    assert (row.state, row.no, row.policy.number[:3]) == ("published", 1, "ZC-")
    assert (row.decided_by, row.writers) == (bureau.second.user_id, [bureau.writer.user_id])
    steps = selectors.policy_steps(row)
    assert [one.event for one in steps] == ["write", "submit", "publish"]
    assert Leaf.objects.count() == before + 3
    line = FundLine.objects.get(policy=row.policy)
    assert (line.total_fen, line.left_fen, line.firm_cap_fen) == (2_000_000, 2_000_000, 1_200_000)
    assert [(one.kind, one.amount_fen) for one in selectors.entries(line)] == [("budget", 2_000_000)]
    assert set(Notice.objects.values_list("kind", flat=True)) >= {"policy_submitted", "policy_published"}


#: Each verb with the state it works from, who does it and the state that follows, and one it does not work from.
VERBS: list[tuple[str, Verb, str, str, str, str]] = [
    ("submit", SUBMIT, "draft", "writer", "in_review", "published"),
    ("save", SAVE, "draft", "second", "draft", "submitted"),
    ("recall", RECALL, "submitted", "writer", "draft", "published"),
    ("drop", DROP, "submitted", "writer", "dropped", "published"),
    ("publish", PUBLISH, "submitted", "head", "published", "draft"),
    ("refuse", REFUSE, "submitted", "second", "draft", "draft"),
    ("suspend", SUSPEND, "published", "writer", "suspended", "draft"),
    ("withdraw", WITHDRAW, "published", "head", "withdrawn", "submitted"),
]


@pytest.mark.parametrize(
    ("name", "verb", "start", "who", "then", "wrong"), VERBS, ids=[one[0] for one in VERBS]
)
def test_each_verb(
    name: str, verb: Verb, start: str, who: str, then: str, wrong: str, bureau: Bureau
) -> None:
    row: PolicyVersion = getattr(bureau, start)()
    asked: dict[str, Any] = {"version_id": row.id, "expected_revision": row.revision, "at": bureau.now}
    for stranger in (bureau.foreign, bureau.cast.bank):
        with pytest.raises(NotFound):
            verb(actor=stranger, **asked)
    with pytest.raises(Forbidden):  # the fund's person writes no policies
        verb(actor=bureau.fund, **asked)
    with pytest.raises(Stale):
        verb(actor=getattr(bureau, who), **{**asked, "expected_revision": row.revision + 1})
    leaves = Leaf.objects.count()
    assert verb(actor=getattr(bureau, who), **asked).state == then
    assert Leaf.objects.count() == leaves + 1
    with pytest.raises(Stale):  # the same form once more finds it changed
        verb(actor=getattr(bureau, who), **asked)
    other: PolicyVersion = getattr(bureau, wrong)(key="form-0002")
    with pytest.raises(Conflict):
        verb(actor=bureau.second, version_id=other.id, expected_revision=other.revision, at=bureau.now)


def test_the_writer_never_decides(bureau: Bureau) -> None:
    row = bureau.submitted()
    for verb in (PUBLISH, REFUSE):
        with pytest.raises(Forbidden) as refused:
            verb(actor=bureau.writer, version_id=row.id, expected_revision=row.revision, at=bureau.now)
        assert refused.value.facts["reason"] == "FOUR_EYES"


def test_one_form_makes_one_policy_and_only_of_a_department(bureau: Bureau) -> None:
    row = bureau.draft()
    assert bureau.draft().id == row.id
    assert Policy.objects.count() == 1
    for actor in (bureau.cast.bank, bureau.fund, bureau.head):
        with pytest.raises(Forbidden):
            services.create_policy(actor=actor, terms=written(), key="form-0009", at=bureau.now)
    for changed in (
        {"condition": {"field": "records.no_such_item", "to": "0"}},
        {"condition": {"field": "fundflow.Z99", "to": "0"}},
    ):
        with pytest.raises(Invalid):
            bureau.draft(key="form-0003", **changed)


def test_a_bank_is_no_department(bureau: Bureau) -> None:
    register = partial(services.register_department, at=bureau.now)
    with pytest.raises(Conflict) as refused:
        register(actor=SystemActor("test"), institution_id=bureau.cast.bank.institution_id)
    assert refused.value.code is Code.CONFLICT_STATE
    with pytest.raises(Conflict) as refused:
        register(actor=SystemActor("test"), institution_id=bureau.writer.institution_id)
    assert refused.value.code is Code.CONFLICT_DUPLICATE
    with pytest.raises(NotFound):
        register(actor=SystemActor("test"), institution_id="ins-" + "0" * 32)
    with pytest.raises(Forbidden):
        register(actor=bureau.cast.security, institution_id=bureau.writer.institution_id)
    assert selectors.is_department(bureau.writer.institution_id)
    assert not selectors.is_department(bureau.cast.bank.institution_id)


def _revised(bureau: Bureau, first: PolicyVersion, **changed: Any) -> PolicyVersion:
    row = services.revise_policy(
        actor=bureau.writer, policy_id=first.policy_id, key="form-0002", at=bureau.now
    )
    return services.save_draft(
        actor=bureau.writer,
        version_id=row.id,
        terms=written(**changed),
        expected_revision=row.revision,
        at=bureau.now,
    )


def test_a_new_version_changes_the_fund_and_never_below_what_was_promised(bureau: Bureau) -> None:
    first = bureau.published()
    claim = bureau.reviewed(bureau.applied(first))
    row = bureau.submitted(_revised(bureau, first, budget="5999.99"))
    ask = {"version_id": row.id, "expected_revision": row.revision, "at": bureau.now}
    with pytest.raises(Conflict) as refused:
        PUBLISH(actor=bureau.second, **ask)
    assert (refused.value.code, refused.value.facts["reason"]) == (Code.FUND_EXCEEDED, "BUDGET")
    row = RECALL(actor=bureau.writer, **ask)
    row = services.save_draft(
        actor=bureau.writer, version_id=row.id, terms=written(budget="6000.00", firm_cap="1000.00"),
        expected_revision=row.revision, at=bureau.now,
    )  # fmt: skip
    bureau.published(row)
    line = FundLine.objects.get(policy=first.policy)
    assert (line.left_fen, line.firm_cap_fen) == (0, 100_000)
    assert line.shares.get().cap_fen == 600_000  # what the firm was promised stays
    assert [one.kind for one in FundEntry.objects.filter(line=line).order_by("seq")] == [
        "budget",
        "reserve",
        "budget",
    ]
    claim.refresh_from_db()
    assert claim.version_id == first.id


def test_what_may_be_revised(bureau: Bureau) -> None:
    draft = bureau.draft()
    revise = partial(services.revise_policy, policy_id=draft.policy_id, key="form-0002", at=bureau.now)
    with pytest.raises(NotFound):
        revise(actor=bureau.foreign)
    with pytest.raises(Forbidden):
        revise(actor=bureau.head)
    with pytest.raises(Conflict):
        revise(actor=bureau.writer)
    row = bureau.published(draft)
    again = revise(actor=bureau.writer)
    assert revise(actor=bureau.writer).id == again.id
    with pytest.raises(Conflict):
        revise(actor=bureau.writer, key="form-0003")
    WITHDRAW(actor=bureau.second, version_id=row.id, expected_revision=row.revision, at=bureau.now)
    again.refresh_from_db()
    assert again.state == "dropped"


FOUND: list[tuple[Looked, bool]] = [
    (Looked(), True),
    (Looked(kind="interest_subsidy"), True),
    (Looked(kind="grant"), False),
    (Looked(region="330105"), True),
    (Looked(region="14"), False),
    (Looked(industry="C"), True),
    (Looked(text="贴息"), True),
    (Looked(text="财政厅"), True),
    (Looked(text="海棠"), False),
]


def test_filters_of_the_library(bureau: Bureau) -> None:
    bureau.published()
    day = business_day(bureau.now)
    assert [(one, selectors.library(one, day).exists()) for one, _ in FOUND] == FOUND


def test_the_library_shows_until_the_deadline_and_applications_begin_with_the_first_day(
    bureau: Bureau,
) -> None:
    row = bureau.published(open_from="2026-12-01", open_to="2026-12-31")
    day = date(2026, 11, 21)
    assert selectors.shown_version(row.policy_id, day).id == row.id
    with pytest.raises(NotFound):
        selectors.open_version(row.policy_id, day)
    assert selectors.open_version(row.policy_id, date(2026, 12, 31)).id == row.id
    with pytest.raises(NotFound):
        selectors.shown_version(row.policy_id, date(2027, 1, 1))
    row = SUSPEND(actor=bureau.writer, version_id=row.id, expected_revision=row.revision, at=bureau.now)
    with pytest.raises(NotFound):
        selectors.shown_version(row.policy_id, day)
    RESUME(actor=bureau.writer, version_id=row.id, expected_revision=row.revision, at=bureau.now)
    assert selectors.shown_version(row.policy_id, day).id == row.id


def test_a_department_reads_only_its_own(bureau: Bureau) -> None:
    row = bureau.published()
    assert [one.shown.id for one in selectors.policies(bureau.head)] == [row.id]
    assert selectors.policies(bureau.foreign) == []
    with pytest.raises(NotFound):
        selectors.policy_version(bureau.foreign, row.id)
    assert not PolicyVersion.objects.for_viewer(bureau.cast.owner).exists()


WRONG_ROWS: list[dict[str, Any]] = [
    {"state": "gone"},
    {"kind": "gold"},
    {"budget_fen": 0},
    {"submitted_at": None},
    {"published_at": None},
    {"decided_by": ""},
    {"open_from": date(2027, 2, 1), "open_to": date(2026, 1, 1)},
]


@pytest.mark.parametrize("wrong", WRONG_ROWS, ids=lambda one: next(iter(one)))
def test_the_database_holds_what_must_hold(wrong: dict[str, Any], bureau: Bureau) -> None:
    row = bureau.published()
    with pytest.raises(IntegrityError), transaction.atomic():
        PolicyVersion.objects.filter(id=row.id).update(**wrong)


def test_the_key_is_a_key(bureau: Bureau) -> None:
    assert KEY
    for key in ("", "short", "form 0004", "x" * 41):
        with pytest.raises(Invalid):
            bureau.draft(key=key)
