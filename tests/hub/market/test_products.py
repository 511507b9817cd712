"""The verbs of products, each: works, wrong role, another institution, wrong state, stale, repeated key."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from tests.hub.market.desk import KEY, Makers, said

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.market.product_json import parse_terms
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.market import selectors, services
from xinqiao.hub.apps.market.models import Product, ProductVersion
from xinqiao.hub.apps.market.selectors import Wanted
from xinqiao.hub.apps.notices.models import Notice

pytestmark = pytest.mark.django_db

type Verb = Callable[..., ProductVersion]
SUBMIT, RECALL, DROP = services.submit_version, services.recall_version, services.drop_version
PUBLISH, RESUME = services.publish_version, services.resume_product
REFUSE = partial(services.refuse_version, reason="利率写错了")
SUSPEND = partial(services.suspend_product, reason="额度用完")
WITHDRAW = partial(services.withdraw_product, reason="不再办理")
SAVE = partial(services.save_draft, terms=said(name="云税贷二号"))


def test_a_product_is_written_reviewed_by_another_and_published(makers: Makers) -> None:
    before = Leaf.objects.count()
    row = makers.published()
    assert (row.state, row.no, row.product.number[:3]) == ("published", 1, "FP-")
    assert (row.decided_by, row.writers) == (makers.second.user_id, [makers.writer.user_id])
    assert [one.event for one in selectors.steps(row)] == ["write", "submit", "publish"]
    assert Leaf.objects.count() == before + 3
    assert [one.leaf_index for one in selectors.steps(row)] == [before, before + 1, before + 2]
    assert set(Notice.objects.values_list("kind", flat=True)) >= {"product_submitted", "product_published"}
    assert selectors.terms_of(row) == parse_terms(said())


def test_the_writer_never_decides_whatever_else_he_is(makers: Makers) -> None:
    row = makers.submitted()
    for verb in (PUBLISH, REFUSE):
        with pytest.raises(Forbidden) as refused:
            verb(actor=makers.writer, version_id=row.id, expected_revision=row.revision, at=makers.now)
        assert refused.value.facts["reason"] == "FOUR_EYES"
    # who saved it last wrote too, although he did not begin it
    row = RECALL(actor=makers.writer, version_id=row.id, expected_revision=row.revision, at=makers.now)
    row = SAVE(actor=makers.second, version_id=row.id, expected_revision=row.revision, at=makers.now)
    row = SUBMIT(actor=makers.writer, version_id=row.id, expected_revision=row.revision, at=makers.now)
    with pytest.raises(Forbidden):
        PUBLISH(actor=makers.second, version_id=row.id, expected_revision=row.revision, at=makers.now)
    row = PUBLISH(actor=makers.admin, version_id=row.id, expected_revision=row.revision, at=makers.now)
    assert (row.state, row.name) == ("published", "云税贷二号")


#: Each verb with the state it works from, who does it and the state that follows.
VERBS: list[tuple[str, Verb, str, str, str]] = [
    ("submit", SUBMIT, "draft", "writer", "in_review"),
    ("save", SAVE, "draft", "second", "draft"),
    ("drop", DROP, "draft", "writer", "dropped"),
    ("drop late", DROP, "submitted", "writer", "dropped"),
    ("recall", RECALL, "submitted", "second", "draft"),
    ("refuse", REFUSE, "submitted", "second", "draft"),
    ("publish", PUBLISH, "submitted", "admin", "published"),
    ("suspend", SUSPEND, "published", "admin", "suspended"),
    ("withdraw", WITHDRAW, "published", "second", "withdrawn"),
]
WRONG_FROM = {"submit": "submitted", "save": "submitted", "drop": "published", "drop late": "published"}
WRONG_FROM |= {
    "recall": "draft",
    "refuse": "draft",
    "publish": "published",
    "suspend": "draft",
    "withdraw": "draft",
}


@pytest.mark.parametrize(("name", "verb", "begin", "who", "end"), VERBS, ids=[one[0] for one in VERBS])
def test_every_verb(name: str, verb: Verb, begin: str, who: str, end: str, makers: Makers) -> None:
    row: ProductVersion = getattr(makers, begin)()
    asked: dict[str, Any] = {"version_id": row.id, "expected_revision": row.revision, "at": makers.now}
    leaves = Leaf.objects.count()
    for outsider in (makers.foreign, makers.cast.outsider):
        with pytest.raises(NotFound):
            verb(actor=outsider, **asked)
    with pytest.raises(NotFound):
        verb(actor=makers.writer, **{**asked, "version_id": "pvr-absent"})
    with pytest.raises(Forbidden) as refused:
        verb(actor=_clerk(makers), **asked)
    assert refused.value.code is Code.ROLE_FORBIDDEN
    with pytest.raises(Stale):
        verb(actor=getattr(makers, who), **{**asked, "expected_revision": row.revision + 1})
    assert Leaf.objects.count() == leaves
    done = verb(actor=getattr(makers, who), **asked)
    assert done.state == end == ProductVersion.objects.get(id=row.id).state
    assert Leaf.objects.count() == leaves + 1
    with pytest.raises(Stale):  # the same form once more finds it changed
        verb(actor=getattr(makers, who), **asked)
    other: ProductVersion = getattr(makers, WRONG_FROM[name])(key="form-0002")
    with pytest.raises(Conflict):
        verb(actor=makers.second, version_id=other.id, expected_revision=other.revision, at=makers.now)


def _clerk(makers: Makers) -> Any:
    """Somebody of the same bank who only queries."""
    return type(makers.writer)(
        makers.writer.user_id, makers.writer.institution_id, frozenset(), "丙一", "普惠金融部"
    )


def test_a_suspended_institution_does_nothing_and_offers_nothing(makers: Makers) -> None:
    row = makers.published()
    assert [one.id for one in selectors.on_offer(Wanted(), business_day(makers.now))] == [row.id]
    Institution.objects.filter(id=makers.writer.institution_id).update(status="suspended")
    assert not selectors.on_offer(Wanted(), business_day(makers.now)).exists()
    with pytest.raises(Forbidden):
        services.create_product(actor=makers.writer, terms=said(), key="form-0003", at=makers.now)


def test_one_form_makes_one_product(makers: Makers) -> None:
    row = makers.draft()
    assert makers.draft().id == row.id
    assert Product.objects.count() == 1
    assert makers.draft(key="form-0002").product_id != row.product_id
    foreign = services.create_product(actor=makers.foreign, terms=said(), key=KEY, at=makers.now)
    assert foreign.id != row.id
    for key in ("", "short", "form 0004", "x" * 41):
        with pytest.raises(Invalid):
            makers.draft(key=key)
    with pytest.raises(Forbidden):
        services.create_product(actor=makers.admin, terms=said(), key="form-0005", at=makers.now)


def test_only_items_and_indicators_that_exist(makers: Makers) -> None:
    for changed, field in (
        ({"required_items": ["no_such_item"]}, "required_items"),
        ({"condition": {"field": "records.no_such_item", "to": "0"}}, "condition"),
        ({"condition": {"field": "fundflow.Z99", "from": "1"}}, "condition"),
    ):
        with pytest.raises(Invalid) as refused:
            makers.draft(**changed)
        assert refused.value.facts["field"] == field
    assert makers.draft(required_items=["water_fee"]).terms["required_items"] == ["water_fee"]


def test_a_new_version_needs_four_eyes_again_and_the_old_one_stays_until_then(makers: Makers) -> None:
    first = makers.published()
    day = business_day(makers.now)
    second = services.revise_product(
        actor=makers.writer, product_id=first.product_id, key="form-0002", at=makers.now
    )
    again = services.revise_product(
        actor=makers.writer, product_id=first.product_id, key="form-0002", at=makers.now
    )
    assert (again.id, second.no, second.terms) == (second.id, 2, first.terms)
    with pytest.raises(Conflict) as refused:
        services.revise_product(
            actor=makers.second, product_id=first.product_id, key="form-0003", at=makers.now
        )
    assert refused.value.code is Code.CONFLICT_DUPLICATE
    second = services.save_draft(
        actor=makers.writer, version_id=second.id, terms=said(rate_max="0.049"), expected_revision=second.revision,
        at=makers.now,
    )  # fmt: skip
    makers.submitted(second)
    assert selectors.offered(first.product_id, day).id == first.id
    second.refresh_from_db()
    PUBLISH(actor=makers.second, version_id=second.id, expected_revision=second.revision, at=makers.now)
    assert selectors.offered(first.product_id, day).id == second.id
    first.refresh_from_db()
    # what a case was opened under is still there, word for word
    assert (first.state, selectors.terms_of(first)) == ("superseded", parse_terms(said()))
    assert [one.no for one in selectors.versions(makers.admin, first.product_id)] == [2, 1]


def test_what_may_be_revised(makers: Makers) -> None:
    draft = makers.draft()
    revise = partial(services.revise_product, product_id=draft.product_id, key="form-0002", at=makers.now)
    with pytest.raises(NotFound):
        revise(actor=makers.foreign)
    with pytest.raises(Forbidden):
        revise(actor=makers.admin)
    with pytest.raises(Conflict):
        revise(actor=makers.writer)
    row = makers.published(draft)
    WITHDRAW(actor=makers.second, version_id=row.id, expected_revision=row.revision, at=makers.now)
    with pytest.raises(Conflict) as refused:
        revise(actor=makers.writer)
    assert refused.value.code is Code.CONFLICT_STATE


def test_withdrawing_gives_up_what_is_being_made(makers: Makers) -> None:
    first = makers.published()
    second = services.revise_product(
        actor=makers.writer, product_id=first.product_id, key="form-0002", at=makers.now
    )
    makers.submitted(second)
    WITHDRAW(actor=makers.second, version_id=first.id, expected_revision=first.revision, at=makers.now)
    second.refresh_from_db()
    assert second.state == "dropped"
    with pytest.raises(NotFound):
        selectors.offered(first.product_id, business_day(makers.now))


def test_off_offer_and_on_again(makers: Makers) -> None:
    row, day = makers.published(), business_day(makers.now)
    row = SUSPEND(actor=makers.writer, version_id=row.id, expected_revision=row.revision, at=makers.now)
    with pytest.raises(NotFound):
        selectors.offered(row.product_id, day)
    assert selectors.offers(day) == []
    for wrong in ("", " ", "x" * 501):
        with pytest.raises(Invalid):
            services.withdraw_product(
                actor=makers.second, version_id=row.id, reason=wrong, expected_revision=row.revision, at=makers.now
            )  # fmt: skip
    with pytest.raises(Forbidden):
        RESUME(actor=_clerk(makers), version_id=row.id, expected_revision=row.revision, at=makers.now)
    row = RESUME(actor=makers.writer, version_id=row.id, expected_revision=row.revision, at=makers.now)
    assert [one.product_id for one in selectors.offers(day)] == [row.product_id]


def test_the_refusal_is_shown_until_the_next_submission(makers: Makers) -> None:
    row = makers.submitted()
    row = REFUSE(actor=makers.second, version_id=row.id, expected_revision=row.revision, at=makers.now)
    assert row.refusal == "利率写错了"
    assert selectors.in_review(makers.second) == []
    assert makers.submitted(row).refusal == ""
    assert [one.id for one in selectors.in_review(makers.second)] == [row.id]
    assert selectors.in_review(makers.foreign) == []


def test_an_institution_reads_only_its_own(makers: Makers) -> None:
    row = makers.published()
    assert selectors.version(makers.admin, row.id).id == row.id
    assert [one.standing and one.standing.id for one in selectors.products(makers.writer)] == [row.id]
    assert selectors.products(makers.foreign) == []
    assert selectors.products(makers.cast.owner) == []
    for read in (selectors.version, selectors.versions):
        with pytest.raises(NotFound):
            read(makers.foreign, row.id if read is selectors.version else row.product_id)


FOUND: list[tuple[Wanted, bool]] = [
    (Wanted(), True),
    (Wanted(kind="credit"), True),
    (Wanted(kind="mortgage"), False),
    (Wanted(zone="first_loan"), True),
    (Wanted(zone="agri"), False),
    (Wanted(region="14"), True),
    (Wanted(region="140105"), True),
    (Wanted(region="33"), False),
    (Wanted(industry="C26"), True),
    (Wanted(industry="F51"), True),
    (Wanted(industry="F5123"), True),
    (Wanted(industry="F"), True),
    (Wanted(industry="F52"), False),
    (Wanted(amount_fen=200_000_000, months=24), True),
    (Wanted(amount_fen=200_000_001), False),
    (Wanted(months=2), False),
    (Wanted(text="云税"), True),
    (Wanted(text="岚江"), True),
    (Wanted(text="海棠"), False),
]


def test_filters_of_the_supermarket(makers: Makers) -> None:
    makers.published()
    day = business_day(makers.now)
    assert [(one, selectors.on_offer(one, day).exists()) for one, _ in FOUND] == FOUND


def test_a_product_is_offered_on_its_own_days(makers: Makers) -> None:
    makers.published(valid_from="2027-01-01", valid_to="2027-12-31")
    days = (date(2026, 12, 31), date(2027, 1, 1), date(2027, 12, 31), date(2028, 1, 1))
    assert [selectors.on_offer(Wanted(), day).exists() for day in days] == [False, True, True, False]


WRONG_ROWS: list[dict[str, Any]] = [
    {"state": "gone"},
    {"kind": "gold"},
    {"amount_max_fen": 1},
    {"months_max": 1},
    {"rate_max": 0},
    {"rate_max": 2},
    {"submitted_at": None},
    {"published_at": None},
    {"decided_by": ""},
    {"valid_from": date(2026, 2, 1), "valid_to": date(2026, 1, 1)},
]


@pytest.mark.parametrize("wrong", WRONG_ROWS, ids=lambda one: next(iter(one)))
def test_the_database_holds_what_must_hold(wrong: dict[str, Any], makers: Makers) -> None:
    row = makers.published()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductVersion.objects.filter(id=row.id).update(**wrong)


def test_the_database_holds_one_standing_and_one_pending_version(makers: Makers) -> None:
    first = makers.published()
    second = services.revise_product(
        actor=makers.writer, product_id=first.product_id, key="form-0002", at=makers.now
    )
    columns = {
        "submitted_at": makers.now,
        "published_at": makers.now,
        "decided_at": makers.now,
        "decided_by": "usr-x",
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductVersion.objects.filter(id=second.id).update(state="published", **columns)
    with pytest.raises(IntegrityError), transaction.atomic():
        ProductVersion.objects.filter(id=first.id).update(state="draft")
