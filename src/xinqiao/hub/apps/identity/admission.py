"""Letting an institution in together with the person who then runs its side: both, or neither."""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.identifiers import check_name
from xinqiao.hub.actors import InstitutionRole
from xinqiao.hub.apps.identity.institutions import add_member, register_institution
from xinqiao.hub.apps.identity.models import Member
from xinqiao.hub.apps.identity.rights import Manager


def admit_institution(
    *,
    actor: Manager,
    uscc: str,
    name: str,
    short_name: str,
    is_user: bool,
    is_provider: bool,
    username: str,
    password: str,
    display_name: str,
    department: str,
    at: datetime,
) -> Member:
    """Register an institution and make its first administrator, in one transaction: a taken log-in leaves nothing.

    Raises:
        Forbidden: no administrator of the platform. Invalid: ``USCC_*``, ``NAME_FORBIDDEN_CHARACTER``, or it takes part
        in nothing. Conflict: registered already, or (``facts`` name ``username``) the log-in name is taken.
    """
    if not (is_user or is_provider):
        raise Invalid(Code.INVALID, "it uses or provides information", facts={"field": "takes_part"})
    with transaction.atomic(durable=True):
        institution = register_institution(
            actor=actor,
            uscc=uscc,
            name=check_name(name),
            short_name=check_name(short_name, field="short_name"),
            is_user=is_user,
            is_provider=is_provider,
            at=at,
        )
        return add_member(
            actor=actor,
            institution_id=institution.id,
            username=username,
            password=password,
            display_name=display_name,
            department=department,
            roles=frozenset({InstitutionRole.INSTITUTION_ADMIN}),
            at=at,
        )
