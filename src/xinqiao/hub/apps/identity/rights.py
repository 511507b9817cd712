"""Which of the platform's own people, and of an institution's, may do what: the question every verb asks first."""

from typing import assert_never

from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import (
    InstitutionActor,
    InstitutionRole,
    OperatorActor,
    OperatorRole,
    SystemActor,
)
from xinqiao.hub.apps.identity.models import Institution

type Manager = OperatorActor | SystemActor


def require_operator(actor: Manager, role: OperatorRole) -> str:
    """Who acts, for a leaf. Raises ROLE_FORBIDDEN without the role; the platform itself may everything."""
    match actor:
        case SystemActor(process=process):
            return f"system:{process}"
        case OperatorActor(user_id=user_id, roles=roles):
            if role not in roles:
                raise Forbidden(
                    Code.ROLE_FORBIDDEN, "the platform role is missing", facts={"role": role.value}
                )
            return user_id
        case _:
            assert_never(actor)  # the auditor looks; without this the match would fall through to a yes


def require_institution_role(
    actor: InstitutionActor, roles: frozenset[InstitutionRole], *, in_person: bool = True
) -> None:
    """Somebody of an institution in service with one of the roles; its own system too unless ``in_person``.

    Raises ROLE_FORBIDDEN.
    """
    in_service = Institution.objects.filter(id=actor.institution_id, status="active").exists()
    if not in_service or not actor.roles & roles or (in_person and actor.user_id is None):
        raise Forbidden(Code.ROLE_FORBIDDEN, "the role is missing, or the institution is suspended")
