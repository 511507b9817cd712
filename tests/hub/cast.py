"""The permanent cast of the hub's tests, and the verbs they need again and again.

* 远山农机 (``owner``: its legal representative, ``clerk``: an agent who may authorise, ``reader``: one who may not)
* 澄湖五金 (``stranger``): another enterprise, which must never see anything of the first
* 岚江农商银行 (``bank``): asks and is given; 海棠银行 (``outsider``): a bank WITHOUT consent
* 青屿银行: the provider, with one node (``FakeNode`` answers for it, really signing)
* ``operator``, ``security``, ``auditor``: the platform's people

All names are invented. Every helper goes through the services, as the portals do.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import httpx

from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Product, Purpose, Scope
from xinqiao.domain.identifiers import resident_check, uscc_check
from xinqiao.hub.actors import (
    AgentScope,
    AuditorActor,
    EnterpriseActor,
    InstitutionActor,
    InstitutionRole,
    OperatorActor,
    OperatorRole,
    SystemActor,
)
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.consents.summary import (
    Act,
    WhatYouSee,
    what_you_entrust,
    what_you_see,
    what_you_withdraw,
)
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.factors import FactorMethod
from xinqiao.hub.apps.identity.models import Institution, Node, User
from xinqiao.hub.apps.identity.selectors import enterprise_actor, institution_actor
from xinqiao.hub.apps.identity.verifier import IdentityClaim
from xinqiao.hub.node_client import NodeClient, breakers
from xinqiao.hub.runtime import runtime
from xinqiao.trust.httpsig import sign_response, verify_request
from xinqiao.trust.keys import SigningKey
from xinqiao.ui.i18n import Language

YEARS = timedelta(days=3650)
ACCOUNT_NO = "6222000011112222"


def uscc(body: str) -> str:
    """A valid code from its first 17 characters."""
    return body + uscc_check(body)


OWNER_USCC = uscc("91330100MA2XQA001")
STRANGER_USCC = uscc("91330200MA2XQB002")
OWNER_ID, CLERK_ID, READER_ID, STRANGER_ID = (
    body + resident_check(body)
    for body in ("33010219800101001", "33010219900101002", "33010219910101003", "33020319810101004")
)


@dataclass
class FakeNode:
    """A provider node in a few lines: checks the hub's signature and signs its answers. Nothing else is faked.

    ``answers`` maps a path to a function from the request's body to ``(status, body)``; ``spoil`` may damage an
    answer after it was signed.
    """

    node_id: str = "nod-" + "0" * 32
    base_url: str = "http://node.test"
    key: SigningKey = field(default_factory=SigningKey.generate)
    calls: list[tuple[str, dict[str, Json]]] = field(default_factory=list)
    answers: dict[str, Callable[[dict[str, Json]], tuple[int, dict[str, Json]]]] = field(default_factory=dict)
    spoil: Callable[[httpx.Response], httpx.Response] = lambda response: response

    def transport(self) -> httpx.MockTransport:
        """What a client is given instead of the network."""
        return httpx.MockTransport(self._handle)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        now = runtime.clock.now()
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        hub = {key.kid: key for key in runtime.hub_verify_keys()}
        seen = verify_request(request.method, str(request.url), headers, request.content, hub.get, now)
        body: dict[str, Json] = json.loads(request.content)
        path = request.url.path
        self.calls.append((path, body))
        status, answer = self.answers.get(path, self._usual(path))(body)
        content = canonical_bytes(answer)
        out = {"Content-Type": "application/json"}
        sign_response(status, out, content, self.key, now, request_signature=seen.signature_b64)
        return self.spoil(httpx.Response(status, headers=out, stream=httpx.ByteStream(content)))

    def _usual(self, path: str) -> Callable[[dict[str, Json]], tuple[int, dict[str, Json]]]:
        match path:
            case "/node/v1/ownership-checks":
                return lambda body: (
                    200,
                    {
                        "link": body["link"],
                        "result": "pass",
                        "bank_name": "青屿银行云栖支行",
                        "cnaps": "313331000014",
                        "currency": "CNY",
                        "opened_on": "2019-05-06",
                    },
                )
            case "/node/v1/entrustments":
                return lambda body: (201, {"stored_at": "2026-11-21T02:00:00Z"})
            case _:
                return lambda body: (200, {})


@dataclass
class Cast:
    """Everybody, after the curtain has gone up."""

    clock: AdjustableClock
    fake: FakeNode
    client: NodeClient
    owner: EnterpriseActor
    clerk: EnterpriseActor
    reader: EnterpriseActor
    stranger: EnterpriseActor
    bank: InstitutionActor
    outsider: InstitutionActor
    provider: InstitutionActor
    operator: OperatorActor
    security: OperatorActor
    auditor: AuditorActor
    system: SystemActor
    node: Node

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.clock.now()

    def bound(self, account_no: str = ACCOUNT_NO, actor: EnterpriseActor | None = None) -> Binding:
        """A bound account of ``actor`` (the owner unless said otherwise)."""
        who = actor or self.owner
        binding = self.presented(account_no, who)
        seen = what_you_entrust(Binding.objects.get(id=binding.id), language=Language.ZH)
        entrustment = consents.sign_entrustment(
            actor=who,
            binding_id=binding.id,
            second_factor_id=self.factor(who, seen, binding.id),
            shown_digest=seen.digest,
            expected_version=binding.version,
            at=self.now,
        )
        consents.deliver_entrustment(entrustment_id=entrustment.id, client=self.client, at=self.now)
        return Binding.objects.get(id=binding.id)

    def presented(self, account_no: str = ACCOUNT_NO, actor: EnterpriseActor | None = None) -> Binding:
        """An account whose ownership was checked and whose agreement waits for a signature."""
        return consents.start_binding(
            actor=actor or self.owner,
            node_id=self.node.id,
            account_no=account_no,
            kind="basic",
            client=self.client,
            at=self.now,
        )

    def requested(
        self, *, bank: InstitutionActor | None = None, ref: str = "SQ-0001", subject: str = OWNER_USCC
    ) -> Authorisation:
        """A request of the bank to the owner's enterprise: both products, 24 months, 30 days, 3 queries."""
        return consents.request_authorisation(
            actor=bank or self.bank,
            subject_uscc=subject,
            purpose=Purpose.LOAN_APPLICATION,
            business_ref=ref,
            products=frozenset(Product),
            months=24,
            valid_days=30,
            max_queries=3,
            include_balance=True,
            at=self.now,
        )

    def scope(self, *bindings: Binding, **changes: object) -> Scope:
        """The whole of what :meth:`requested` asks, for these accounts, with changes."""
        values: dict[str, object] = {
            "accounts": frozenset(binding.id for binding in bindings),
            "products": frozenset(Product),
            "months_back": 24,
            "valid_days": 30,
            "max_queries": 3,
            "include_balance": True,
            "purpose": Purpose.LOAN_APPLICATION,
        }
        return Scope(**{**values, **changes})  # type: ignore[arg-type]

    def confirmed(self, *bindings: Binding, ref: str = "SQ-0001", **changes: object) -> Authorisation:
        """A request confirmed by the owner for these accounts."""
        row = self.requested(ref=ref)
        return self.confirm(self.owner, row, self.scope(*bindings, **changes))

    def confirm(
        self,
        actor: EnterpriseActor,
        row: Authorisation,
        scope: Scope,
        *,
        expected_version: int | None = None,
        shown: Scope | None = None,
    ) -> Authorisation:
        """Confirm as the page does: text, second factor over its digest, verb. ``shown`` may lie."""
        seen = self.text(row, shown or scope)
        return consents.confirm_authorisation(
            actor=actor,
            authorisation_id=row.id,
            chosen=scope,
            second_factor_id=self.factor(actor, seen, row.id),
            shown_digest=seen.digest,
            expected_version=row.version if expected_version is None else expected_version,
            at=self.now,
        )

    def append(
        self, actor: EnterpriseActor, row: Authorisation, more: Scope, *, expected_version: int | None = None
    ) -> Authorisation:
        """Append as the page does."""
        seen = self.text(row, more, Act.APPEND)
        return consents.append_authorisation(
            actor=actor,
            authorisation_id=row.id,
            more=more,
            second_factor_id=self.factor(actor, seen, row.id),
            shown_digest=seen.digest,
            expected_version=row.version if expected_version is None else expected_version,
            at=self.now,
        )

    def withdraw(self, actor: EnterpriseActor, row: Authorisation) -> Authorisation:
        """Withdraw as the page does."""
        seen = what_you_withdraw(row, language=Language.ZH)
        return consents.withdraw_authorisation(
            actor=actor,
            authorisation_id=row.id,
            second_factor_id=self.factor(actor, seen, row.id),
            shown_digest=seen.digest,
            at=self.now,
        )

    def text(self, row: Authorisation, scope: Scope, act: Act = Act.CONFIRM) -> WhatYouSee:
        """What the consent card says."""
        bindings = list(Binding.objects.filter(id__in=scope.accounts).select_related("node"))
        return what_you_see(row, scope, bindings, language=Language.ZH, act=act)

    def factor(self, actor: EnterpriseActor, seen: WhatYouSee, object_id: str) -> str:
        """A passed second factor for an act (the simulated face check of the demonstration)."""
        return passed_factor(actor.user_id, seen.act, object_id, seen.digest, self.now)


def passed_factor(user_id: str, action: str, object_id: str, digest: str, at: datetime) -> str:
    """Begin and pass a simulated second factor."""
    started = identity.begin_second_factor(
        user_id=user_id,
        action=action,
        object_id=object_id,
        shown_digest=digest,
        method=FactorMethod.SIMULATED_FACE,
        at=at,
    )
    return identity.finish_simulated_face(user_id=user_id, factor_id=started.id, at=at)


def claim_of(code: str, name: str, person: str, id_no: str) -> IdentityClaim:
    """What somebody types at log-in."""
    return IdentityClaim(uscc=code, enterprise_name=name, person_name=person, id_no=id_no)


OWNER_CLAIM = claim_of(OWNER_USCC, "远山农机有限公司", "甲一", OWNER_ID)
CLERK_CLAIM = claim_of(OWNER_USCC, "远山农机有限公司", "甲二", CLERK_ID)
STRANGER_CLAIM = claim_of(STRANGER_USCC, "澄湖五金商行", "乙一", STRANGER_ID)


def seed_identities() -> None:
    """Tell the demonstration verifier about the invented enterprises."""
    identity.seed_demo_identity(
        uscc=OWNER_USCC,
        enterprise_name="远山农机有限公司",
        people=[
            {"name": "甲一", "id_no": OWNER_ID, "role": "legal_rep"},
            {"name": "甲二", "id_no": CLERK_ID, "role": "other"},
            {"name": "甲三", "id_no": READER_ID, "role": "other"},
        ],
    )
    identity.seed_demo_identity(
        uscc=STRANGER_USCC,
        enterprise_name="澄湖五金商行",
        people=[{"name": "乙一", "id_no": STRANGER_ID, "role": "legal_rep"}],
    )


def _institution(name: str, body: str, at: datetime, *, provider: bool = False) -> Institution:
    return identity.register_institution(
        actor=SystemActor("test"),
        uscc=uscc(body),
        name=name,
        short_name=name,
        is_user=True,
        is_provider=provider,
        at=at,
        is_demo=True,
    )


def _member(
    institution: Institution, username: str, roles: set[InstitutionRole], at: datetime
) -> InstitutionActor:
    member = identity.add_member(
        actor=SystemActor("test"),
        institution_id=institution.id,
        username=username,
        password="long-enough-password",
        display_name="丙一",
        department="普惠金融部",
        roles=frozenset(roles),
        at=at,
    )
    return institution_actor(member)


def make_cast(clock: AdjustableClock) -> Cast:
    """Raise the curtain: everybody logs in for the first time, institutions and the node are registered."""
    breakers.__init__()  # type: ignore[misc]
    at = clock.now()
    seed_identities()
    owner = enterprise_actor(identity.login_enterprise(claim=OWNER_CLAIM, at=at).person)
    stranger = enterprise_actor(identity.login_enterprise(claim=STRANGER_CLAIM, at=at).person)
    clerk = identity.name_agent(
        actor=owner,
        name="甲二",
        id_no=CLERK_ID,
        scopes=frozenset({AgentScope.AUTHORISE, AgentScope.QUERY}),
        valid_to=at + timedelta(days=365),
        at=at,
    )
    reader = identity.name_agent(
        actor=owner,
        name="甲三",
        id_no=READER_ID,
        scopes=frozenset({AgentScope.QUERY}),
        valid_to=at + timedelta(days=365),
        at=at,
    )
    bank = _institution("岚江农商银行", "91330300MA2XQC003", at)
    outside = _institution("海棠银行", "91330400MA2XQD004", at)
    provider = _institution("青屿银行", "91330500MA2XQE005", at, provider=True)
    fake = FakeNode()
    node = identity.register_node(
        actor=SystemActor("test"),
        institution_id=provider.id,
        name="青屿银行数据节点",
        base_url=fake.base_url,
        jwk=fake.key.public.to_jwk(),
        not_before=at - timedelta(days=1),
        not_after=at + YEARS,
        at=at,
        node_id=fake.node_id,
        is_demo=True,
    )
    staff = {
        name: User.objects.create_user(name, kind=kind, password="long-enough-password")
        for name, kind in (("ops", "operator"), ("sec", "operator"), ("aud", "auditor"))
    }
    query_roles = {InstitutionRole.QUERY_OPERATOR, InstitutionRole.INSTITUTION_ADMIN}
    return Cast(
        clock=clock,
        fake=fake,
        client=NodeClient(clock=clock, key=runtime.hub_key, transport=fake.transport()),
        owner=owner,
        clerk=enterprise_actor(clerk),
        reader=enterprise_actor(reader),
        stranger=stranger,
        bank=_member(bank, "bank", query_roles, at),
        outsider=_member(outside, "outsider", query_roles, at),
        provider=_member(provider, "provider", {InstitutionRole.PROVIDER_ADMIN}, at),
        operator=OperatorActor(staff["ops"].id, frozenset({OperatorRole.ADMIN})),
        security=OperatorActor(staff["sec"].id, frozenset({OperatorRole.SECURITY})),
        auditor=AuditorActor(staff["aud"].id),
        system=SystemActor("test"),
        node=node,
    )
