"""The actor values, at the address other apps know; they are defined below all apps in ``xinqiao.hub.actors``."""

from xinqiao.hub.actors import (
    Actor,
    AgentScope,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    OperatorActor,
    OperatorRole,
    PersonRole,
    SourceActor,
    SourceRole,
    SystemActor,
)

__all__ = [
    "Actor",
    "AgentScope",
    "AuditorActor",
    "EnterpriseActor",
    "InstitutionActor",
    "InstitutionRole",
    "OperatorActor",
    "OperatorRole",
    "PersonRole",
    "SourceActor",
    "SourceRole",
    "SystemActor",
]
