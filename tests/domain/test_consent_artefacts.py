"""What is signed can be read back exactly, and nothing else can be read."""

import copy
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.consent_cast import (
    DIGEST,
    FIRM,
    SCOPE,
    T0,
    a_permit,
    a_self_permit,
    an_authorisation,
    an_entrustment,
    claims_of,
    entrustment_payload,
    scopes,
)

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.consent import (
    Authorisation,
    Entrustment,
    Permit,
    Product,
    Purpose,
    append,
    authorisation_claims,
    details_from_scope,
    grant,
    permit_claims,
    scope_from_details,
    sealed,
    subject_of_details,
)
from xinqiao.domain.errors import Code, Invalid

PAYLOADS = {
    "authorisation": (Authorisation.from_claims, claims_of(an_authorisation())),
    "entrustment": (Entrustment.from_claims, entrustment_payload(an_entrustment())),
    "permit": (Permit.from_claims, permit_claims(a_permit())),
    "self permit": (Permit.from_claims, permit_claims(a_self_permit())),
}
every_artefact = pytest.mark.parametrize(("read", "claims"), PAYLOADS.values(), ids=PAYLOADS)


def test_an_authorisation_survives_the_round_trip():
    claims = json.loads(canonical_bytes(claims_of(an_authorisation())))
    assert Authorisation.from_claims(claims) == an_authorisation()


def test_an_appended_authorisation_keeps_its_predecessor():
    appended = append(an_authorisation(), replace(SCOPE, months_back=36), T0 + timedelta(days=3))
    appended = sealed(appended, claims_of(appended))
    assert Authorisation.from_claims(claims_of(appended)) == appended
    assert appended.predecessor == an_authorisation().artefact_digest


@given(scopes(st.sampled_from(Purpose)), st.integers(0, 10**15))
def test_every_scope_survives_the_artefact_to_the_microsecond(scope, micros):
    if scope.is_empty:
        return
    given_one = grant(
        id="auth:9", subject=FIRM, institution="inst:x", scope=scope, at=T0 + timedelta(microseconds=micros)
    )
    claims = claims_of(given_one)
    assert Authorisation.from_claims(claims) == sealed(given_one, claims)


def test_the_digest_speaks_for_every_member():
    base = claims_of(an_authorisation())
    other = authorisation_claims(
        an_authorisation(),
        issuer="hub:demo",
        signatory="person:2",
        signed_at=T0,
        shown_digest=DIGEST,
        reader=base["reader"],
    )
    one, two = Authorisation.from_claims(base), Authorisation.from_claims(other)
    assert one.artefact_digest != two.artefact_digest


def test_an_empty_scope_is_never_signed():
    with pytest.raises(Invalid):
        claims_of(an_authorisation(scope=replace(SCOPE, accounts=frozenset())))


def test_an_entrustment_survives_the_round_trip():
    assert Entrustment.from_claims(entrustment_payload(an_entrustment())) == an_entrustment()


@pytest.mark.parametrize("permit", [a_permit(), a_self_permit(), a_permit(include_balance=True, months=36)])
def test_a_permit_survives_the_round_trip(permit):
    assert Permit.from_claims(json.loads(canonical_bytes(permit_claims(permit)))) == permit


@every_artefact
def test_one_artefact_cannot_pass_as_another(read, claims):
    for other_read, _ in PAYLOADS.values():
        if other_read != read:
            with pytest.raises(Invalid):
                other_read(claims)


def objects_in(value, path=()):
    if isinstance(value, dict):
        yield path
        for name, item in value.items():
            yield from objects_in(item, (*path, name))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from objects_in(item, (*path, i))


def at_path(value, path):
    for step in path:
        value = value[step]
    return value


@every_artefact
def test_an_unknown_member_is_refused_at_every_level(read, claims):
    for path in objects_in(claims):
        tampered = copy.deepcopy(claims)
        at_path(tampered, path)["scope_all"] = True
        with pytest.raises(Invalid) as refusal:
            read(tampered)
        assert refusal.value.code is Code.UNKNOWN_FIELD


@every_artefact
def test_a_missing_member_is_refused_at_every_level(read, claims):
    optional = {"crv", "x"}  # of a key: which are needed depends on its type, judged where it is used
    for path in objects_in(claims):
        for name in set(at_path(claims, path)) - optional:
            tampered = copy.deepcopy(claims)
            del at_path(tampered, path)[name]
            with pytest.raises(Invalid):
                read(tampered)


@every_artefact
@pytest.mark.parametrize("junk", [0, -1, True, 1.5, "", " ", [], {}, "x" * 513, "\ud800", 10**30])
def test_a_member_of_a_wrong_kind_is_refused_and_never_crashes(read, claims, junk):
    for path in objects_in(claims):
        for name in at_path(claims, path):
            tampered = copy.deepcopy(claims)
            if at_path(tampered, path)[name] == junk and type(at_path(tampered, path)[name]) is type(junk):
                continue
            at_path(tampered, path)[name] = junk
            if name in {"include_balance"} and junk is True:
                continue
            if name == "privileges" and junk == []:
                continue
            with pytest.raises(Invalid):
                read(tampered)


@pytest.mark.parametrize("text", ["2026-05-01T01:02:03.456789+00:00", "2026-05-01T09:02:03.456789+08:00"])
def test_another_spelling_of_an_instant_is_not_the_artefact(text):
    claims = claims_of(an_authorisation())
    claims["authorization_details"][0]["valid"]["from"] = text
    with pytest.raises(Invalid):
        Authorisation.from_claims(claims)


def test_the_details_must_speak_of_the_subject_of_the_artefact():
    claims = claims_of(an_authorisation())
    claims["sub"] = "91140106MA0DEM0567"
    with pytest.raises(Invalid):
        Authorisation.from_claims(claims)


def test_a_validity_that_ends_before_it_starts_is_refused():
    claims = claims_of(an_authorisation())
    valid = claims["authorization_details"][0]["valid"]
    valid["from"], valid["until"] = valid["until"], valid["from"]
    with pytest.raises(Invalid):
        Authorisation.from_claims(claims)


@pytest.mark.parametrize(
    "change",
    [
        {"expires_at": T0 + timedelta(seconds=31)},
        {"expires_at": T0},
        {"months": 0},
        {"months": 37},
        {"institution": None},
        {"purpose": None},
        {"authorisation_digest": None},
        {"enc_jwk": {"kty": "OKP", "crv": "X25519", "x": "AA", "d": "AA"}},
    ],
)
def test_a_permit_that_makes_no_sense_cannot_be_written(change):
    with pytest.raises(Invalid):
        a_permit(**change)


def test_a_private_key_never_passes_in_a_permit():
    claims = permit_claims(a_permit())
    claims["enc_jwk"]["d"] = "AA"
    with pytest.raises(Invalid):
        Permit.from_claims(claims)


KNOWN = frozenset({"link:1", "link:2", "link:3"})


@given(scopes(st.sampled_from(Purpose)))
def test_a_request_survives_its_authorization_details(scope):
    if scope.is_empty:
        return
    details = json.loads(canonical_bytes(details_from_scope(scope, subject=FIRM)))
    assert scope_from_details(details, KNOWN) == (FIRM, scope)
    assert subject_of_details(details) == FIRM


def test_a_request_without_accounts_asks_for_all_that_are_bound():
    details = details_from_scope(SCOPE, subject=FIRM)
    del details[0]["accounts"]
    assert scope_from_details(details, KNOWN)[1].accounts == KNOWN


def test_a_foreign_account_and_an_absent_one_get_the_same_answer():
    answers = []
    for account in ("link:of-somebody-else", "link:never-was"):
        details = details_from_scope(replace(SCOPE, accounts=frozenset({account})), subject=FIRM)
        with pytest.raises(Invalid) as refusal:
            scope_from_details(details, KNOWN)
        answers.append((refusal.value.code, refusal.value.detail, refusal.value.facts))
    assert answers[0] == answers[1]
    assert "link:" not in str(answers)


@pytest.mark.parametrize(
    "details",
    [None, [], {}, "x", [1], [{}], [[]], details_from_scope(SCOPE, subject=FIRM) * 2],
)
def test_details_that_are_not_one_object_are_refused(details):
    with pytest.raises(Invalid):
        scope_from_details(details, KNOWN)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "fundflow_query_v2"),
        ("actions", ["query", "store"]),
        ("datatypes", []),
        ("datatypes", ["FLOW_REPORT", "FLOW_REPORT"]),
        ("datatypes", ["FLOW_RAW"]),
        ("accounts", []),
        ("privileges", ["everything"]),
        ("purpose", {"code": "marketing"}),
        ("data_range", {"months": 37}),
        ("data_range", {"months": "24"}),
        ("frequency", {"max": 0}),
        ("valid", {"days": 0}),
    ],
)
def test_a_request_beyond_the_contract_is_refused(member, value):
    details = details_from_scope(SCOPE, subject=FIRM)
    details[0][member] = value
    with pytest.raises(Invalid):
        scope_from_details(details, KNOWN)


def test_products_are_written_in_one_order():
    both = replace(SCOPE, products=frozenset(Product))
    assert details_from_scope(both, subject=FIRM)[0]["datatypes"] == ["FLOW_REPORT", "FLOW_SUMMARY"]
