"""What a node believes: its own copy, its own clock, and the artefacts, never the hub's word alone."""

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.domain.consent_cast import (
    DIGEST,
    MICRO,
    NODE,
    OTHER_FIRM,
    OTHER_NODE,
    OUTSIDER,
    SCOPE,
    T0,
    a_permit,
    a_self_permit,
    an_authorisation,
    an_entrustment,
    claims_of,
)

from xinqiao.domain.consent import Product, Purpose, check_permit, grant, sealed
from xinqiao.domain.errors import Code

DEFAULT = object()


def gate(permit=None, *, node=NODE, entrustment=DEFAULT, authorisation=DEFAULT, at=T0):
    return check_permit(
        permit or a_permit(),
        node=node,
        entrustment=an_entrustment() if entrustment is DEFAULT else entrustment,
        authorisation=an_authorisation() if authorisation is DEFAULT else authorisation,
        at=at,
    )


def test_a_permit_that_agrees_with_both_artefacts_is_served():
    assert gate().allowed
    assert gate(a_self_permit(), authorisation=None).allowed


def test_a_permit_presented_at_another_node_is_refused():
    assert gate(node=OTHER_NODE).code is Code.AUDIENCE_MISMATCH


SKEW = timedelta(seconds=10)
LATE = T0 + timedelta(seconds=30)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (T0 - SKEW - MICRO, Code.CLOCK_SKEW),
        (T0 - SKEW, None),
        (LATE + SKEW - MICRO, None),
        (LATE + SKEW, Code.PERMIT_EXPIRED),
        (T0 + timedelta(days=1), Code.PERMIT_EXPIRED),
    ],
)
def test_clocks_may_differ_by_ten_seconds_and_not_a_microsecond_more(at, code):
    assert gate(at=at).code is code


@pytest.mark.parametrize(
    ("offset", "code"),
    [(timedelta(0), None), (SKEW, None), (SKEW + MICRO, Code.CONSENT_EXPIRED)],
)
def test_a_release_just_before_the_end_survives_a_node_clock_that_runs_ahead(offset, code):
    authorisation = an_authorisation()
    last = authorisation.valid_to - MICRO
    permit = a_permit(issued_at=last, expires_at=last + timedelta(seconds=30))
    assert gate(permit, at=last + offset).code is code


@pytest.mark.parametrize(
    ("entrustment", "code"),
    [
        (None, Code.ENTRUSTMENT_MISSING),
        (an_entrustment(ended_at=T0), Code.ENTRUSTMENT_ENDED),
        (an_entrustment(account="link:2"), Code.ENTRUSTMENT_MISSING),
        (an_entrustment(subject=OTHER_FIRM), Code.ENTRUSTMENT_MISSING),
        (an_entrustment(provider=OTHER_NODE), Code.ENTRUSTMENT_MISSING),
        (an_entrustment(id="ent:2"), Code.ENTRUSTMENT_MISSING),
        (an_entrustment(digest=DIGEST), Code.ENTRUSTMENT_MISSING),
        (an_entrustment(products=frozenset({Product.SUMMARY})), Code.ENTRUSTMENT_MISSING),
    ],
)
@pytest.mark.parametrize("permit", [a_permit(), a_self_permit()])
def test_the_node_relies_on_its_own_copy_of_the_entrustment(permit, entrustment, code):
    assert gate(permit, entrustment=entrustment).code is code


def test_an_institution_permit_without_its_authorisation_artefact_is_refused():
    assert gate(authorisation=None).code is Code.CONSENT_MISSING


def test_an_artefact_other_than_the_one_named_is_refused():
    assert gate(a_permit(authorisation_digest=DIGEST)).code is Code.CONSENT_MISSING


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"institution": OUTSIDER}, Code.CONSENT_GRANTEE_MISMATCH),
        ({"authorisation_id": "auth:2"}, Code.CONSENT_MISSING),
        ({"purpose": Purpose.POST_LOAN}, Code.PURPOSE_MISMATCH),
        ({"months": 25}, Code.SCOPE_EXCEEDED),
        ({"product": Product.SUMMARY}, Code.SCOPE_EXCEEDED),
        ({"account": "link:3"}, Code.SCOPE_EXCEEDED),
        ({"include_balance": True}, Code.SCOPE_EXCEEDED),
        ({"subject": OTHER_FIRM}, Code.CONSENT_MISSING),
    ],
)
def test_a_hub_that_permits_more_than_was_signed_is_refused(change, code):
    assert gate(a_permit(**change)).code is code


def test_balances_pass_when_the_subject_allowed_them():
    wide = grant(
        id="auth:1",
        subject=an_authorisation().subject,
        institution=an_authorisation().institution,
        scope=replace(SCOPE, include_balance=True),
        at=T0,
    )
    wide = sealed(wide, claims_of(wide))
    permit = a_permit(include_balance=True, authorisation_digest=wide.artefact_digest)
    assert gate(permit, authorisation=wide).allowed
