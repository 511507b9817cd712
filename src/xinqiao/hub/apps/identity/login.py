"""Log-in: enterprises by legal-person identity without registering, staff by password; lock-out for both.

A refusal always reads the same, whatever was wrong (case B11). The verifier, which may call other systems, is asked
outside any transaction; the record, the leaf and a new data account are written in one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import authenticate
from django.db import connection, transaction

from xinqiao.domain.errors import Code, Forbidden, Unauthenticated
from xinqiao.hub.actors import AgentScope, PersonRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, Invitation, LoginAttempt, User
from xinqiao.hub.apps.identity.people import (
    live_capacity,
    person_index,
    replace_legal_rep,
    store_capacity,
    user_for_person,
)
from xinqiao.hub.apps.identity.verifier import (
    IdentityClaim,
    IdentityVerifier,
    VerifiedIdentity,
    configured_verifier,
)
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.dbapi import vendor_of
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime


@dataclass(frozen=True, slots=True)
class EnterpriseLogin:
    """A successful log-in; ``created`` when it made the data account."""

    user: User
    enterprise: Enterprise
    person: EnterprisePerson
    created: bool


def login_enterprise(
    *, claim: IdentityClaim, at: datetime, verifier: IdentityVerifier | None = None
) -> EnterpriseLogin:
    """Check a legal-person identity and open the data account, making it at the first success.

    Raises:
        Unauthenticated: ``LOGIN_LOCKED`` after five failures within half an hour, else ``IDENTITY_NOT_VERIFIED``.
        Forbidden: ``SUBJECT_NOT_AUTHORISED``: the person is real but acts for this enterprise in no capacity.
    """
    handle = runtime.blind_index("login", f"{claim.uscc.strip().upper()}|{claim.id_no.strip().upper()}")
    with _attempt(handle, at) as attempt:
        try:
            verified = (verifier or configured_verifier()).verify(claim, at)
        except Unauthenticated:
            _record(attempt, outcome="failed", method="identity", subject_uscc=claim.uscc)
            raise
        try:
            return _open_account(attempt, verified, at)
        except Forbidden:
            _record(attempt, outcome="failed", method=verified.method, subject_uscc=verified.uscc)
            raise


def login_staff(*, username: str, password: str, at: datetime) -> User:
    """Check the password of an institution's, a data source's or the platform's own user.

    Raises:
        Unauthenticated: ``LOGIN_LOCKED``, else ``UNAUTHENTICATED``; wrong name and wrong password read the same.
    """
    handle = runtime.blind_index("login", username.strip())
    with _attempt(handle, at) as attempt:
        user = authenticate(username=username, password=password)
        if not isinstance(user, User) or user.kind == "enterprise" or _membership_ended(user):
            _record(attempt, outcome="failed", method="password")
            raise Unauthenticated(Code.UNAUTHENTICATED, "wrong name or password")
        _record(attempt, outcome="passed", method="password", user=user)
    return user


def _membership_ended(user: User) -> bool:
    if user.kind not in ("institution", "source"):
        return False
    membership = getattr(user, "membership" if user.kind == "institution" else "source_membership", None)
    return membership is None or membership.ended_at is not None


@contextmanager
def _attempt(handle: str, at: datetime) -> Iterator[LoginAttempt]:
    """Write an attempt down as begun, refuse it if too many stand beside it, and let the body say how it ended.

    It is written and the others are counted in the handle's turn: of attempts at once, each sees those before it, so
    exactly the allowed number get to guess. One that is not ended by a yes or a no (a register that is away) is forgotten;
    one whose process died counts as a failure.

    Raises:
        Unauthenticated: ``LOGIN_LOCKED``.
    """
    with transaction.atomic(durable=True):
        _take_turn(handle)
        attempt = LoginAttempt.objects.create(handle=handle, at=at, outcome="begun")
        others = _others(attempt)
    try:
        if others >= settings.LOGIN_FAILURES_BEFORE_LOCK:
            # Not counted as a further failure: a stranger must not be able to keep somebody out for ever.
            _record(attempt, outcome="locked", method="lock")
            raise Unauthenticated(
                Code.LOGIN_LOCKED, "too many failures", facts={"minutes": settings.LOGIN_LOCK_MINUTES}
            )
        yield attempt
    finally:
        LoginAttempt.objects.filter(id=attempt.id, outcome="begun").delete()


def _take_turn(handle: str) -> None:
    """Wait until nobody else counts the attempts of this handle; until the end of the transaction."""
    # SQLite's transactions begin by taking the one lock of all writers.
    if vendor_of(connection) == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [handle])


def _others(attempt: LoginAttempt) -> int:
    """Attempts beside this one that failed or are under way, since the last success within the half hour."""
    since = attempt.at - timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
    recent = LoginAttempt.objects.filter(handle=attempt.handle, at__gt=since)
    passed = recent.filter(outcome="passed").order_by("-at").values_list("at", flat=True).first()
    counted = recent.filter(outcome__in=["failed", "begun"], at__gt=passed or since)
    return counted.exclude(id=attempt.id).count()


def _record(
    attempt: LoginAttempt, *, outcome: str, method: str, user: User | None = None, subject_uscc: str = ""
) -> None:
    with transaction.atomic(durable=True):
        enterprise = Enterprise.objects.filter(uscc=subject_uscc).first() if subject_uscc else None
        _write(attempt, outcome=outcome, method=method, user=user, enterprise=enterprise)


def _write(
    attempt: LoginAttempt, *, outcome: str, method: str, user: User | None, enterprise: Enterprise | None
) -> None:
    LoginAttempt.objects.filter(id=attempt.id).update(
        outcome=outcome, method=method, user=user, enterprise=enterprise
    )
    append_leaf(
        type="LOGIN",
        at=attempt.at,
        facts={"outcome": outcome, "method": method, "user": user.id if user else None},
        refs=Refs(subject=enterprise.id if enterprise else None, object=user.id if user else None),
    )


def _open_account(attempt: LoginAttempt, verified: VerifiedIdentity, at: datetime) -> EnterpriseLogin:
    with transaction.atomic(durable=True):
        enterprise, created = _data_account(verified, at)
        person = _capacity(enterprise, verified, at)
        user = person.user
        _write(attempt, outcome="passed", method=verified.method, user=user, enterprise=enterprise)
        if created:
            _answer_invitations(enterprise, at)
    return EnterpriseLogin(user=user, enterprise=enterprise, person=person, created=created)


def _data_account(verified: VerifiedIdentity, at: datetime) -> tuple[Enterprise, bool]:
    enterprise, created = Enterprise.objects.select_for_update().get_or_create(
        uscc=verified.uscc,
        defaults={
            "id": new_id(Prefix.ENTERPRISE),
            "name": verified.enterprise_name,
            "subject_type": verified.subject_type,
            "region": verified.region,
            "industry": verified.industry,
            "is_demo": verified.demonstration,
            "created_at": at,
        },
    )
    if created and not verified.is_legal_rep:
        raise Forbidden(Code.SUBJECT_NOT_AUTHORISED, "the first log-in is the legal representative's")
    if not created and enterprise.name != verified.enterprise_name:
        enterprise.name = verified.enterprise_name  # the registration is the source of the name
        enterprise.save(update_fields=["name"])
    return enterprise, created


def _capacity(enterprise: Enterprise, verified: VerifiedIdentity, at: datetime) -> EnterprisePerson:
    index = person_index(verified.id_no)
    live = list(enterprise.people.select_related("user").filter(live_capacity(at), id_no_index=index))
    if not verified.is_legal_rep:
        agents = [person for person in live if person.role == PersonRole.AGENT]
        if not agents:
            raise Forbidden(Code.SUBJECT_NOT_AUTHORISED, "this person does not act for this enterprise now")
        return agents[0]
    own = [person for person in live if person.role == PersonRole.LEGAL_REP]
    if own:
        return own[0]
    if enterprise.people.filter(role=PersonRole.LEGAL_REP.value, valid_to__isnull=True).exists():
        return replace_legal_rep(
            enterprise=enterprise,
            name=verified.person_name,
            id_no=verified.id_no,
            effective=min(verified.representative_since or at, at),
            at=at,
        )
    return store_capacity(
        enterprise=enterprise,
        user=user_for_person(verified.id_no, verified.person_name),
        name=verified.person_name,
        id_no=verified.id_no,
        role=PersonRole.LEGAL_REP,
        scopes=frozenset(AgentScope),
        valid_from=min(verified.representative_since or at, at),
        valid_to=None,
    )


def _answer_invitations(enterprise: Enterprise, at: datetime) -> None:
    for invitation in Invitation.objects.filter(uscc=enterprise.uscc, state="open"):
        invitation.state = "joined"
        invitation.answered_at = at
        invitation.save(update_fields=["state", "answered_at"])
        notify(
            audience=("institution", invitation.institution_id),
            kind="invitation_joined",
            facts={"uscc": enterprise.uscc, "name": enterprise.name},
            link=f"/i/firms?q={enterprise.uscc}",
            at=at,
        )
