"""What the provider must hear and what it reports: copies of entrustments, terminations, closures.

Called by the worker (and by a page that does not want to wait for it). Repeating any of them is harmless.
"""

from datetime import datetime

from django.db import transaction

from xinqiao.domain.errors import Code, NotFound, ProviderFault
from xinqiao.domain.lifecycles import BINDING, BindingEvent, BindingState
from xinqiao.domain.machine import Role
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.consents.binding_parts import move_binding, record_binding_move
from xinqiao.hub.apps.consents.models import Artefact, Binding, Entrustment
from xinqiao.hub.apps.identity.services import node_address
from xinqiao.hub.apps.notices.services import notify
from xinqiao.hub.node_client import NodeClient

#: Outbox topics of this app; the worker delivers them.
DELIVER_ENTRUSTMENT = "entrustment.deliver"
DELIVER_TERMINATION = "termination.deliver"


def deliver_entrustment(*, entrustment_id: str, client: NodeClient, at: datetime) -> bool:
    """Give the provider its copy; the account is then bound. Repeating is harmless; False when there is nothing to do.

    Raises:
        ProviderFault, ProviderTimeout: the caller tries again.
    """
    row = Entrustment.objects.select_related("binding__enterprise", "binding__node").get(id=entrustment_id)
    if row.ended_at is not None or row.binding.state != BindingState.AGREEMENT_SIGNED:
        return False
    answer = client.call(
        node_address(row.binding.node_id), "/node/v1/entrustments", {"entrustment": row.artefact}
    )
    if not answer.ok or answer.body.get("digest") not in (row.digest, None):
        raise ProviderFault(Code.PROVIDER_INVALID, f"the entrustment was not taken: {answer.code}")
    with transaction.atomic(durable=True):
        binding = (
            Binding.objects.select_for_update(of=("self",))
            .select_related("enterprise", "node")
            .get(id=row.binding_id)
        )
        if binding.state != BindingState.AGREEMENT_SIGNED:
            return False
        state = BINDING.fire(BindingState.AGREEMENT_SIGNED, BindingEvent.ACTIVATE, Role.HUB)
        move_binding(binding, BindingState.AGREEMENT_SIGNED, state=state.value, bound_at=at)
        Entrustment.objects.filter(id=row.id).update(delivered_at=at)
        record_binding_move(SystemActor("hub"), binding, "activate", BindingState.AGREEMENT_SIGNED, state, at)
        notify(
            audience=("enterprise", binding.enterprise_id),
            kind="account_bound",
            facts={"masked": binding.masked, "bank": binding.bank_name},
            link="/e/accounts",
            at=at,
        )
    return True


def deliver_termination(*, binding_id: str, client: NodeClient) -> None:
    """Tell the provider that an entrustment has ended. The hub refuses already, whether or not this arrives (A13).

    Raises:
        ProviderFault, ProviderTimeout: the caller tries again.
    """
    binding = Binding.objects.get(id=binding_id)
    artefact = Artefact.objects.get(owner_kind="binding", owner_id=binding_id, type="withdrawal")
    answer = client.call(
        node_address(binding.node_id), "/node/v1/terminations", {"termination": artefact.jws}
    )
    # A node that never received the entrustment has nothing to end.
    if not answer.ok and answer.status != 404:
        raise ProviderFault(Code.PROVIDER_INVALID, f"the termination was not taken: {answer.code}")


def record_closure(*, actor: SystemActor, binding_id: str, at: datetime) -> Binding:
    """The provider reports that the account was closed. Raises NotFound, Conflict ILLEGAL_MOVE."""
    with transaction.atomic(durable=True):
        binding = (
            Binding.objects.select_for_update(of=("self",))
            .select_related("enterprise", "node")
            .filter(id=binding_id)
            .first()
        )
        if binding is None:
            raise NotFound
        before = BindingState(binding.state)
        state = BINDING.fire(before, BindingEvent.CLOSE, Role.PROVIDER)
        move_binding(binding, before, state=state.value, ended_at=at)
        record_binding_move(actor, binding, "close", before, state, at)
        notify(
            audience=("enterprise", binding.enterprise_id),
            kind="account_closed",
            facts={"masked": binding.masked},
            link="/e/accounts",
            at=at,
        )
    return binding
