"""Browsers without a screen: one logged-in client per member of the cast, and a node that computes the sample report."""

import hashlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.hub.cast import Cast

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Permit, Product
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.portals.access import PERSON_KEY
from xinqiao.hub.portals.denials import _looks
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import SealKey
from xinqiao.trust.packing import pack
from xinqiao.ui import gallery_report

type Browser = Callable[[str], Client]
type Visitor = Callable[[EnterpriseActor], Client]

ROLES = {"ops": ["admin"], "sec": ["security"]}


@pytest.fixture(autouse=True)
def _fresh_minute() -> None:
    """Nobody has looked at anything yet in this minute."""
    _looks.clear()


@pytest.fixture
def browser(cast: Cast) -> Callable[[str], Client]:
    """A client logged in as a user of the cast: bank, outsider, provider, ops, sec, aud."""
    for name, roles in ROLES.items():
        User.objects.filter(username=name).update(roles=roles)

    def log_in(username: str) -> Client:
        client = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
        client.force_login(User.objects.get(username=username))
        return client

    return log_in


@pytest.fixture
def node(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The portals' node client reaches the cast's node, which answers permits with the sample report."""
    made = samples()

    def answer(body: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        return 200, deliver(cast, str(body["permit"]), made)

    cast.fake.answers["/node/v1/products"] = answer
    for module in ("institution.queries", "operation.nodes"):
        monkeypatch.setattr(f"xinqiao.hub.portals.{module}.node_client", lambda: cast.client)
    return cast


@pytest.fixture
def visitor(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Visitor:
    """A client logged in as a member of the cast; the portal's node client reaches the cast's node."""
    made = samples()

    def answer(body: dict[str, Json]) -> tuple[int, dict[str, Json]]:
        return 200, deliver(cast, str(body["permit"]), made)

    cast.fake.answers["/node/v1/products"] = answer
    for module in ("accounts", "consents", "credit", "report"):
        monkeypatch.setattr(f"xinqiao.hub.portals.enterprise.{module}.node_client", lambda: cast.client)

    def log_in(actor: EnterpriseActor) -> Client:
        client = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
        client.force_login(User.objects.get(id=actor.user_id))
        session = client.session
        session[PERSON_KEY] = actor.person_id
        session.save()
        return client

    return log_in


@cache
def samples() -> dict[Product, dict[str, Json]]:
    """The two products of the gallery, computed by the real engine once."""
    return {Product.REPORT: gallery_report.product(), Product.SUMMARY: gallery_report.summary_product()}


def deliver(cast: Cast, token: str, made: dict[Product, dict[str, Json]]) -> dict[str, Json]:
    """Receipt and sealed product for a permit, as a node makes them."""
    hub = {key.kid: key for key in runtime.hub_verify_keys()}
    permit = Permit.from_claims(verify_jws(token, hub, typ=ArtefactType.PERMIT, at=runtime.clock.now()))
    common: dict[str, Json] = {
        "iss": cast.fake.node_id, "jti": permit.jti, "sub": permit.subject, "account": permit.account,
    }  # fmt: skip
    inner = sign_jws({**common, "product": made[permit.product]}, cast.fake.key, ArtefactType.PRODUCT)
    sealed = seal(pack(inner), SealKey.from_jwk({**permit.enc_jwk}), typ=ArtefactType.PRODUCT)
    receipt: dict[str, Json] = {
        **common,
        "aud": permit.hub,
        "product": str(permit.product),
        "months": permit.months,
        "request": hashlib.sha256(token.encode()).hexdigest(),
        "product_digest": hashlib.sha256(sealed.encode()).hexdigest(),
        "report_no": f"FR-20261121-{permit.jti[-8:].upper()}",
    }
    return {"receipt": sign_jws(receipt, cast.fake.key, ArtefactType.RECEIPT), "product": sealed}


def text_of(response: HttpResponse | Any) -> str:
    """The page, with what differs in every answer (form token, trace number) and the id asked for blanked."""
    page: str = re.sub(r"\b(aut|qry|usr|nod|ins)-[0-9a-f]{32}", r"\1-", response.content.decode())
    page = re.sub(r'(csrfmiddlewaretoken" value=|X-CSRFToken": )"[^"]*"', r'\1""', page)
    return re.sub(r'(追踪号 <span class="xq-mono">)[0-9a-f]+', r"\1", page)
