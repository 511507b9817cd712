"""Who sees what (case B1 at the selectors): foreign and absent are the same; dates are half-open (A3)."""

from datetime import timedelta

import pytest
from tests.hub.cast import ACCOUNT_NO, Cast

from xinqiao.domain.consent import Product, Purpose, QueryAsk, VisibleState, decide
from xinqiao.domain.errors import Code, NotFound
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.audit.selectors import leaves
from xinqiao.hub.apps.consents import selectors
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Authorisation, Entrustment
from xinqiao.hub.apps.consents.records import authorisation_value, entrustment_value
from xinqiao.hub.apps.notices.selectors import notices


def test_outsiders_see_nothing_of_an_authorisation_and_parties_see_it(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)
    at = cast.now

    for insider in (cast.owner, cast.clerk, cast.bank, cast.operator, cast.auditor):
        assert selectors.authorisation(insider, row.id, at=at).id == row.id
        assert [one.id for one in selectors.authorisations(insider, at=at)] == [row.id]
    for outsider in (cast.stranger, cast.outsider, cast.provider):
        assert selectors.authorisations(outsider, at=at) == []
        assert selectors.ledger(outsider) == []
        assert selectors.history(outsider, row.id) == []
        foreign = _refusal(outsider, row.id, cast)
        absent = _refusal(outsider, "aut-" + "0" * 32, cast)
        assert foreign == absent


def _refusal(actor: Actor, authorisation_id: str, cast: Cast) -> list[tuple[str, dict[str, object]]]:
    said = []
    for ask in (
        lambda: selectors.authorisation(actor, authorisation_id, at=cast.now),
        lambda: selectors.authorisation_row(actor, authorisation_id),
        lambda: selectors.artefacts(actor, authorisation_id),
    ):
        with pytest.raises(NotFound) as refused:
            ask()
        said.append((str(refused.value), dict(refused.value.facts)))
    return said


def test_accounts_are_seen_by_their_enterprise_and_their_provider_only(cast: Cast) -> None:
    cast.bound()
    at = cast.now
    assert len(selectors.bindings(cast.owner, at=at)) == 1
    assert len(selectors.bindings(cast.provider, at=at)) == 1
    assert selectors.bindings(cast.stranger, at=at) == []
    assert selectors.bindings(cast.bank, at=at) == []
    assert selectors.agreements(cast.bank) == []
    assert len(selectors.agreements(cast.owner)) == 1


def test_an_institution_does_not_learn_from_a_request_which_accounts_exist(cast: Cast) -> None:
    cast.bound()
    row = cast.requested()
    seen = selectors.authorisation(cast.bank, row.id, at=cast.now)
    assert seen.asked.accounts == frozenset()
    assert seen.asked_all_accounts
    assert len(selectors.authorisation(cast.owner, row.id, at=cast.now).asked.accounts) == 1


def test_notices_and_leaves_are_addressed(cast: Cast) -> None:
    cast.confirmed(cast.bound())
    assert {one.kind for one in notices(cast.owner)} == {"authorisation_requested", "account_bound"}
    assert [one.kind for one in notices(cast.bank)] == ["authorisation_confirmed"]
    assert notices(cast.stranger) == notices(cast.outsider) == []
    kinds = {leaf.type for leaf in leaves(cast.bank)}
    assert {"REQUEST", "GRANT"} <= kinds
    assert "BIND" not in kinds
    assert not {leaf.type for leaf in leaves(cast.outsider)} & {"REQUEST", "GRANT", "BIND"}


def test_a_cursor_of_somebody_else_gives_an_empty_page(cast: Cast) -> None:
    cast.bound()
    cast.requested()
    foreign = cast.requested(bank=cast.outsider)
    assert selectors.authorisations(cast.bank, at=cast.now, after=foreign.id) == []


def test_the_filter_by_state_agrees_with_what_is_shown(cast: Cast) -> None:
    binding = cast.bound()
    for ref in ("a", "b", "c", "d", "e", "f"):
        cast.requested(ref=ref)
    rows = {
        row.business_ref: row for row in Authorisation.objects.select_related("institution", "enterprise")
    }
    cast.confirm(cast.owner, rows["a"], cast.scope(binding))
    cast.confirm(cast.owner, rows["b"], cast.scope(binding, months_back=6))
    cast.withdraw(cast.owner, cast.confirm(cast.owner, rows["c"], cast.scope(binding)))
    consents.refuse_authorisation(
        actor=cast.owner, authorisation_id=rows["d"].id, expected_version=1, at=cast.now
    )
    cast.confirm(cast.owner, rows["e"], cast.scope(binding))
    Authorisation.objects.filter(id=rows["e"].id).update(uses=3)

    for later in (timedelta(0), timedelta(days=15), timedelta(days=30)):
        at = cast.now + later
        everything = selectors.authorisations(cast.owner, at=at)
        assert len(everything) == 6
        for state in VisibleState:
            by_filter = {row.id for row in selectors.authorisations(cast.owner, at=at, state=state)}
            assert by_filter == {row.id for row in everything if row.visible is state}, (later, state)


def test_validity_is_half_open_to_the_microsecond(cast: Cast) -> None:
    """Case A3, from the stored row to the decision."""
    binding = cast.bound()
    cast.confirmed(binding)
    row = Authorisation.objects.select_related("enterprise").get()
    entrustment = entrustment_value(Entrustment.objects.select_related("binding__enterprise").get())
    granted = authorisation_value(row)
    ask = QueryAsk(
        authorisation_id=row.id,
        subject=row.enterprise.uscc,
        institution=cast.bank.institution_id,
        account=binding.id,
        product=Product.REPORT,
        months=24,
        purpose=Purpose.LOAN_APPLICATION,
    )
    assert row.valid_from is not None
    assert row.valid_to is not None
    tick = timedelta(microseconds=1)
    expected = {
        row.valid_from - tick: Code.CONSENT_NOT_YET_VALID,
        row.valid_from: None,
        row.valid_to - tick: None,
        row.valid_to: Code.CONSENT_EXPIRED,
    }
    for at, code in expected.items():
        found = decide(ask, authorisation=granted, entrustment=entrustment, account_bound=True, at=at)
        assert found.code is code


def test_a_page_of_authorisations_costs_the_same_for_one_and_for_many(
    cast: Cast,
    django_assert_num_queries,  # type: ignore[no-untyped-def]
) -> None:
    binding = cast.bound()
    cast.confirmed(binding, ref="a")
    with django_assert_num_queries(5):
        selectors.authorisations(cast.owner, at=cast.now)
    for ref in "bcdef":
        cast.confirmed(binding, ref=ref)
    with django_assert_num_queries(5):
        assert len(selectors.authorisations(cast.owner, at=cast.now)) == 6


def test_the_account_number_is_nowhere_in_what_selectors_give(cast: Cast) -> None:
    cast.confirmed(cast.bound())
    everything = repr(selectors.bindings(cast.owner, at=cast.now)) + repr(selectors.ledger(cast.auditor))
    assert ACCOUNT_NO not in everything
