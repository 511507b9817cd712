"""The world with a department's real node in it, and an institution's client that speaks to both without a socket."""

import secrets
from dataclasses import dataclass

import httpx
from tests.hub.gateway.conftest import World
from tests.hub.gateway.department import DepartmentNode
from tests.hub.gateway.desk import PUBLIC, Desk, LoopThread
from tests.hub.items_cast import ARREARS, SALT, TAX, ItemCast

from xinqiao.client import Anchor, Client
from xinqiao.domain.canonical import Json
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.keys import OpenKey

QUERIES, VERIFICATIONS = "/api/v1/items/queries", "/api/v1/verifications"


@dataclass
class Scene:
    """The world with a department in it."""

    world: World
    items: ItemCast
    node: DepartmentNode

    def granted(self, *claims: tuple[str, dict[str, str]], **changes) -> ItemAuthorisation:
        """Asked and wholly confirmed."""
        stated = [self.items.stated(*claim) for claim in claims]
        return self.items.confirm(self.items.requested(*stated, **changes))

    def prepared(
        self,
        row: ItemAuthorisation,
        *,
        desk: Desk | None = None,
        fields: list[str] | None = None,
        **changes: Json,
    ) -> tuple[dict[str, Json], OpenKey]:
        """A query of the arrears with its statement."""
        who, key = desk or self.world.bank, OpenKey.generate()
        asked: dict[str, Json] = {
            "authorisation_id": row.id,
            "item": ARREARS,
            "fields": sorted(fields or TAX.fields),
            "purpose": "loan_application",
            **changes,
        }
        claims = self._statement(who, {**asked, "claim": None, "jkt": key.kid})
        body: dict[str, Json] = {
            **asked,
            "operator": {"name": "丁一", "department": "公司业务部"},
            "one_time_key": {**key.public.to_jwk()},
            "statement": sign_jws(claims, who.key, ArtefactType.ITEM_QUERY),
        }
        return body, key

    def query(self, row: ItemAuthorisation, **changes) -> httpx.Response:
        desk = changes.get("desk") or self.world.bank
        body, _ = self.prepared(row, **changes)
        return desk.post(QUERIES, body, key=secrets.token_urlsafe(18))

    def claim_body(
        self, row: ItemAuthorisation, item: str, values: dict[str, str], salt: str = SALT
    ) -> dict[str, Json]:
        stated = self.items.stated(item, values, salt)
        claims = self._statement(
            self.world.bank,
            {
                "authorisation_id": row.id,
                "item": item,
                "fields": sorted(values),
                "claim": stated.digest,
                "purpose": "loan_application",
                "jkt": None,
            },
        )
        return {
            "authorisation_id": row.id,
            "claim": {"item": item, "values": {**values}, "salt": salt},
            "purpose": "loan_application",
            "operator": {"name": "丁一", "department": "公司业务部"},
            "statement": sign_jws(claims, self.world.bank.key, ArtefactType.ITEM_QUERY),
        }

    def verify(
        self,
        row: ItemAuthorisation,
        item: str,
        values: dict[str, str],
        salt: str = SALT,
        key: str | None = None,
    ) -> httpx.Response:
        body = self.claim_body(row, item, values, salt)
        return self.world.bank.post(VERIFICATIONS, body, key=key or secrets.token_urlsafe(18))

    def said(self, answer: httpx.Response) -> str:
        """The department's signed yes or no."""
        assert answer.status_code == 200, answer.text
        key = self.node.app.service.key.public
        claims = verify_jws(
            answer.json()["answer"], {key.kid: key}, typ=ArtefactType.VERIFICATION, at=self.world.cast.now
        )
        return str(claims["answer"])

    def _statement(self, desk: Desk, asked: dict[str, Json]) -> dict[str, Json]:
        return {
            "iss": desk.institution_id,
            "jti": secrets.token_hex(12),
            "iat": int(self.world.cast.now.timestamp()),
            **asked,
        }


class LoopTransport(httpx.BaseTransport):
    """A synchronous client's way into the application that runs on the test's loop."""

    def __init__(self, loop: LoopThread, app: object) -> None:
        self._loop = loop
        self._inner = httpx.ASGITransport(app=app)  # type: ignore[arg-type]

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request over."""

        async def carried() -> httpx.Response:
            again = httpx.Request(
                request.method, request.url, headers=request.headers, content=request.read()
            )
            answer = await self._inner.handle_async_request(again)
            return httpx.Response(
                answer.status_code, headers=answer.headers.raw, content=await answer.aread()
            )

        got = self._loop.run(carried())
        assert isinstance(got, httpx.Response)
        return httpx.Response(got.status_code, headers=got.headers.raw, stream=httpx.ByteStream(got.content))


def transport(world: World) -> httpx.BaseTransport:
    """For a client of the bank."""
    return LoopTransport(world.loop, world.app)


def sdk_of(world: World, desk: Desk | None = None) -> Client:
    """The bank's own client, or another institution's."""
    who = desk or world.bank
    return Client(
        PUBLIC,
        who.institution_id,
        who.key,
        anchor=Anchor.from_json(anchor()),
        clock=world.cast.clock,
        transport=transport(world),
        sleep=lambda _seconds: None,
    )
