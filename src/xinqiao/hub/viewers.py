"""Whose rows somebody sees, for tables where that is a matter of one column for each kind of party.

Every ``QuerySet.for_viewer`` says which column; tables where a role or the kind of the row decides too spell it out.
"""

from typing import Any, assert_never

from django.db import models

from xinqiao.hub.actors import (
    Actor,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    OperatorActor,
    SourceActor,
    SystemActor,
)


def seen_by[Q: models.QuerySet[Any]](
    rows: Q, actor: Actor, *, enterprise: str | None = None, institution: str | None = None,
    source: str | None = None,
) -> Q:  # fmt: skip
    """The rows whose column names the actor's party; without a column that kind of party sees none.

    The platform's own people see all: what each of them may do is the verbs' question.
    """
    match actor:
        case EnterpriseActor(enterprise_id=party):
            column = enterprise
        case InstitutionActor(institution_id=party):
            column = institution
        case SourceActor(source_id=party):
            column = source
        case OperatorActor() | AuditorActor() | SystemActor():
            return rows.all()
        case _:
            assert_never(actor)
    return rows.filter(**{column: party}) if column is not None else rows.none()
