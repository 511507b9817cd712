"""Inviting an enterprise without a data account, and seeding the demonstration's identities."""

from datetime import datetime

from django.conf import settings
from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Forbidden
from xinqiao.domain.identifiers import validate_uscc
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import DemoIdentity, Enterprise, Invitation
from xinqiao.hub.ids import Prefix, new_id


def invite_enterprise(*, actor: InstitutionActor, uscc: str, message: str, at: datetime) -> Invitation:
    """Ask an enterprise to log in for the first time; asking again returns the open invitation.

    Raises:
        Invalid: ``USCC_*``. Conflict: ``CONFLICT_STATE``: it has a data account already.
    """
    code = validate_uscc(uscc)
    if InstitutionRole.QUERY_OPERATOR not in actor.roles:
        raise Forbidden(Code.ROLE_FORBIDDEN, "a query operator invites")
    with transaction.atomic(durable=True):
        if Enterprise.objects.filter(uscc=code).exists():
            raise Conflict(Code.CONFLICT_STATE, "the enterprise has a data account")
        invitation, created = Invitation.objects.get_or_create(
            institution_id=actor.institution_id,
            uscc=code,
            state="open",
            defaults={"id": new_id(Prefix.INVITATION), "message": message[:200], "created_at": at},
        )
        if created:
            append_leaf(
                type="STATEMENT",
                at=at,
                facts={"act": "invited"},
                refs=Refs(institution=actor.institution_id, object=invitation.id),
                personal={"uscc": code},
            )
    return invitation


def seed_demo_identity(
    *,
    uscc: str,
    enterprise_name: str,
    people: list[dict[str, str]],
    subject_type: str = "company",
    region: str = "",
    industry: str = "",
) -> DemoIdentity:
    """演示: let the demonstration verifier know an invented enterprise. Refused on a real platform.

    ``people``: ``{"name", "id_no", "role": "legal_rep" | "other", "since"?: RFC 3339}``.
    """
    if not settings.DEMO:
        raise Forbidden(Code.ROLE_FORBIDDEN, "this is no demonstration")
    row, _ = DemoIdentity.objects.update_or_create(
        uscc=validate_uscc(uscc),
        defaults={
            "enterprise_name": enterprise_name,
            "people": people,
            "subject_type": subject_type,
            "region": region,
            "industry": industry,
        },
    )
    return row
