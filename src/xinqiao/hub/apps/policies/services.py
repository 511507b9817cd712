"""The verbs of policies: write, submit, decide with four eyes, stop, end. In the manner of an institution's products.

All of a policy happens under the lock of its row, so that two people never make two versions of it or decide twice.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import PENDING, STANDING, VersionEvent, VersionState, check_reviewer
from xinqiao.domain.policies.policy_json import parse_policy
from xinqiao.hub.actors import InstitutionActor, OperatorRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator
from xinqiao.hub.apps.market.rows import Happened
from xinqiao.hub.apps.policies.fund import set_fund
from xinqiao.hub.apps.policies.models import Department, Policy, PolicyVersion
from xinqiao.hub.apps.policies.rows import (
    DECIDES,
    WRITES,
    change,
    columns_of,
    fire,
    locked,
    note,
    read_policy,
    require_role,
    tell,
)
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.typed import form_key, text_of

_STANDING = [state.value for state in STANDING]
_PENDING = [state.value for state in PENDING]


def register_department(*, actor: Manager, institution_id: str, at: datetime) -> Department:
    """Let an organisation in as a policy department; it must use and provide no information itself.

    Raises:
        Forbidden: no administrator of the platform. NotFound. Conflict: ``CONFLICT_STATE``: a bank or a provider;
            ``CONFLICT_DUPLICATE``: it is one.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        found = Institution.objects.filter(id=institution_id).first()
        if found is None:
            raise NotFound
        if found.is_user or found.is_provider:
            raise Conflict(
                Code.CONFLICT_STATE, "a user or provider of information", facts={"field": "institution"}
            )
        with only_once(Department.objects.filter(institution=found), "it is one", {"field": "institution"}):
            made = Department(institution=found, registered_at=at)
            made.save(force_insert=True)
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "policy_department", "by": by},
            refs=Refs(institution=found.id, object=found.id),
        )
    return made


def create_policy(*, actor: InstitutionActor, terms: Json, key: str, at: datetime) -> PolicyVersion:
    """Write a policy: its first version as a draft. The same form once more is the same policy.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: naming the field.
    """
    require_role(actor, WRITES)
    read, key = read_policy(terms), form_key(key)
    with transaction.atomic(durable=True):
        # the department's row is what two forms of one key wait at
        department = Department.objects.select_for_update().get(institution_id=actor.institution_id)
        known = PolicyVersion.objects.for_viewer(actor).filter(no=1, policy__key=key).first()
        if known is not None:
            return known
        policy = Policy.objects.create(
            id=new_id(Prefix.POLICY),
            number=next_number("ZC", at),
            department=department,
            key=key,
            made_at=at,
        )
        row = PolicyVersion(policy=policy, no=1, key=key, **columns_of(read))
        _insert(row, actor, at)
    return row


def revise_policy(*, actor: InstitutionActor, policy_id: str, key: str, at: datetime) -> PolicyVersion:
    """Begin the next version of a policy in force, as a draft that says what the present one says.

    Raises:
        NotFound: absent or foreign. Forbidden: ``ROLE_FORBIDDEN``. Conflict: ``CONFLICT_DUPLICATE``: one is being made;
            ``CONFLICT_STATE``: the policy is not in force and never will be again.
    """
    with transaction.atomic(durable=True):
        rows = PolicyVersion.objects.for_viewer(actor).filter(policy_id=policy_id)
        if not rows.exists():
            raise NotFound
        require_role(actor, WRITES)
        policy = Policy.objects.select_for_update().get(id=policy_id)
        known = rows.filter(key=form_key(key)).first()
        if known is not None:
            return known
        if rows.filter(state__in=_PENDING).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "a version is being made", facts={"field": "policy"})
        standing = rows.filter(state__in=_STANDING).first()
        if standing is None:
            raise Conflict(Code.CONFLICT_STATE, "not in force", facts={"field": "policy"})
        row = PolicyVersion(
            policy=policy, no=rows.count() + 1, key=key, **columns_of(parse_policy(standing.terms))
        )
        _insert(row, actor, at)
    return row


def _insert(row: PolicyVersion, actor: InstitutionActor, at: datetime) -> None:
    row.id, row.writers, row.written_at = new_id(Prefix.POLICY_VERSION), [actor.user_id], at
    row.save(force_insert=True)
    note(row, actor, Happened("write", at))


def save_draft(
    *, actor: InstitutionActor, version_id: str, terms: Json, expected_revision: int, at: datetime
) -> PolicyVersion:
    """Write a draft anew. What it said before stays in the log as its digest.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: naming the field. Conflict: ``CONFLICT_STATE``: no draft.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, WRITES)
        if row.state != VersionState.DRAFT.value:
            raise Conflict(Code.CONFLICT_STATE, "only a draft is written", facts={"state": row.state})
        read = read_policy(terms)
        change(
            row, actor, Happened("write", at), **columns_of(read), writers=_with(row, actor), written_at=at
        )
    return row


def submit_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """Hand a draft in for review. From here on its words are fixed.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Conflict: ``ILLEGAL_MOVE``. Invalid: an item was dropped meanwhile.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, WRITES)
        read_policy(row.terms)
        fire(
            row, actor, VersionEvent.SUBMIT, Happened("submit", at), submitted_at=at, writers=_with(row, actor), refusal=""
        )  # fmt: skip
        tell(row, "policy_submitted", at)
    return row


def recall_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """Take a version back from review to write on. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, WRITES)
        fire(row, actor, VersionEvent.RECALL, Happened("recall", at))
    return row


def drop_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """Give up a version that was never published. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, WRITES)
        fire(row, actor, VersionEvent.DROP, Happened("drop", at), ended_at=at)
    return row


def refuse_version(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """A second person sends a version back, with the reason.

    Raises:
        NotFound. Forbidden: ``ROLE_FORBIDDEN``; with the reason ``FOUR_EYES`` to one of its writers. Stale.
        Invalid: no reason. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = _reviewed(actor, version_id, expected_revision)
        said = text_of(reason, field="reason")
        fire(
            row, actor, VersionEvent.REFUSE, Happened("refuse", at, said), refusal=said, decided_at=at,
            decided_by=actor.user_id,
        )  # fmt: skip
        tell(row, "policy_refused", at)
    return row


def publish_version(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """A second person agrees: the version is in force with its fund, the one before it no more. Applications keep theirs.

    Raises: as :func:`refuse_version`. Conflict: ``FUND_EXCEEDED``: the budget is below what was promised.
    """
    with transaction.atomic(durable=True):
        row = _reviewed(actor, version_id, expected_revision)
        before = PolicyVersion.objects.filter(policy=row.policy, state__in=_STANDING).first()
        if before is not None and row.state == VersionState.IN_REVIEW.value:
            before.policy = row.policy
            fire(before, actor, VersionEvent.SUPERSEDE, Happened("supersede", at), role=Role.HUB, ended_at=at)
        set_fund(row, read_policy(row.terms), actor=actor, at=at)
        fire(
            row, actor, VersionEvent.PUBLISH, Happened("publish", at), published_at=at, decided_at=at,
            decided_by=actor.user_id,
        )  # fmt: skip
        tell(row, "policy_published", at)
    return row


def _reviewed(actor: InstitutionActor, version_id: str, expected_revision: int) -> PolicyVersion:
    row = locked(actor, version_id, expected_revision)
    require_role(actor, DECIDES)
    check_reviewer(row.writers, actor.user_id or "")
    return row


def suspend_policy(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """暂停受理: no applications from now on, until it is resumed; those under way go on. One person suffices to stop.

    Raises: NotFound. Forbidden: ``ROLE_FORBIDDEN``. Stale. Invalid: no reason. Conflict: ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, DECIDES)
        fire(row, actor, VersionEvent.SUSPEND, Happened("suspend", at, text_of(reason, field="reason")))
        tell(row, "policy_suspended", at)
    return row


def resume_policy(
    *, actor: InstitutionActor, version_id: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """Open again, with the words that were reviewed. Raises as :func:`submit_version`."""
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, DECIDES)
        fire(row, actor, VersionEvent.RESUME, Happened("resume", at))
    return row


def withdraw_policy(
    *, actor: InstitutionActor, version_id: str, reason: str, expected_revision: int, at: datetime
) -> PolicyVersion:
    """停办: ended for good; a version that is being made is given up with it.

    Raises: as :func:`suspend_policy`.
    """
    with transaction.atomic(durable=True):
        row = locked(actor, version_id, expected_revision)
        require_role(actor, DECIDES)
        fire(
            row,
            actor,
            VersionEvent.WITHDRAW,
            Happened("withdraw", at, text_of(reason, field="reason")),
            ended_at=at,
        )
        pending = PolicyVersion.objects.filter(policy=row.policy, state__in=_PENDING).first()
        if pending is not None:
            pending.policy = row.policy
            fire(pending, actor, VersionEvent.DROP, Happened("drop", at), ended_at=at)
        tell(row, "policy_withdrawn", at)
    return row


def _with(row: PolicyVersion, actor: InstitutionActor) -> list[str]:
    return sorted({*row.writers, actor.user_id or ""})
