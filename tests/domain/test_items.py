"""Who may ask which item, with whose consent: the decision, its order, its nearest request, and what is signed."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.consent_cast import BANK, DIGEST, FIRM, MICRO, NODE, OTHER_FIRM, OTHER_NODE, OUTSIDER, T0
from tests.domain.items_cast import (
    ARREARS,
    ARREARS_FIELDS,
    CATALOGUE,
    HOUSE,
    HOUSE_CLAIM,
    MARRIAGE,
    MARRIAGE_CLAIM,
    POWER,
    SCOPE,
    SEPARATE,
    SHAREHOLDERS,
    TERMS,
    WRITTEN,
    a_claim_ask,
    a_permit,
    an_ask,
    an_authorisation,
    claims_of,
)

from xinqiao.domain.consent import AuthState, Purpose, VisibleState, visible_state
from xinqiao.domain.consent.artefacts import authorisation_from_claims as fundflow_from_claims
from xinqiao.domain.errors import Code, Conflict, Invalid, XinqiaoError
from xinqiao.domain.items import (
    ClaimGrant,
    ItemAuthorisation,
    ItemGrant,
    ItemKind,
    ItemPermit,
    ItemScope,
    PersonConsent,
    ReportAsk,
    append,
    check_item_permit,
    check_scope,
    confirm,
    decide_again,
    decide_item,
    decide_report,
    needed_consents,
    permit_claims,
    withdraw,
)


def decide(ask, authorisation=None, at=T0, **changes):
    held = authorisation if authorisation is not None else an_authorisation(**changes)
    return decide_item(ask, authorisation=held, terms=TERMS.get(ask.item), at=at)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({}, T0), ({}, T0 - timedelta(days=1)), ({}, T0 + timedelta(days=4000)), ({"uses": 10**9}, T0),
        ({"withdrawn_at": T0}, T0), ({"subject": OTHER_FIRM}, T0), ({"institution": OUTSIDER}, T0),
        *(({"state": state}, T0) for state in AuthState),
    ],
)  # fmt: skip
def test_what_was_allowed_once_is_decided_again_as_the_first_time(changes, at):
    ask, held = an_ask(), replace(an_authorisation(), **changes)
    assert decide(ask).allowed
    assert decide_again(ask, authorisation=held, at=at) == decide(ask, held, at)


def test_the_catalogue_has_eleven_interface_nine_verification_and_seventeen_collected_items():
    kinds = [terms.kind for terms in TERMS.values()]
    assert [kinds.count(kind) for kind in ItemKind] == [11, 9, 17]
    assert {one.item for one in TERMS.values() if one.written} == {
        item.id for item in CATALOGUE.items.values() if item.no in (16, 17, 18)
    }


def test_what_is_authorised_is_allowed():
    assert decide(an_ask()).allowed
    assert decide(a_claim_ask(MARRIAGE_CLAIM)).allowed
    assert decide(a_claim_ask(HOUSE_CLAIM)).allowed


@pytest.mark.parametrize(
    ("ask", "changes", "code"),
    [
        (an_ask(subject=OTHER_FIRM), {}, Code.CONSENT_MISSING),
        (an_ask(authorisation_id="ita:2"), {}, Code.CONSENT_MISSING),
        (an_ask(institution=OUTSIDER), {}, Code.CONSENT_GRANTEE_MISMATCH),
        (an_ask(), {"withdrawn_at": T0}, Code.CONSENT_REVOKED),
        (an_ask(), {"state": AuthState.WITHDRAWN}, Code.CONSENT_REVOKED),
        (an_ask(), {"state": AuthState.REFUSED}, Code.CONSENT_REFUSED),
        (an_ask(), {"state": AuthState.REQUESTED}, Code.CONSENT_MISSING),
        (an_ask(purpose=Purpose.POST_LOAN), {}, Code.PURPOSE_MISMATCH),
        (an_ask(item="deferred_tax"), {}, Code.SCOPE_EXCEEDED),
        (an_ask(item="water_fee"), {}, Code.SCOPE_EXCEEDED),
        (an_ask(item="no_such_item"), {}, Code.SCOPE_EXCEEDED),
        (an_ask(fields=frozenset({"due_date"})), {}, Code.SCOPE_EXCEEDED),
        (an_ask(item=MARRIAGE, fields=MARRIAGE_CLAIM.fields), {}, Code.SCOPE_EXCEEDED),
        (a_claim_ask(replace(MARRIAGE_CLAIM, digest="3" * 64)), {}, Code.SCOPE_EXCEEDED),
        (a_claim_ask(replace(MARRIAGE_CLAIM, item=HOUSE)), {}, Code.SCOPE_EXCEEDED),
        (a_claim_ask(replace(HOUSE_CLAIM, fields=HOUSE_CLAIM.fields | {"usage"})), {}, Code.SCOPE_EXCEEDED),
        (an_ask(item=SHAREHOLDERS, fields=TERMS[SHAREHOLDERS].fields), {}, Code.PERSON_CONSENT_MISSING),
        (a_claim_ask(MARRIAGE_CLAIM), {"persons": frozenset({WRITTEN})}, Code.PERSON_CONSENT_MISSING),
        (
            a_claim_ask(HOUSE_CLAIM),
            {"persons": frozenset({replace(WRITTEN, written=False)})},
            Code.WRITTEN_CONSENT_MISSING,
        ),
        (an_ask(), {"uses": 6}, Code.CONSENT_EXHAUSTED),
    ],
)
def test_every_no_has_its_code(ask, changes, code):
    decision = decide(ask, **changes)
    assert (decision.allowed, decision.code) == (False, code)


def test_a_collected_item_is_asked_of_the_platform_and_of_nobody_else():
    power = an_ask(item=POWER, fields=frozenset({"period"}), held=True)
    assert power.kind is ItemKind.COLLECTED
    assert decide(power).allowed
    assert decide(replace(power, held=False)).code is Code.SCOPE_EXCEEDED
    assert decide(an_ask(held=True)).code is Code.SCOPE_EXCEEDED
    assert decide(replace(power, fields=frozenset({"period", "usage_kwh"}))).facts["items"] == [
        f"field:{POWER}.usage_kwh"
    ]
    assert decide(power, uses=6).code is Code.CONSENT_EXHAUSTED
    with pytest.raises(Invalid):
        replace(power, claim="1" * 64)
    with pytest.raises(Invalid):
        a_permit(power)


def a_report(**changes):
    return replace(ReportAsk("ita:1", FIRM, BANK, Purpose.LOAN_APPLICATION), **changes)


def reports(ask, at=T0, *, agreed=True, **changes):
    scope = replace(SCOPE, report=agreed)
    return decide_report(ask, authorisation=an_authorisation(scope=scope, **changes), at=at)


@pytest.mark.parametrize(
    ("ask", "changes", "code"),
    [
        (a_report(), {}, None),
        (a_report(calls=frozenset({ARREARS})), {"uses": 4}, None),
        (a_report(subject=OTHER_FIRM), {}, Code.CONSENT_MISSING),
        (a_report(institution=OUTSIDER), {}, Code.CONSENT_GRANTEE_MISMATCH),
        (a_report(), {"withdrawn_at": T0}, Code.CONSENT_REVOKED),
        (a_report(purpose=Purpose.POST_LOAN), {}, Code.PURPOSE_MISMATCH),
        (a_report(), {"agreed": False}, Code.SCOPE_EXCEEDED),
        (a_report(calls=frozenset({"deferred_tax"})), {}, Code.SCOPE_EXCEEDED),
        (a_report(), {"uses": 6}, Code.CONSENT_EXHAUSTED),
        # a call and the report are two uses: what cannot be paid for whole is not begun
        (a_report(calls=frozenset({ARREARS})), {"uses": 5}, Code.CONSENT_EXHAUSTED),
    ],
)
def test_a_report_is_decided_like_every_other_use(ask, changes, code):
    decision = reports(ask, **changes)
    assert (decision.allowed, decision.code) == (code is None, code)


def test_a_report_needs_an_authorisation_that_is_alive():
    held = an_authorisation()
    assert reports(a_report(), at=held.valid_to - MICRO).allowed
    assert reports(a_report(), at=held.valid_to).code is Code.CONSENT_EXPIRED
    assert decide_report(a_report(), authorisation=None, at=T0).code is Code.CONSENT_MISSING
    exhausted = reports(a_report(calls=frozenset({ARREARS})), uses=5)
    assert exhausted.facts == {"needed": 2, "left": 1}


def test_a_report_is_agreed_to_by_itself_and_signed_with_the_rest():
    wide = replace(SCOPE, report=True)
    assert wide.beyond(SCOPE) == ["report"]
    assert SCOPE.beyond(wide) == []
    agreed = an_authorisation(scope=wide)
    assert ItemAuthorisation.from_claims(claims_of(agreed)).scope == wide
    assert "report" not in claims_of(an_authorisation())["authorization_details"][0]
    detail = claims_of(agreed)["authorization_details"][0]
    broken = claims_of(agreed) | {"authorization_details": [detail | {"report": False}]}
    with pytest.raises(Invalid):
        ItemAuthorisation.from_claims(broken)


def test_the_persons_in_a_collected_item_consent_like_all_others():
    item = "dishonest_judgment_debtor"
    scope = replace(SCOPE, grants=frozenset({ItemGrant(item, TERMS[item].fields)}), claims=frozenset())
    assert needed_consents(scope, TERMS) == {item: False}
    with pytest.raises(Invalid) as error:
        confirm(scope, scope, frozenset(), TERMS)
    assert error.value.code is Code.PERSON_CONSENT_MISSING


def test_without_an_authorisation_nothing_is_told():
    decision = decide_item(an_ask(), authorisation=None, terms=TERMS[ARREARS], at=T0)
    assert (decision.code, decision.facts, decision.nearest) == (Code.CONSENT_MISSING, {}, None)
    outsider = decide(an_ask(institution=OUTSIDER, item="deferred_tax"))
    assert (outsider.code, outsider.facts, outsider.nearest) == (Code.CONSENT_GRANTEE_MISMATCH, {}, None)


def test_the_validity_is_half_open_to_the_microsecond():
    held = an_authorisation()
    assert decide(an_ask(), held, at=held.valid_to - MICRO).allowed
    assert decide(an_ask(), held, at=held.valid_to).code is Code.CONSENT_EXPIRED
    assert decide(an_ask(), held, at=held.valid_from - MICRO).code is Code.CONSENT_NOT_YET_VALID


def test_a_refusal_names_what_was_asked_and_the_nearest_request_leaves_the_person_out():
    decision = decide(an_ask(fields=frozenset({"uscc", "due_date", "late_fee"})))
    assert decision.facts["items"] == [f"field:{ARREARS}.due_date", f"field:{ARREARS}.late_fee"]
    assert decision.nearest is not None
    assert decision.nearest.fields == frozenset({"uscc"})
    shareholders = decide(an_ask(item=SHAREHOLDERS, fields=TERMS[SHAREHOLDERS].fields))
    assert shareholders.nearest is not None
    assert shareholders.nearest.fields == TERMS[SHAREHOLDERS].fields - TERMS[SHAREHOLDERS].personal


def test_a_claim_that_was_not_agreed_to_gets_no_hint():
    decision = decide(a_claim_ask(replace(MARRIAGE_CLAIM, digest="3" * 64)))
    assert decision.nearest is None
    assert decision.facts == {"items": [f"claim:{MARRIAGE}"]}


FIELDS = sorted(TERMS[ARREARS].fields | TERMS[SHAREHOLDERS].fields)


@given(
    item=st.sampled_from([ARREARS, SHAREHOLDERS, MARRIAGE, HOUSE, "deferred_tax", "water_fee"]),
    fields=st.frozensets(st.sampled_from(FIELDS), min_size=1, max_size=6),
    purpose=st.sampled_from(list(Purpose)),
    claim=st.sampled_from([None, "1" * 64, "2" * 64, "3" * 64]),
    uses=st.integers(0, 6),
    persons=st.frozensets(st.sampled_from([SEPARATE, WRITTEN])),
)
def test_the_nearest_request_is_always_allowed(item, fields, purpose, claim, uses, persons):
    held = an_authorisation(uses=uses, persons=persons)
    ask = an_ask(item=item, fields=fields, purpose=purpose, claim=claim)
    decision = decide(ask, held)
    assert decision.allowed is (decision.code is None)
    if decision.nearest is not None:
        near = decision.nearest
        again = an_ask(item=near.item, fields=near.fields, purpose=near.purpose, claim=near.claim)
        assert decide(again, held).allowed


# ------------------------------------------------------------------------------------------------------ changes


def ask_for(*parts: ItemGrant | ClaimGrant, **changes) -> ItemScope:
    grants = frozenset(part for part in parts if isinstance(part, ItemGrant))
    claims = frozenset(part for part in parts if isinstance(part, ClaimGrant))
    return replace(SCOPE, grants=grants, claims=claims, **changes)


TAX = ItemGrant(ARREARS, ARREARS_FIELDS)


def test_confirming_a_part_and_the_whole():
    persons = frozenset({SEPARATE, WRITTEN})
    asked = ask_for(TAX, MARRIAGE_CLAIM, HOUSE_CLAIM)
    assert not confirm(asked, asked, persons, TERMS).partly
    part = ask_for(ItemGrant(ARREARS, frozenset({"uscc"})), valid_days=7, max_queries=1)
    assert confirm(asked, part, frozenset(), TERMS).partly


@pytest.mark.parametrize(
    ("chosen", "persons", "code"),
    [
        (ask_for(TAX, HOUSE_CLAIM), {SEPARATE, WRITTEN}, Code.SCOPE_EXCEEDED),
        (ask_for(ItemGrant(ARREARS, TERMS[ARREARS].fields)), set(), Code.SCOPE_EXCEEDED),
        (ask_for(TAX, max_queries=7), set(), Code.SCOPE_EXCEEDED),
        (ask_for(TAX, valid_days=31), set(), Code.SCOPE_EXCEEDED),
        (ask_for(), set(), Code.INVALID),
        (ask_for(TAX, MARRIAGE_CLAIM), set(), Code.PERSON_CONSENT_MISSING),
    ],
)
def test_more_than_asked_nothing_or_without_the_person_is_refused(chosen, persons, code):
    with pytest.raises(Invalid) as error:
        confirm(ask_for(TAX, MARRIAGE_CLAIM), chosen, frozenset(persons), TERMS)
    assert error.value.code is code


def test_real_estate_needs_the_written_form():
    asked = ask_for(HOUSE_CLAIM)
    spoken = frozenset({replace(WRITTEN, written=False)})
    assert needed_consents(asked, TERMS) == {HOUSE: True}
    with pytest.raises(Invalid) as error:
        confirm(asked, asked, spoken, TERMS)
    assert error.value.code is Code.WRITTEN_CONSENT_MISSING
    assert confirm(asked, asked, frozenset({WRITTEN}), TERMS).scope == asked


@pytest.mark.parametrize(
    "scope",
    [
        ask_for(ItemGrant("water_fee", frozenset({"no_such_field"}))),
        ask_for(ItemGrant("no_such_item", frozenset({"uscc"}))),
        ask_for(ItemGrant(MARRIAGE, frozenset({"marital_status"}))),
        ask_for(ItemGrant(ARREARS, frozenset({"no_such_field"}))),
        ask_for(ClaimGrant(ARREARS, TERMS[ARREARS].required, DIGEST)),
        ask_for(replace(MARRIAGE_CLAIM, fields=frozenset({"marital_status"}))),
    ],
)
def test_only_what_the_catalogue_knows_in_its_mode_can_be_asked_for(scope):
    with pytest.raises(Invalid) as error:
        check_scope(scope, TERMS)
    assert error.value.code is Code.INVALID


def test_the_ceilings_are_those_of_the_purpose():
    with pytest.raises(Invalid) as error:
        check_scope(ask_for(TAX, valid_days=31, max_queries=31), TERMS)
    assert (error.value.code, error.value.facts["items"]) == (
        Code.CEILING_EXCEEDED,
        ["valid_days", "max_queries"],
    )


def test_an_item_twice_or_without_fields_is_no_scope():
    with pytest.raises(Invalid):
        ask_for(TAX, ItemGrant(ARREARS, frozenset({"uscc"})))
    with pytest.raises(Invalid):
        ask_for(ItemGrant(ARREARS, frozenset()))


def _given() -> ItemAuthorisation:
    scope = replace(SCOPE, grants=frozenset({ItemGrant(ARREARS, frozenset({"status"}))}), valid_days=7)
    return an_authorisation(scope=scope, valid_to=T0 + timedelta(days=7))


def _more(**changes: object) -> ItemScope:
    asked = frozenset({ItemGrant(ARREARS, ARREARS_FIELDS)})
    return replace(SCOPE, **{"grants": asked, "claims": frozenset(), **changes})


def _append(more: ItemScope, at: datetime = T0 + timedelta(days=1), **changes: object) -> ItemAuthorisation:
    before = replace(_given(), **changes)
    return append(before, more, request=SCOPE, persons=frozenset(), terms=TERMS, at=at)


def test_an_append_joins_and_points_to_its_predecessor():
    at = T0 + timedelta(days=1)
    after = _append(_more(max_queries=9), at)
    assert after.scope.fields_of(ARREARS) == ARREARS_FIELDS
    assert (after.scope.claims, after.max_queries) == (SCOPE.claims, 9)
    assert (after.valid_from, after.valid_to) == (T0, at + timedelta(days=30))
    assert (after.predecessor, after.artefact_digest) == (_given().artefact_digest, "")
    read = ItemAuthorisation.from_claims(claims_of(after))
    assert (read.predecessor, read.scope) == (after.predecessor, after.scope)
    old = {name: value for name, value in claims_of(_given()).items() if name != "predecessor"}
    assert ItemAuthorisation.from_claims(old).predecessor is None


@pytest.mark.parametrize(
    ("more", "changes", "code"),
    [
        (_more(grants=frozenset({ItemGrant("deferred_tax", frozenset({"uscc"}))})), {}, Code.SCOPE_EXCEEDED),
        (_more(claims=frozenset({replace(HOUSE_CLAIM, digest="9" * 64)})), {}, Code.SCOPE_EXCEEDED),
        (_more(purpose=Purpose.POST_LOAN), {}, Code.PURPOSE_MISMATCH),
        (_more(max_queries=31), {}, Code.CEILING_EXCEEDED),
        (_more(grants=frozenset({ItemGrant(SHAREHOLDERS, TERMS[SHAREHOLDERS].fields)})), {}, Code.PERSON_CONSENT_MISSING),
        (_more(), {"artefact_digest": ""}, Code.INVALID),
        (_more(), {"withdrawn_at": T0}, Code.CONFLICT_STATE),
        (_more(), {"valid_to": T0 + timedelta(days=1)}, Code.CONFLICT_STATE),
        (_more(), {"state": AuthState.WITHDRAWN}, Code.ILLEGAL_MOVE),
    ],
)  # fmt: skip
def test_an_append_beyond_what_was_asked_or_out_of_its_time_is_refused(more, changes, code):
    with pytest.raises(XinqiaoError) as error:
        _append(more, **changes)
    assert error.value.code is code


def test_an_append_that_adds_nothing_is_none():
    with pytest.raises(Invalid):
        _append(_more(grants=frozenset({ItemGrant(ARREARS, frozenset({"status"}))}), valid_days=1))


def test_a_withdrawal_is_final():
    held = an_authorisation()
    gone = withdraw(held, T0 + MICRO)
    assert decide(an_ask(), gone).code is Code.CONSENT_REVOKED  # also at an instant before it
    assert visible_state(gone, T0) is VisibleState.WITHDRAWN
    with pytest.raises(Conflict):
        withdraw(gone, T0)


# ---------------------------------------------------------------------------------------------------- artefacts


def test_the_signed_payload_reads_back_and_holds_no_value():
    held = an_authorisation()
    payload = claims_of(held)
    assert ItemAuthorisation.from_claims(payload) == held
    assert payload["authorization_details"][0]["claims"][0].keys() == {"item", "fields", "digest"}


@pytest.mark.parametrize("ask", [an_ask(), a_claim_ask(MARRIAGE_CLAIM)])
def test_a_permit_reads_back(ask):
    permit = a_permit(ask)
    assert ItemPermit.from_claims(permit_claims(permit)) == permit


def test_no_artefact_passes_for_another_kind():
    payload = claims_of(an_authorisation())
    with pytest.raises(Invalid):
        fundflow_from_claims(payload)
    with pytest.raises(Invalid):
        ItemPermit.from_claims(payload)
    with pytest.raises(Invalid) as error:
        ItemAuthorisation.from_claims({**payload, "extra": 1})
    assert error.value.code is Code.UNKNOWN_FIELD


@pytest.mark.parametrize(
    "changes",
    [
        {"expires_at": T0 + timedelta(seconds=31)},
        {"claim": DIGEST},
        {"enc_jwk": None},
        {"fields": frozenset()},
        {"enc_jwk": {"kty": "OKP", "d": "AAAA"}},
    ],
)
def test_a_permit_is_one_kind_short_and_public(changes):
    with pytest.raises(Invalid):
        a_permit(an_ask(), **changes)


# --------------------------------------------------------------------------------------------------------- node


def admitted(permit, at=T0, authorisation=None, node=NODE):
    held = authorisation or an_authorisation()
    return check_item_permit(permit, node=node, authorisation=held, terms=TERMS.get(permit.item), at=at)


def test_the_node_judges_again_with_the_artefact_it_was_given():
    assert admitted(a_permit(an_ask())).allowed
    assert admitted(a_permit(a_claim_ask(HOUSE_CLAIM))).allowed
    assert admitted(a_permit(an_ask()), node=OTHER_NODE).code is Code.AUDIENCE_MISMATCH
    assert admitted(a_permit(an_ask()), at=T0 - timedelta(seconds=11)).code is Code.CLOCK_SKEW
    assert admitted(a_permit(an_ask()), at=T0 + timedelta(seconds=40)).code is Code.PERMIT_EXPIRED
    other = an_authorisation(artefact_digest="c" * 64)
    assert admitted(a_permit(an_ask()), authorisation=other).code is Code.CONSENT_MISSING
    beyond = a_permit(an_ask(fields=frozenset({"due_date"})))
    assert admitted(beyond).code is Code.SCOPE_EXCEEDED
    foreign = a_permit(an_ask(subject=OTHER_FIRM))
    assert admitted(foreign).code is Code.CONSENT_MISSING


def test_the_nodes_clock_may_be_a_little_off():
    held = an_authorisation()
    late = a_permit(
        an_ask(), issued_at=held.valid_to - MICRO, expires_at=held.valid_to + timedelta(seconds=5)
    )
    assert admitted(late, at=held.valid_to + timedelta(seconds=9)).allowed
    assert admitted(late, at=held.valid_to + timedelta(seconds=11)).code is Code.CONSENT_EXPIRED


def test_a_person_is_never_named_in_a_consent():
    consent = PersonConsent("person:1", frozenset({HOUSE}), written=True, text_digest=DIGEST)
    assert FIRM not in repr(consent)
