"""A need is handed to an institution, by its firm or its adviser: the case begins, in the transaction in which the need moves."""

from datetime import datetime

from django.db import IntegrityError, transaction

from xinqiao.domain.errors import Code, Conflict, Fact, NotFound, Stale
from xinqiao.domain.machine import Role
from xinqiao.domain.market.case import NEED, OPEN, CaseState, NeedEvent, NeedState
from xinqiao.hub.actors import EnterpriseActor, OperatorActor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.cases.rows import Happened, due_after, note, require_firm, tell
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs.models import Need, NeedRecipient
from xinqiao.hub.apps.needs.rows import locked as need_locked
from xinqiao.hub.apps.needs.rows import require_own_adviser
from xinqiao.hub.apps.needs.services import dispatched
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime
from xinqiao.hub.typed import form_key

_OPEN = sorted(state.value for state in OPEN)


def dispatch_case(
    *, actor: EnterpriseActor | OperatorActor, need_id: str, institution_id: str, key: str, at: datetime,
    expected_version: int | None = None, product_version: ProductVersion | None = None,
) -> Case:  # fmt: skip
    """推送机构: hand a need to one institution of its list. The same form once more is the same case.

    ``product_version``: a firm that picks a product directly lists its institution by the same act.
    ``expected_version`` is the need's.

    Raises:
        NotFound: the need is absent or foreign, or the institution is not on its list. Stale. Forbidden:
        ``SUBJECT_NOT_AUTHORISED``, ``ROLE_FORBIDDEN``. Conflict: ``ILLEGAL_MOVE``; ``CONFLICT_DUPLICATE``: sent already, or a
        case for that product is open there; ``CONFLICT_STATE`` with the reason ``ENOUGH_CASES``: so many work on it at once.
    """
    with transaction.atomic(durable=True):
        need = need_locked(actor, need_id)
        role = _role(actor, need, at)
        known = Case.objects.filter(need=need, key=form_key(key)).first()
        if known is not None:
            return known
        if expected_version is not None and need.version != expected_version:
            raise Stale("changed since it was shown")
        NEED.fire(NeedState(need.state), NeedEvent.DISPATCH, role)
        _room(need)
        sent = dispatched(
            need, actor=actor, institution_id=institution_id, at=at, product_version=product_version
        )
        row = _open(need, sent, role, key, at)
        note(row, actor, role, "dispatch", Happened(at), {"product": sent.product_version.digest})
        tell(row, "institution", what="case_dispatch", at=at)
    return row


def _role(actor: EnterpriseActor | OperatorActor, need: Need, at: datetime) -> Role:
    if isinstance(actor, EnterpriseActor):
        return require_firm(actor, at)
    return require_own_adviser(need, actor)


def _room(need: Need) -> None:
    most = runtime.case_rules.live_per_need
    if Case.objects.filter(need=need, state__in=_OPEN).count() >= most:
        facts: dict[str, Fact] = {"reason": "ENOUGH_CASES", "max": most}
        raise Conflict(Code.CONFLICT_STATE, "enough institutions work on it", facts=facts)


def _open(need: Need, sent: NeedRecipient, role: Role, key: str, at: datetime) -> Case:
    if not Institution.objects.filter(id=sent.institution_id, status="active").exists():
        raise NotFound
    row = Case(
        id=new_id(Prefix.CASE),
        number=next_number("FA", at),
        need=need,
        enterprise=need.enterprise,
        institution=sent.institution,
        product_id=sent.product_version.product_id,
        product_version=sent.product_version,
        sender=role.value,
        key=key,
        dispatched_at=at,
        since=at,
        due_on=due_after(CaseState.DISPATCHED, at),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Conflict(
            Code.CONFLICT_DUPLICATE, "a case for this product is open there", facts={"field": "product"}
        ) from None
    return row
