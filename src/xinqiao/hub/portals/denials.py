"""The one leaf of a refusal at a portal: what somebody known was refused is provable afterwards (reliability 2.2).

Written here and nowhere else: for the page of an error, and for a page that says the refusal inside its own form. A
refused query has its leaf from the transaction that decided it, and is not written down twice.
"""

import structlog
from django.db import DatabaseError
from django.http import HttpRequest

from xinqiao.domain.errors import XinqiaoError
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor, SourceActor
from xinqiao.hub.apps.audit.services import Refs, record_denial
from xinqiao.hub.portals.access import actor_of
from xinqiao.hub.rate import PerMinute
from xinqiao.hub.runtime import runtime

log = structlog.get_logger("xinqiao.portal")

_ACTS = frozenset({401, 403, 404, 409, 429})
_LOOKS = frozenset({403, 404})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: A refused act always leaves its leaf. Looking at what is not one's own changes nothing and costs one request each, so
#: somebody who tries address after address leaves this many leaves in a minute (of one process) and no more.
LOOKS_PER_MINUTE = 10
_looks = PerMinute(LOOKS_PER_MINUTE)


def record_refusal(request: HttpRequest, error: XinqiaoError) -> None:
    """Write the leaf, if this is a refusal of somebody known who acted, or who asked for a certain object.

    Which object is not in the leaf: a foreign and an absent one leave the same.
    """
    match = request.resolver_match
    if match is None or error.facts.keys() & {"denial_leaf", "query"}:
        return
    looking = request.method in _SAFE
    if error.status not in (_LOOKS if looking else _ACTS) or (looking and not match.kwargs):
        return
    at = runtime.clock.now()
    actor = actor_of(request, at)
    if actor is None:
        return
    who = _refs(actor)
    if looking and who.object is not None and not _looks.allows(who.object, at):
        return
    try:
        record_denial(code=error.code.value, act=match.view_name, at=at, refs=who)
    except DatabaseError:  # nothing was done either way; the person is still told why
        log.exception("refusal_not_recorded", code=error.code.value)


def _refs(actor: Actor) -> Refs:
    """Whose refusal it is, by opaque ids: the party, and the person as its object."""
    match actor:
        case EnterpriseActor():
            return Refs(subject=actor.enterprise_id, object=actor.person_id)
        case InstitutionActor():
            return Refs(institution=actor.institution_id, object=actor.user_id)
        case SourceActor():
            return Refs(institution=actor.source_id, object=actor.user_id)
        case _:
            return Refs(object=getattr(actor, "user_id", None))
