"""Verbs of account bindings: start, sign the entrustment, unbind (fund-flow rules 4); closing is in ``deliveries``.

The ownership check and the delivery of the entrustment are calls to the node and happen between transactions; a
process that dies between them leaves a state from which the same verb, or the worker, goes on.
"""

from datetime import date, datetime

from django.conf import settings
from django.db import IntegrityError, transaction

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.consent import Entrustment as DomainEntrustment
from xinqiao.domain.consent import Product, entrustment_claims
from xinqiao.domain.errors import Code, Conflict, Invalid, ProviderFault, Stale
from xinqiao.domain.identifiers import Finding, check_account, mask_account
from xinqiao.domain.lifecycles import BINDING, BindingEvent, BindingState
from xinqiao.domain.machine import Role
from xinqiao.domain.period import format_instant
from xinqiao.hub.actors import AgentScope, EnterpriseActor, SystemActor
from xinqiao.hub.apps.audit.services import append_leaf
from xinqiao.hub.apps.consents.binding_parts import (
    binding_refs,
    lock_binding,
    move_binding,
    record_binding_move,
)
from xinqiao.hub.apps.consents.deliveries import DELIVER_ENTRUSTMENT, DELIVER_TERMINATION
from xinqiao.hub.apps.consents.models import Authorisation, Binding, Entrustment
from xinqiao.hub.apps.consents.records import store_artefact
from xinqiao.hub.apps.consents.summary import AGREEMENT_VERSION, Act, match_shown, what_you_entrust
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.identity.selectors import provider
from xinqiao.hub.apps.identity.services import consume_second_factor, node_address, require_capacity
from xinqiao.hub.apps.notices.services import announce
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.node_client import NodeAnswer, NodeClient
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.ui.i18n import Language

_KINDS = ("basic", "general", "payment")
_ACTIVE = (
    BindingState.SELECTED,
    BindingState.OWNERSHIP_CHECK,
    BindingState.AGREEMENT_PRESENTED,
    BindingState.AGREEMENT_SIGNED,
    BindingState.BOUND,
)
#: How often the authorisations of an account may change while it is being locked before the person is asked again.
_TRIES = 5
_REJECTIONS = {
    "name_mismatch": Code.ACCOUNT_NAME_MISMATCH,
    "not_found": Code.ACCOUNT_NOT_FOUND,
    "closed": Code.ACCOUNT_CLOSED,
    "not_eligible": Code.ACCOUNT_NOT_ELIGIBLE,
}


def start_binding(
    *,
    actor: EnterpriseActor,
    node_id: str,
    account_no: str,
    kind: str,
    client: NodeClient,
    at: datetime,
) -> Binding:
    """Choose an account and let the provider check that it is the enterprise's own.

    Returns the binding in ``agreement_presented``, or in ``rejected`` with ``reason`` (a code). Asking again for an
    account that is on its way goes on where it stopped.

    Raises:
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. NotFound: no such connected node. Invalid: the number or the kind.
        Conflict: ``CONFLICT_DUPLICATE``: bound already. ProviderFault, ProviderTimeout: ask again later.
    """
    number = check_account(account_no)
    if isinstance(number, Finding):
        raise Invalid(
            Code.INVALID, "no account number", facts={"field": "account_no", "reason": str(number.reason)}
        )
    if kind not in _KINDS:
        raise Invalid(Code.INVALID, "no kind of account", facts={"field": "kind"})
    binding = _select(actor, node_id, number, kind, at)
    if binding.state != BindingState.OWNERSHIP_CHECK:
        return binding
    answer = client.call(
        node_address(node_id),
        "/node/v1/ownership-checks",
        {
            "link": binding.id,
            "uscc": binding.enterprise.uscc,
            "name": binding.enterprise.name,
            "account_no": number,
            "account_kind": binding.kind,  # of a check that is repeated: what was chosen first, and is stored
        },
    )
    return _record_check(actor, binding.id, _check_result(binding.id, answer), at)


def _select(actor: EnterpriseActor, node_id: str, number: str, kind: str, at: datetime) -> Binding:
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.BIND, at)
        enterprise = Enterprise.objects.for_viewer(actor).select_for_update().get()
        node = provider(node_id)
        index = runtime.blind_index(f"account:{node_id}", number)
        known = (
            Binding.objects.for_viewer(actor)
            .select_related("enterprise", "node")
            .filter(node=node, account_no_index=index, state__in=[state.value for state in _ACTIVE])
            .first()
        )
        if known is not None:
            if known.state in (BindingState.OWNERSHIP_CHECK, BindingState.AGREEMENT_PRESENTED):
                return known
            raise Conflict(Code.CONFLICT_DUPLICATE, "this account is bound already")
        binding_id = new_id(Prefix.ACCOUNT)
        state = BINDING.fire(BindingState.SELECTED, BindingEvent.CHECK, Role.ENTERPRISE)
        binding = Binding(
            id=binding_id,
            enterprise=enterprise,
            node=node,
            account_no_enc=runtime.protect(number, table="binding", column="account_no", row=binding_id),
            account_no_index=index,
            masked=mask_account(number),
            kind=kind,
            state=state.value,
            created_at=at,
        )
        try:
            with transaction.atomic():
                binding.save(force_insert=True)
        except IntegrityError:
            raise Conflict(Code.CONFLICT_DUPLICATE, "this account is bound already") from None
        record_binding_move(actor, binding, "check", BindingState.SELECTED, state, at)
    return binding


def _check_result(binding_id: str, answer: NodeAnswer) -> dict[str, Json]:
    """The node's answer about this link, or a fault: an answer about another link is not to be trusted (case C9)."""
    result = answer.body.get("result")
    if not answer.ok:
        raise ProviderFault(Code.PROVIDER_INVALID, f"the ownership check was refused: {answer.code}")
    if answer.body.get("link") != binding_id or (result != "pass" and result not in _REJECTIONS):
        raise ProviderFault(Code.PROVIDER_INVALID, "the answer is not about this account")
    return answer.body


def _record_check(actor: EnterpriseActor, binding_id: str, result: dict[str, Json], at: datetime) -> Binding:
    with transaction.atomic(durable=True):
        binding = lock_binding(actor, binding_id, None)
        if binding.state != BindingState.OWNERSHIP_CHECK:
            return binding
        verdict = str(result["result"])
        if verdict == "pass":
            state = BINDING.fire(BindingState.OWNERSHIP_CHECK, BindingEvent.PASS, Role.PROVIDER)
            move_binding(
                binding,
                BindingState.OWNERSHIP_CHECK,
                state=state.value,
                kind=_kind(result, binding.kind),
                bank_name=_text(result, "bank_name", 120),
                cnaps=_text(result, "cnaps", 12),
                currency=_text(result, "currency", 3),
                opened_on=_date(result.get("opened_on")),
            )
        else:
            state = BINDING.fire(BindingState.OWNERSHIP_CHECK, BindingEvent.REJECT, Role.PROVIDER)
            move_binding(
                binding,
                BindingState.OWNERSHIP_CHECK,
                state=state.value,
                reason=_REJECTIONS[verdict].value,
                ended_at=at,
            )
        record_binding_move(
            SystemActor("node"),
            binding,
            "check_result",
            BindingState.OWNERSHIP_CHECK,
            state,
            at,
            {"result": verdict},
        )
    return binding


def _text(result: dict[str, Json], name: str, longest: int) -> str:
    value = result.get(name)
    return value[:longest] if isinstance(value, str) else ""


def _kind(result: dict[str, Json], chosen: str) -> str:
    """What kind the bank says its account is; a bank that does not say leaves what was chosen."""
    told = result.get("account_kind")
    return told if isinstance(told, str) and told in _KINDS else chosen


def _date(value: Json) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def sign_entrustment(
    *,
    actor: EnterpriseActor,
    binding_id: str,
    second_factor_id: str,
    shown_digest: str,
    expected_version: int,
    at: datetime,
) -> Entrustment:
    """Sign the 委托提供协议 of an account. It is bound once the provider has its copy: see :func:`deliver_entrustment`.

    Raises:
        NotFound, Stale, Forbidden ``SUBJECT_NOT_AUTHORISED`` or ``SECOND_FACTOR_REQUIRED``, Conflict ``ILLEGAL_MOVE``,
        Invalid ``WHAT_YOU_SEE``.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.BIND, at)
        binding = lock_binding(actor, binding_id, expected_version)
        before = BindingState(binding.state)
        state = BINDING.fire(before, BindingEvent.SIGN, Role.ENTERPRISE)
        seen = match_shown([what_you_entrust(binding, language=one) for one in Language], shown_digest)
        evidence = consume_second_factor(
            user_id=actor.user_id,
            factor_id=second_factor_id,
            action=Act.ENTRUST,
            object_id=binding.id,
            shown_digest=shown_digest,
            at=at,
        )
        entrustment_id = new_id(Prefix.ENTRUSTMENT)
        value = DomainEntrustment(
            id=entrustment_id,
            subject=binding.enterprise.uscc,
            provider=binding.node_id,
            account=binding.id,
            products=frozenset(Product),
            agreement_version=AGREEMENT_VERSION,
            signed_at=at,
        )
        claims = entrustment_claims(
            value, issuer=settings.XINQIAO_HUB_ID, signatory=actor.person_id, agreement_digest=seen.digest
        )
        digest = digest_hex(claims)
        jws = sign_jws(claims, runtime.hub_key, ArtefactType.ENTRUSTMENT)
        entrustment = Entrustment.objects.create(
            id=entrustment_id,
            binding=binding,
            artefact=jws,
            digest=digest,
            agreement_version=AGREEMENT_VERSION,
            agreement_hash=seen.digest,
            evidence={**evidence, "shown_text": seen.text},
            signed_at=at,
        )
        store_artefact(
            owner_kind="binding",
            owner_id=binding.id,
            seq=1,
            type_="entrustment",
            jws=jws,
            digest=digest,
            predecessor="",
            at=at,
            shown_text=seen.text,
            evidence=evidence,
        )
        move_binding(binding, before, state=state.value)
        leaf = append_leaf(
            type="BIND",
            at=at,
            facts={"artefact": digest, "agreement": AGREEMENT_VERSION, "agreement_digest": seen.digest},
            refs=binding_refs(binding, entrustment_id),
            personal={"account_no": account_number(binding)},
        )
        record_binding_move(actor, binding, "sign", before, state, at, {"entrustment": entrustment_id}, leaf)
        announce(
            topic=DELIVER_ENTRUSTMENT, key=entrustment_id, payload={"entrustment": entrustment_id}, at=at
        )
    return entrustment


def unbind(
    *, actor: EnterpriseActor, binding_id: str, at: datetime, expected_version: int | None = None
) -> Binding:
    """解除绑定: effective at once at the hub; the provider hears of it through the outbox. No second factor is asked.

    Every authorisation that covers the account is locked first, in the order of ids, as a release does: an
    acknowledged unbinding therefore comes after every release of that account, and no release comes after it.

    Raises:
        NotFound, Stale, Forbidden ``SUBJECT_NOT_AUTHORISED``, Conflict ``ILLEGAL_MOVE``.
    """
    with transaction.atomic(durable=True):
        require_capacity(actor, AgentScope.BIND, at)
        binding, covering = _lock_with_authorisations(actor, binding_id, expected_version)
        before = BindingState(binding.state)
        state = BINDING.fire(before, BindingEvent.UNBIND, Role.ENTERPRISE)
        entrustment = Entrustment.objects.get(binding=binding, ended_at__isnull=True)
        claims: dict[str, Json] = {
            "artefact": "withdrawal",
            "v": 1,
            "iss": settings.XINQIAO_HUB_ID,
            "aud": binding.node_id,
            "kind": "entrustment",
            "id": entrustment.id,
            "sub": binding.enterprise.uscc,
            "account": binding.id,
            "digest": entrustment.digest,
            "signatory": actor.person_id,
            "signed_at": format_instant(at),
        }
        digest = digest_hex(claims)
        store_artefact(
            owner_kind="binding",
            owner_id=binding.id,
            seq=2,
            type_="withdrawal",
            jws=sign_jws(claims, runtime.hub_key, ArtefactType.WITHDRAWAL),
            digest=digest,
            predecessor=entrustment.digest,
            at=at,
        )
        Entrustment.objects.filter(id=entrustment.id).update(ended_at=at)
        move_binding(binding, before, state=state.value, ended_at=at)
        leaf = append_leaf(
            type="UNBIND",
            at=at,
            facts={"artefact": digest, "authorisations": len(covering)},
            refs=binding_refs(binding, entrustment.id),
        )
        record_binding_move(
            actor, binding, "unbind", before, state, at, {"entrustment": entrustment.id}, leaf
        )
        announce(topic=DELIVER_TERMINATION, key=entrustment.id, payload={"binding": binding.id}, at=at)
    return binding


def _lock_with_authorisations(
    actor: EnterpriseActor, binding_id: str, expected_version: int | None
) -> tuple[Binding, list[str]]:
    """Lock every authorisation that covers an account, in the order of ids, then the account.

    The list is made before anything is locked, so it is made again under the locks: while the account is locked none can
    be added. If one was, all locks are given back (the savepoint) and taken anew in the one order everybody uses.
    """
    covering = Authorisation.objects.for_viewer(actor).filter(accounts__binding_id=binding_id).order_by("id")
    for _ in range(_TRIES):
        ids = list(covering.values_list("id", flat=True))
        with transaction.atomic():
            list(
                Authorisation.objects.select_for_update().filter(id__in=ids).order_by("id").values_list("id")
            )
            binding = lock_binding(actor, binding_id, expected_version)
            if list(covering.values_list("id", flat=True)) == ids:
                return binding, ids
            transaction.set_rollback(True)
    raise Stale("authorisations of the account keep changing")


def account_number(binding: Binding) -> str:
    """The account number in clear, for the node's ownership check and the commitment. Never shown, never logged."""
    return runtime.reveal(binding.account_no_enc, table="binding", column="account_no", row=binding.id)
