"""The institution's SDK against the real gateway: what one says, the other understands."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from django.test import override_settings
from tests.hub.cast import OWNER_USCC, uscc
from tests.hub.dossiers_cast import GRANT, POWER, collect, new_lake
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import CANARY, PUBLIC
from tests.hub.items_cast import ItemCast

from xinqiao.client import Anchor, AsyncClient, Dossier, Operator, Report, problem_of
from xinqiao.client.dossier import check_dossier
from xinqiao.client.ledger import check_ledger, proof_of
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Permit, Product, Purpose
from xinqiao.domain.errors import Code, Forbidden, Gone, NotFound, ProviderFault
from xinqiao.hub.apps.audit.services import make_checkpoint
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.identity.models import QuerySession
from xinqiao.hub.gateway import core
from xinqiao.trust.httpsig import sign_response
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SealKey
from xinqiao.trust.packing import pack
from xinqiao.trust.verify import verify_stream

LIN = Operator(name="林知远", department="小企业信贷部")


def full_product(world: World) -> None:
    """Let the test's node say everything the node program says."""
    honest = world.node.product

    def product(permit: Permit, token: str) -> dict[str, Json]:
        kept: dict[str, Json] = {}

        def finish(receipt: dict[str, Json]) -> None:
            import hashlib

            from xinqiao.domain.canonical import canonical_bytes

            content: dict[str, Json] = {"head": {"uscc": permit.subject, "note": CANARY}}
            inner: dict[str, Json] = {
                "iss": world.node.node_id, "aud": permit.institution, "jti": permit.jti, "sub": permit.subject,
                "account": permit.account, "kind": str(permit.product), "months": permit.months,
                "report_no": receipt["report_no"], "product": content,
            }  # fmt: skip
            signed = sign_jws(inner, world.node.key, ArtefactType.PRODUCT)
            kept["product"] = seal(
                pack(signed), SealKey.from_jwk({**permit.enc_jwk}), typ=ArtefactType.PRODUCT,
                facts={"jti": permit.jti},
            )  # fmt: skip
            receipt["product_digest"] = hashlib.sha256(str(kept["product"]).encode()).hexdigest()
            receipt["content_digest"] = hashlib.sha256(canonical_bytes(content)).hexdigest()

        world.node.change = finish
        return honest(permit, token) | kept

    world.node.product = product  # type: ignore[method-assign]


@pytest.fixture
def sdk(world: World) -> AsyncClient:
    """The bank's own client, speaking to the application without a socket."""
    full_product(world)
    return AsyncClient(
        PUBLIC,
        world.bank.institution_id,
        world.bank.key,
        anchor=Anchor.from_json(anchor()),
        clock=world.cast.clock,
        transport=httpx.ASGITransport(app=world.app),  # type: ignore[arg-type]
    )


async def _query(sdk: AsyncClient, world: World, months: int = 12) -> Report:
    return await sdk.query(
        world.granted.id, world.account.id, Product.REPORT, months, Purpose.LOAN_APPLICATION, LIN
    )


def test_a_report_is_queried_opened_saved_and_proved_offline(world: World, sdk: AsyncClient) -> None:
    report = world.loop.run(_query(sdk, world))
    assert report.subject == OWNER_USCC
    assert report.uses_left == 2
    trusted = sdk.operations.believed.trusted_keys()
    assert verify_stream(io.BytesIO(report.bundle()), trusted_keys=trusted).problems == ()
    out = io.BytesIO()
    world.loop.run(sdk.ledger(out))
    assert check_ledger(out.getvalue(), trusted).ok
    proved = verify_stream(io.BytesIO(proof_of(report, out.getvalue())), trusted_keys=trusted)
    assert (proved.ok, proved.problems, proved.checkpoints) == (True, (), 1)
    assert world.loop.run(sdk.verify_product(verify_code=report.verify_code)).authentic
    assert world.loop.run(sdk.query_record(report.id)).report_no == report.report_no


def test_too_many_months_are_refused_with_the_nearest_request(world: World, sdk: AsyncClient) -> None:
    with pytest.raises(Forbidden) as caught:
        world.loop.run(_query(sdk, world, months=36))
    problem = problem_of(caught.value)
    assert problem is not None
    assert problem.nearest is not None
    assert (caught.value.code, problem.refusal is not None) == (Code.SCOPE_EXCEEDED, True)
    nearest = world.loop.run(_query(sdk, world, months=problem.nearest.months))
    assert nearest.months == problem.nearest.months


def test_after_the_withdrawal_nothing_is_released_any_more(world: World, sdk: AsyncClient) -> None:
    report = world.loop.run(_query(sdk, world))
    world.cast.withdraw(world.cast.owner, world.granted)
    with pytest.raises(Forbidden) as caught:
        world.loop.run(_query(sdk, world))
    assert caught.value.code is Code.CONSENT_REVOKED
    with pytest.raises(Gone):
        world.loop.run(sdk.query_record(report.id))


def test_the_other_operations_speak_the_same_language(world: World, sdk: AsyncClient) -> None:
    view = world.loop.run(sdk.authorisation(world.granted.id))
    assert view.granted is not None
    assert [one.link for one in view.granted.accounts] == [world.account.id]
    assert {one.type for one in view.artefacts} == {"authorisation", "entrustment"}
    page = world.loop.run(sdk.authorisations(limit=10))
    assert world.granted.id in {one.id for one in page.items}
    found = world.loop.run(sdk.find_enterprise(OWNER_USCC))
    assert found.has_data_account
    unknown = uscc("91330900MA2XQC009")
    assert not world.loop.run(sdk.find_enterprise(unknown)).has_data_account
    assert world.loop.run(sdk.invite(unknown, operator=LIN)).uscc == unknown
    asked = world.loop.run(
        sdk.request_authorisation(
            subject_uscc=OWNER_USCC, purpose=Purpose.CREDIT_REVIEW, business_ref="YS-2", operator=LIN
        )
    )
    assert asked.state == "requested"
    assert world.node.node_id in world.loop.run(sdk.directory()).nodes
    with pytest.raises(NotFound):
        world.loop.run(sdk.authorisation("aut-" + "0" * 32))


@pytest.fixture
def power(world: World, tmp_path: Path) -> Iterator[str]:
    """An authorisation of the owner's electricity bills, which are in a lake."""
    with override_settings(XINQIAO_LAKE=tmp_path / "lake"):
        collect(new_lake(tmp_path / "lake"), "P1", [{}, {}])
        items = ItemCast(world.cast)
        yield items.confirm(items.requested(grants=frozenset({GRANT}))).id


def test_a_dossier_is_held_against_the_platforms_statement(
    world: World, sdk: AsyncClient, power: str
) -> None:
    found = world.loop.run(sdk.dossier(power, Purpose.LOAN_APPLICATION, LIN, items=[POWER]))
    (item,) = found.product.items
    assert (found.product.sub, item.item, item.availability, len(item.records)) == (
        OWNER_USCC, POWER, "present", 2,
    )  # fmt: skip
    with pytest.raises(Forbidden) as caught:
        world.loop.run(sdk.dossier(power, Purpose.POST_LOAN, LIN))
    assert caught.value.code is Code.PURPOSE_MISMATCH
    assert problem_of(caught.value) is not None


def test_dossiers_in_a_row_share_a_session_and_open_another_when_it_has_ended(
    world: World, sdk: AsyncClient, power: str
) -> None:
    def ask(purpose: Purpose = Purpose.LOAN_APPLICATION) -> Dossier:
        return world.loop.run(sdk.dossier(power, purpose, LIN, in_session=True))

    first, second = ask(), ask()
    assert (first.digest, first.uses_left) == (second.digest, second.uses_left + 1)
    assert QuerySession.objects.count() == 1
    with pytest.raises(Forbidden) as caught:
        ask(Purpose.POST_LOAN)
    assert caught.value.code is Code.PURPOSE_MISMATCH
    QuerySession.objects.all().delete()
    assert ask().uses_left == second.uses_left - 1
    world.cast.clock.advance(timedelta(minutes=4, seconds=30))
    make_checkpoint(at=world.cast.now)
    assert ask().uses_left == second.uses_left - 2
    assert QuerySession.objects.count() == 2


@pytest.mark.parametrize("change", ["untagged", "another request's"])
def test_an_answer_without_the_tag_of_this_request_is_not_believed(
    world: World, sdk: AsyncClient, power: str, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    world.loop.run(sdk.dossier(power, Purpose.LOAN_APPLICATION, LIN, in_session=True))

    def other(
        status: int, headers: dict[str, str], body: bytes, key: object, *rest: object, **named: object
    ) -> str:
        if status == 200:
            if change == "untagged":
                key, named["request_signature"] = world.gateway.key, None
            else:
                named["request_signature"] = "A" * 43 + "="
        return sign_response(status, headers, body, key, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(core, "sign_response", other)
    with pytest.raises(ProviderFault) as caught:
        world.loop.run(sdk.dossier(power, Purpose.LOAN_APPLICATION, LIN, in_session=True))
    assert caught.value.code is Code.HUB_INVALID


@pytest.mark.parametrize("change", ["value", "statement", "digest"])
def test_a_dossier_that_is_not_its_statements_is_refused(
    world: World, sdk: AsyncClient, power: str, change: str
) -> None:
    found = world.loop.run(sdk.dossier(power, Purpose.LOAN_APPLICATION, LIN))
    told = found.model_dump(mode="json")
    told["product"] |= {"artefact": "dossier", "v": 1}
    if change == "value":
        told["product"]["items"][0]["records"][0]["values"]["billed_amount"] = "0.01"
    elif change == "statement":
        told["statement"] = sign_jws({"iss": "hub"}, world.node.key, ArtefactType.DOSSIER)
    else:
        told["digest"] = "0" * 64
    with pytest.raises(ProviderFault) as caught:
        check_dossier(Dossier.model_validate(told), canonical_bytes(told), sdk.operations.believed)
    assert caught.value.code is Code.HUB_INVALID
