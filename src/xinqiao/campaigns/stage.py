"""The cast of the race and kill campaigns: one firm, one provider, two institutions, and authorisations by the thousand.

Everything goes through the services the portals use. The firm's second factor is the simulated face check, so a
campaign runs only with ``XINQIAO_DEMO=1`` (演示数据: every name is invented).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx

from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Product, Purpose, Reader, Scope
from xinqiao.domain.identifiers import uscc_check
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor, InstitutionRole, PersonRole, SystemActor
from xinqiao.hub.runtime import prepare_home, runtime
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.httpsig import sign_response, verify_request
from xinqiao.trust.keys import SigningKey

FIRM_NAME = "远山农机有限公司"
PERSON_NAME, PERSON_ID = "甲一", "330102198001010011"
ACCOUNT_NO = "6222000011112222"
MAX_QUERIES = 30
_YEARS = timedelta(days=3650)


def firm_uscc() -> str:
    """The invented firm's code."""
    body = "91330100MA2XQA001"
    return body + uscc_check(body)


def start_django(home: Path, database: str | None) -> None:
    """Set a hub up in this process on ``database`` (default: SQLite in ``home``). For programs, not for tests."""
    os.environ["XINQIAO_HOME"] = str(home)
    os.environ["XINQIAO_DEMO"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "xinqiao.hub.project.settings"
    if database:
        os.environ["XINQIAO_DATABASE_URL"] = database
    prepare_home(home)
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings

    # more threads than a hub has, each with a connection of its own: a pool of the hub's size would run dry
    options = settings.DATABASES["default"].get("OPTIONS")
    if isinstance(options, dict):
        options.pop("pool", None)
    call_command("migrate", interactive=False, verbosity=0)


class SilentNode:
    """A node for binding an account without a node: it checks the hub's signature and passes every ownership check."""

    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def __call__(self, request: httpx.Request) -> httpx.Response:
        now = runtime.clock.now()
        headers = [(name.decode(), value.decode()) for name, value in request.headers.raw]
        hub = {key.kid: key for key in runtime.hub_verify_keys()}
        seen = verify_request(request.method, str(request.url), headers, request.content, hub.get, now)
        body = strict_object(request.content)
        passed: dict[str, Json] = {"link": body.get("link"), "result": "pass", "bank_name": "青屿银行"}
        answer, status = (passed, 200) if "link" in body else ({}, 201)
        content = canonical_bytes(answer)
        out = {"Content-Type": "application/json"}
        sign_response(status, out, content, self._key, now, request_signature=seen.signature_b64)
        return httpx.Response(status, headers=out, stream=httpx.ByteStream(content))


@dataclass(frozen=True, slots=True)
class Prepared:
    """An authorisation, confirmed, with the second factor of its withdrawal already passed."""

    id: str
    factor_id: str
    shown_digest: str


class Stage:
    """The cast, ready: a bound account, and a bank that is given authorisations."""

    def __init__(self, clock: Clock, *, node: "NodePlace | None" = None, bind: bool = True) -> None:
        from xinqiao.hub.apps.identity import services as identity
        from xinqiao.hub.apps.identity.selectors import enterprise_actor
        from xinqiao.hub.apps.identity.verifier import IdentityClaim

        self.clock = clock
        self.node_key = SigningKey.generate()
        at = clock.now()
        people = [{"name": PERSON_NAME, "id_no": PERSON_ID, "role": "legal_rep"}]
        identity.seed_demo_identity(uscc=firm_uscc(), enterprise_name=FIRM_NAME, people=people)
        claim = IdentityClaim(firm_uscc(), FIRM_NAME, PERSON_NAME, PERSON_ID, "campaign")
        person = identity.login_enterprise(claim=claim, at=at).person
        self.owner: EnterpriseActor = enterprise_actor(person)
        self.bank_id = self._institution("岚江农商银行", "91330300MA2XQC003", provider=False)
        self.provider_id = self._institution("青屿银行", "91330500MA2XQE005", provider=True)
        place = node or NodePlace("nod-" + "0" * 32, "http://127.0.0.1:9", {**self.node_key.public.to_jwk()})
        self.node_id = place.node_id
        identity.register_node(
            actor=SystemActor("campaign"),
            institution_id=self.provider_id,
            name="青屿银行数据节点",
            base_url=place.base_url,
            jwk={**place.jwk},
            not_before=at - timedelta(days=1),
            not_after=at + _YEARS,
            at=at,
            node_id=place.node_id,
            is_demo=True,
        )
        self.bank = InstitutionActor(
            user_id=None,
            institution_id=self.bank_id,
            roles=frozenset({InstitutionRole.QUERY_OPERATOR}),
            operator_name="丁一",
            department="公司业务部",
            via="api",
        )
        self.account_id = self.bind(SilentNode(self.node_key)) if bind else ""

    def state(self) -> dict[str, Json]:
        """What another process needs to play the firm."""
        return {
            "user": self.owner.user_id,
            "enterprise": self.owner.enterprise_id,
            "person": self.owner.person_id,
            "node": self.node_id,
            "account": self.account_id,
        }

    @classmethod
    def restore(cls, state: Mapping[str, Json], clock: Clock) -> "Stage":
        """The firm again, in a process that has the same database."""
        stage = cls.__new__(cls)
        stage.clock = clock
        stage.owner = EnterpriseActor(
            user_id=str(state["user"]),
            enterprise_id=str(state["enterprise"]),
            person_id=str(state["person"]),
            scopes=frozenset(),
            role=PersonRole.LEGAL_REP,
        )
        stage.node_id, stage.account_id = str(state["node"]), str(state["account"])
        return stage

    def _institution(self, name: str, body: str, *, provider: bool) -> str:
        from xinqiao.hub.apps.identity import services as identity

        row = identity.register_institution(
            actor=SystemActor("campaign"),
            uscc=body + uscc_check(body),
            name=name,
            short_name=name,
            is_user=True,
            is_provider=provider,
            at=self.clock.now(),
            is_demo=True,
        )
        return row.id

    def bank_key(self) -> SigningKey:
        """Register a signing key for the bank's system."""
        from xinqiao.hub.apps.identity import services as identity

        key, at, system = SigningKey.generate(), self.clock.now(), SystemActor("campaign")
        identity.propose_key(
            actor=system,
            institution_id=self.bank_id,
            jwk=key.public.to_jwk(),
            not_before=at - timedelta(days=1),
            not_after=at + _YEARS,
            at=at,
        )
        identity.approve_key(actor=system, kid=key.kid, at=at)
        return key

    def bind(self, silent: SilentNode | None = None, *, account_no: str = ACCOUNT_NO) -> str:
        """Bind an account of the firm, at the silent node or over the network, and return its link."""
        from xinqiao.hub.apps.consents import services as consents
        from xinqiao.hub.apps.consents.models import Binding
        from xinqiao.hub.apps.consents.summary import what_you_entrust
        from xinqiao.hub.node_client import NodeClient
        from xinqiao.ui.i18n import Language

        transport = httpx.MockTransport(silent) if silent is not None else None
        client = NodeClient(clock=self.clock, key=runtime.hub_key, transport=transport)
        binding = consents.start_binding(
            actor=self.owner,
            node_id=self.node_id,
            account_no=account_no,
            kind="basic",
            client=client,
            at=self.clock.now(),
        )
        seen = what_you_entrust(Binding.objects.get(id=binding.id), language=Language.ZH)
        entrustment = consents.sign_entrustment(
            actor=self.owner,
            binding_id=binding.id,
            second_factor_id=self._factor(str(seen.act), binding.id, seen.digest),
            shown_digest=seen.digest,
            expected_version=binding.version,
            at=self.clock.now(),
        )
        consents.deliver_entrustment(entrustment_id=entrustment.id, client=client, at=self.clock.now())
        client.close()
        return binding.id

    def _factor(self, action: str, object_id: str, digest: str) -> str:
        from xinqiao.hub.apps.identity import services as identity
        from xinqiao.hub.apps.identity.factors import FactorMethod

        at = self.clock.now()
        begun = identity.begin_second_factor(
            user_id=self.owner.user_id,
            action=action,
            object_id=object_id,
            shown_digest=digest,
            method=FactorMethod.SIMULATED_FACE,
            at=at,
        )
        return identity.finish_simulated_face(user_id=self.owner.user_id, factor_id=begun.id, at=at)

    def request(self, reference: str) -> str:
        """The bank asks the firm; returns the authorisation's id."""
        from xinqiao.hub.apps.consents import services as consents

        row = consents.request_authorisation(
            actor=self.bank,
            subject_uscc=firm_uscc(),
            purpose=Purpose.LOAN_APPLICATION,
            business_ref=reference,
            products=frozenset(Product),
            months=24,
            valid_days=30,
            max_queries=MAX_QUERIES,
            include_balance=True,
            reader=Reader.INSTITUTION_KEY,
            at=self.clock.now(),
        )
        return row.id

    def confirm(self, authorisation_id: str) -> None:
        """The firm agrees to the whole."""
        from xinqiao.hub.apps.consents import services as consents
        from xinqiao.hub.apps.consents.models import Authorisation, Binding
        from xinqiao.hub.apps.consents.summary import what_you_see
        from xinqiao.ui.i18n import Language

        row = Authorisation.objects.select_related("institution", "enterprise").get(id=authorisation_id)
        scope = Scope(
            accounts=frozenset({self.account_id}),
            products=frozenset(Product),
            months_back=24,
            valid_days=30,
            max_queries=MAX_QUERIES,
            include_balance=True,
            purpose=Purpose.LOAN_APPLICATION,
        )
        bindings = list(Binding.objects.filter(id=self.account_id).select_related("node"))
        seen = what_you_see(row, scope, bindings, language=Language.ZH)
        consents.confirm_authorisation(
            actor=self.owner,
            authorisation_id=row.id,
            chosen=scope,
            second_factor_id=self._factor(str(seen.act), row.id, seen.digest),
            shown_digest=seen.digest,
            expected_version=row.version,
            at=self.clock.now(),
        )

    def prepare_withdrawal(self, authorisation_id: str) -> Prepared:
        """Everything of a withdrawal but the verb: the text is shown and the second factor passed."""
        from xinqiao.hub.apps.consents.models import Authorisation
        from xinqiao.hub.apps.consents.summary import what_you_withdraw
        from xinqiao.ui.i18n import Language

        row = Authorisation.objects.select_related("institution", "enterprise").get(id=authorisation_id)
        seen = what_you_withdraw(row, language=Language.ZH)
        return Prepared(row.id, self._factor(str(seen.act), row.id, seen.digest), seen.digest)

    def withdraw(self, prepared: Prepared) -> None:
        """The firm withdraws."""
        from xinqiao.hub.apps.consents import services as consents

        consents.withdraw_authorisation(
            actor=self.owner,
            authorisation_id=prepared.id,
            second_factor_id=prepared.factor_id,
            shown_digest=prepared.shown_digest,
            at=self.clock.now(),
        )


@dataclass(frozen=True, slots=True)
class NodePlace:
    """Where a real node listens and its public key."""

    node_id: str
    base_url: str
    jwk: Mapping[str, Json]
