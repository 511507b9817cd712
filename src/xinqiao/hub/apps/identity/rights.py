"""Which of the platform's own people may do what: the one question every verb of the operator asks first."""

from typing import assert_never

from xinqiao.domain.errors import Code, Forbidden
from xinqiao.hub.actors import OperatorActor, OperatorRole, SystemActor

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
