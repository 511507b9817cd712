"""An enterprise is asked for items, agrees in part or whole, refuses, withdraws; persons consent for themselves only."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from tests.hub.cast import CLERK_ID, OWNER_ID, OWNER_USCC, STRANGER_USCC, Cast
from tests.hub.items_cast import (
    CERTIFICATE,
    HOUSE,
    MARRIAGE,
    POWER,
    SHAREHOLDERS,
    TAX,
    ItemCast,
    claim_grant,
    house,
    marriage,
)

from xinqiao.domain.consent import Purpose, VisibleState
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, XinqiaoError
from xinqiao.domain.items import ItemGrant, ItemScope
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.consents import selectors as consents
from xinqiao.hub.apps.consents.models import Artefact
from xinqiao.hub.apps.items import requests, selectors, sources
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.items.scopes import asked_scope, granted_value, stated_values
from xinqiao.hub.apps.notices.selectors import notices
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.leaf import parse_leaf


@pytest.fixture
def items(cast: Cast) -> ItemCast:
    return ItemCast(cast)


def land(number: str) -> dict[str, str]:
    """A transfer of farmland to whoever has the number."""
    return {
        "transferee_name": "甲一", "transferee_id_no": number, "fee_amount": "800", "fee_unit": "yuan_per_mu_year",
        "area_mu": "12.50", "parcel_code": "1401051002000000123",
    }  # fmt: skip


def code_of(error: pytest.ExceptionInfo[XinqiaoError]) -> Code:
    return error.value.code


def kinds() -> list[str]:
    return list(Leaf.objects.order_by("index").values_list("type", flat=True))


def test_the_whole_of_a_request_is_confirmed_signed_and_in_the_log(items: ItemCast) -> None:
    row = items.requested(items.stated(HOUSE, house()), items.stated(MARRIAGE, marriage()))
    before = len(kinds())
    row = items.confirm(row)
    hub = {key.kid: key for key in runtime.hub_verify_keys()}
    claims = verify_jws(row.artefact, hub, typ=ArtefactType.ITEM_AUTHORISATION, at=items.cast.now)
    assert (claims["sub"], claims["grantee"]) == (row.enterprise.uscc, items.cast.bank.institution_id)
    granted = granted_value(row)
    assert granted is not None
    assert granted.scope == asked_scope(row)
    (consent,) = granted.persons
    assert (consent.person, consent.items, consent.written) == (
        items.cast.owner.person_id,
        {HOUSE, MARRIAGE},
        True,
    )
    assert kinds()[before:] == ["GRANT"]
    seen = selectors.authorisation(items.cast.bank, row.id, at=items.cast.now)
    assert seen.visible is VisibleState.ACTIVE


def shown_text(row: ItemAuthorisation) -> str:
    """What was read when it was signed."""
    return Artefact.objects.get(owner_id=row.id, type="item_authorisation").shown_text


def test_a_collected_item_is_granted_beside_a_called_one_and_the_text_says_which_is_which(
    items: ItemCast,
) -> None:
    row = items.confirm(items.requested(grants=frozenset({TAX, POWER})))
    granted = granted_value(row)
    assert granted is not None
    assert granted.scope.grants == {TAX, POWER}
    lines = shown_text(row).splitlines()
    assert [line.split("：")[0] for line in lines if "事项：" in line] == ["归集事项", "接口事项"]
    assert sum("平台已经归集的记录" in line for line in lines) == 1
    alone = items.confirm(items.requested(grants=frozenset({POWER})))
    assert "接口事项" not in shown_text(alone)
    with pytest.raises(Invalid):
        sources.register_source(
            actor=SystemActor("t"), item=POWER.item, node_id=items.cast.node.id, at=items.cast.now
        )


def test_a_part_is_confirmed_and_never_more(items: ItemCast) -> None:
    house_claim = items.stated(HOUSE, house())
    row = items.requested(house_claim)
    part = ItemScope(
        frozenset({replace(TAX, fields=frozenset({"status"}))}), frozenset(), Purpose.LOAN_APPLICATION, 7, 1
    )
    done = items.confirm(row, part)
    assert (done.partly, done.max_queries, done.valid_to - done.valid_from) == (True, 1, timedelta(days=7))
    other = items.requested()
    wide = replace(asked_scope(other), claims=frozenset({claim_grant(house_claim)}))
    with pytest.raises(Invalid) as error:
        items.confirm(other, wide)
    assert code_of(error) is Code.SCOPE_EXCEEDED


@pytest.mark.parametrize(
    ("claim", "flags", "code"),
    [
        ((MARRIAGE, marriage()), {"own": False, "written": False}, Code.PERSON_CONSENT_MISSING),
        ((HOUSE, house()), {"own": True, "written": False}, Code.WRITTEN_CONSENT_MISSING),
        # nobody consents for somebody else, be it for his own employee
        ((HOUSE, house(number=CLERK_ID)), {}, Code.PERSON_CONSENT_MISSING),
        ((MARRIAGE, marriage(number=CLERK_ID)), {}, Code.PERSON_CONSENT_MISSING),
        (("land_transfer", land(CLERK_ID)), {}, Code.PERSON_CONSENT_MISSING),
        (("land_transfer", land(STRANGER_USCC)), {}, Code.PERSON_CONSENT_MISSING),
        # nobody knows whom it is about
        (("land_transfer", land("")), {}, Code.PERSON_CONSENT_MISSING),
    ],
)
def test_a_person_consents_separately_in_writing_and_for_himself(items: ItemCast, claim, flags, code) -> None:
    row = items.requested(items.stated(*claim))
    with pytest.raises(Invalid) as error:
        items.confirm(row, **flags)
    assert code_of(error) is code
    assert ItemAuthorisation.objects.get(id=row.id).state == "requested"


@pytest.mark.parametrize("number", [OWNER_ID, OWNER_USCC])
def test_a_number_that_may_be_a_persons_or_a_firms_is_the_subjects_own(items: ItemCast, number: str) -> None:
    row = items.confirm(items.requested(items.stated("land_transfer", land(number))))
    assert row.state == "confirmed"
    assert {item for one in granted_value(row).persons for item in one.items} == {"land_transfer"}


def test_an_agent_cannot_give_the_persons_consent_but_the_firms(items: ItemCast) -> None:
    row = items.requested(items.stated(MARRIAGE, marriage()))
    with pytest.raises(Invalid) as error:
        items.confirm(row, actor=items.cast.clerk)
    assert code_of(error) is Code.PERSON_CONSENT_MISSING
    firm_only = replace(asked_scope(row), claims=frozenset())
    assert items.confirm(row, firm_only, actor=items.cast.clerk).state == "confirmed"


def test_the_personal_fields_of_shareholders_cannot_be_granted_here(items: ItemCast) -> None:
    fields = frozenset({"uscc", "shareholder_name", "shareholder_id_no"})
    row = items.requested(grants=frozenset({ItemGrant(SHAREHOLDERS, fields)}))
    with pytest.raises(Invalid) as error:
        items.confirm(row)
    assert code_of(error) is Code.PERSON_CONSENT_MISSING


def test_who_may_not_the_foreign_the_stale_and_the_late(items: ItemCast) -> None:
    row = items.requested()
    for actor, kind in ((items.cast.reader, Forbidden), (items.cast.stranger, NotFound)):
        with pytest.raises(kind):
            items.confirm(row, actor=actor)
    with pytest.raises(Stale):
        items.confirm(row, expected_version=row.version + 1)
    with pytest.raises(Invalid) as error:
        items.confirm(row, shown=replace(asked_scope(row), max_queries=1))
    assert code_of(error) is Code.WHAT_YOU_SEE
    items.cast.clock.advance(timedelta(days=15))
    with pytest.raises(Conflict):
        items.confirm(row)


def test_a_confirmation_is_used_once(items: ItemCast) -> None:
    row = items.confirm(items.requested())
    with pytest.raises(Conflict) as error:
        items.confirm(row)
    assert code_of(error) is Code.ILLEGAL_MOVE


def more_of(**changes) -> ItemScope:
    values = {
        "grants": frozenset({TAX}), "claims": frozenset(), "purpose": Purpose.LOAN_APPLICATION,
        "valid_days": 30, "max_queries": 6,
    }  # fmt: skip
    return ItemScope(**{**values, **changes})


def test_an_append_is_a_new_artefact_that_points_to_its_predecessor(items: ItemCast) -> None:
    part = ItemScope(
        frozenset({replace(TAX, fields=frozenset({"status"}))}), frozenset(), Purpose.LOAN_APPLICATION, 7, 1
    )
    row = items.confirm(items.requested(items.stated(HOUSE, house())), part)
    before, first = len(kinds()), row.artefact_digest
    row = items.append(row, more_of(max_queries=9))
    granted = granted_value(row)
    assert granted is not None
    assert granted.scope.grants == {TAX}
    assert (granted.max_queries, granted.predecessor, row.seq) == (9, first, 2)
    assert granted.valid_to == items.cast.now + timedelta(days=30)
    assert kinds()[before:] == ["APPEND"]
    found = selectors.artefacts(items.cast.bank, row.id)
    assert [(one.seq, one.predecessor) for one in found] == [(1, ""), (2, first)]
    assert "追加" in found[1].shown_text
    items.withdraw(row)
    assert [one.type for one in selectors.artefacts(items.cast.bank, row.id)][-1] == "withdrawal"


def test_an_append_never_adds_what_was_not_asked_or_not_seen(items: ItemCast) -> None:
    claim = items.stated(HOUSE, house())
    row = items.confirm(items.requested(claim), more_of())
    for more, code in (
        (more_of(grants=frozenset({replace(TAX, fields=TAX.fields | {"late_fee"})})), Code.SCOPE_EXCEEDED),
        (more_of(claims=frozenset({claim_grant(claim)})), Code.SCOPE_EXCEEDED),
        (more_of(max_queries=31), Code.CEILING_EXCEEDED),
        (more_of(), Code.INVALID),
    ):
        with pytest.raises(Invalid) as error:
            items.append(row, more)
        assert code_of(error) is code
    assert ItemAuthorisation.objects.get(id=row.id).seq == 1


def test_who_may_not_append_and_when(items: ItemCast) -> None:
    row = items.confirm(items.requested())
    for actor, kind in ((items.cast.reader, Forbidden), (items.cast.stranger, NotFound)):
        with pytest.raises(kind):
            items.append(row, more_of(max_queries=9), actor=actor)
    with pytest.raises(Stale):
        items.append(row, more_of(max_queries=9), expected_version=row.version + 1)
    with pytest.raises(Invalid) as error:
        items.append(row, more_of(max_queries=9), shown=more_of(max_queries=8))
    assert code_of(error) is Code.WHAT_YOU_SEE
    waiting = items.requested()
    with pytest.raises(Conflict):
        items.append(waiting, more_of(max_queries=9))
    items.append(row, more_of(max_queries=9))
    items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    with pytest.raises(Conflict):
        items.append(ItemAuthorisation.objects.get(id=row.id), more_of(max_queries=10))


def test_every_move_is_told_and_stands_in_both_ledgers(items: ItemCast) -> None:
    row = items.confirm(items.requested())
    items.append(row, more_of(max_queries=9))
    items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    refused = items.requested()
    requests.refuse_items(
        actor=items.cast.owner, authorisation_id=refused.id, expected_version=1, at=items.cast.now
    )
    firm = sorted(one.kind for one in notices(items.cast.owner))
    bank = sorted(one.kind for one in notices(items.cast.bank))
    assert firm == ["items_requested", "items_requested"]
    assert bank == ["items_appended", "items_confirmed", "items_refused", "items_withdrawn"]
    for actor in (items.cast.owner, items.cast.bank):
        lines = [one for one in consents.history(actor, row.id) if one.kind == "items"]
        assert [one.event for one in lines] == ["request", "confirm", "append", "withdraw"]
        assert all(one.leaf_index is not None for one in lines)
    assert consents.history(items.cast.stranger, row.id) == []


def test_refusing_lapsing_and_withdrawing(items: ItemCast) -> None:
    refused = items.requested(items.stated(HOUSE, house()))
    requests.refuse_items(
        actor=items.cast.owner,
        authorisation_id=refused.id,
        expected_version=refused.version,
        at=items.cast.now,
    )
    given = items.confirm(items.requested())
    items.withdraw(given)
    with pytest.raises(Conflict):
        items.withdraw(ItemAuthorisation.objects.get(id=given.id))
    waiting = items.requested(items.stated(HOUSE, house()))
    items.cast.clock.advance(timedelta(days=15))
    assert requests.lapse_items(actor=SystemActor("t"), at=items.cast.now) == 1
    assert requests.lapse_items(actor=SystemActor("t"), at=items.cast.now) == 0
    states = dict(ItemAuthorisation.objects.values_list("id", "state"))
    assert states == {refused.id: "refused", given.id: "withdrawn", waiting.id: "lapsed"}
    assert not ItemAuthorisation.objects.exclude(claims_enc="").exists()
    assert kinds()[-1] == "REFUSE"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"max_queries": 31}, Code.CEILING_EXCEEDED),
        ({"valid_days": 31}, Code.CEILING_EXCEEDED),
        ({"business_ref": " "}, Code.INVALID),
        ({"subject_uscc": "91330100MA2XQA0010"}, None),
        ({"grants": frozenset({ItemGrant("water_fee", frozenset({"no_such"}))})}, Code.INVALID),
        ({"grants": frozenset()}, Code.INVALID),
    ],
)
def test_a_request_out_of_bounds_is_refused(items: ItemCast, changes, code) -> None:
    with pytest.raises(XinqiaoError) as error:
        items.requested(**changes)
    assert code is None or code_of(error) is code
    assert not ItemAuthorisation.objects.exists()


def test_the_same_business_asks_once_at_a_time_and_only_an_operator_asks(items: ItemCast) -> None:
    items.requested(business_ref="SX-ONE")
    with pytest.raises(Conflict) as error:
        items.requested(business_ref="SX-ONE")
    assert code_of(error) is Code.CONFLICT_DUPLICATE
    with pytest.raises(Forbidden):
        items.requested(bank=items.cast.provider)


def test_a_claim_about_another_enterprise_cannot_be_asked_for(items: ItemCast) -> None:
    values = {"ent_name": "澄湖五金商行", "uscc": STRANGER_USCC, "is_designated": "是"}
    with pytest.raises(Invalid):
        items.requested(items.stated("medical_insurance_designated_unit", values))


def test_another_party_sees_nothing(items: ItemCast) -> None:
    row = items.confirm(items.requested())
    for actor in (items.cast.outsider, items.cast.stranger, items.cast.provider):
        assert selectors.authorisations(actor, at=items.cast.now) == []
        with pytest.raises(NotFound):
            selectors.authorisation(actor, row.id, at=items.cast.now)
    assert [one.id for one in selectors.authorisations(items.cast.owner, at=items.cast.now)] == [row.id]


def test_the_stated_values_are_for_the_deciding_page_only_and_gone_afterwards(items: ItemCast) -> None:
    claim = items.stated(HOUSE, house())
    row = items.requested(claim)
    assert stated_values(row)[claim.digest]["owner_id_no"] == OWNER_ID
    _free_of_values()
    row = items.confirm(row)
    assert stated_values(row) == {}
    _free_of_values()


def _free_of_values() -> None:
    """No value of a claim in any row of the app or in the log."""
    texts = [str(parse_leaf(bytes(one.body))) for one in Leaf.objects.all()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM items_itemauthorisation")
        texts += [str(row) for row in cursor.fetchall()]
    for value in (OWNER_ID, "0000077", CERTIFICATE):
        assert not [text for text in texts if value in text]


def test_only_an_administrator_says_who_serves_what(items: ItemCast) -> None:
    at = items.cast.now
    source = sources.register_source(actor=items.cast.operator, item=HOUSE, node_id=items.cast.node.id, at=at)
    assert source.node_id == items.cast.node.id
    with pytest.raises(Forbidden):
        sources.register_source(actor=items.cast.security, item=HOUSE, node_id=items.cast.node.id, at=at)
    with pytest.raises(Invalid):
        sources.register_source(
            actor=items.cast.operator, item="water_fee", node_id=items.cast.node.id, at=at
        )
    with pytest.raises(NotFound):
        sources.register_source(actor=items.cast.operator, item=HOUSE, node_id="nod-" + "9" * 32, at=at)
