"""The platform's own people: making and ending their accounts. The first of them come by ``xinqiao operator``.

Administration, security and audit are kept apart (等保三级): the auditor is a user of its own kind and holds no role,
and nobody is administrator and security officer at once. Every change is a leaf.
"""

import re
from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.identity.once import only_once
from xinqiao.hub.apps.identity.rights import Manager, require_operator

#: Lower case only, so that no two people's log-in names differ by what nobody sees.
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_NAME_LENGTH = 80
_KINDS = ("operator", "auditor")


def add_operator(
    *,
    actor: Manager,
    login: str,
    password: str,
    name: str = "",
    roles: frozenset[OperatorRole] = frozenset(),
    auditor: bool = False,
    at: datetime,
) -> User:
    """Make an account for one of the platform's people: an operator with roles, or an auditor, who has none.

    Raises:
        Invalid: ``facts`` name the field: login, name, role, or password with the reason it is refused for.
        Conflict: ``CONFLICT_DUPLICATE``: the log-in name is taken, also by somebody whose account has ended.
    """
    if not _LOGIN.fullmatch(login):
        raise Invalid(Code.INVALID, "the log-in name is out of form", facts={"field": "login"})
    if len(name) > _NAME_LENGTH:
        raise Invalid(Code.INVALID, "the name is too long", facts={"field": "name"})
    if auditor == bool(roles) or roles >= {OperatorRole.ADMIN, OperatorRole.SECURITY}:
        raise Invalid(Code.INVALID, "these roles are kept apart", facts={"field": "role"})
    user = User(
        username=login,
        kind="auditor" if auditor else "operator",
        display_name=name or login,
        roles=sorted(role.value for role in roles),
    )
    _check_password(password, user)
    user.set_password(password)  # slow on purpose, so before the transaction takes the database's lock
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        with only_once(User.objects.filter(username=login), "the log-in name is taken", {"field": "login"}):
            user.save(force_insert=True)
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "operator_added", "by": by, "kind": user.kind, "roles": [*user.roles]},
            refs=Refs(object=user.id),
        )
    return user


def _check_password(password: str, user: User) -> None:
    """The rules of the settings: long enough, not common, not the log-in name again."""
    try:
        validate_password(password, user)
    except ValidationError as refused:
        reason = str(refused.error_list[0].code).upper()
        raise Invalid(
            Code.INVALID, "the password is too weak", facts={"field": "password", "reason": reason}
        ) from None


def end_operator(*, actor: Manager, login: str, at: datetime) -> None:
    """Somebody leaves the platform: effective at once, also for open sessions. The account is never used again.

    Raises:
        NotFound: none of the platform's people has that log-in name.
        Conflict: ``CONFLICT_STATE``: ended already, or ``facts`` say ``LAST_ADMINISTRATOR``: nobody could undo it.
    """
    with transaction.atomic(durable=True):
        by = require_operator(actor, OperatorRole.ADMIN)
        # All of them in one order: two administrators who end each other must not both find the other one left.
        people = list(User.objects.select_for_update().filter(kind__in=_KINDS).order_by("id"))
        user = next((one for one in people if one.username == login), None)
        if user is None:
            raise NotFound
        if not user.is_active:
            raise Conflict(Code.CONFLICT_STATE, "the account has ended", facts={"reason": "ENDED"})
        if _administers(user) and not any(_administers(one) for one in people if one is not user):
            raise Conflict(
                Code.CONFLICT_STATE, "the last administrator", facts={"reason": "LAST_ADMINISTRATOR"}
            )
        user.is_active = False
        user.save(update_fields=["is_active"])
        append_leaf(
            type="ADMIN",
            at=at,
            facts={"act": "operator_ended", "by": by, "kind": user.kind},
            refs=Refs(object=user.id),
        )


def _administers(user: User) -> bool:
    return user.is_active and user.kind == "operator" and OperatorRole.ADMIN.value in user.roles
