"""The institution's client for items against the real gateway and a department's real node."""

import io

import httpx
import pytest
from tests.hub.cast import OWNER_USCC
from tests.hub.gateway.department import ARREARS_CANARY
from tests.hub.gateway.desk import PUBLIC
from tests.hub.gateway.item_scene import Scene, sdk_of
from tests.hub.items_cast import ARREARS, CERTIFICATE, HOUSE, MARRIAGE, house, marriage

from xinqiao import catalogue
from xinqiao.client import Anchor, AsyncClient, ClaimBook, Client, Operator, problem_of, state_claim
from xinqiao.client.ledger import proof_of
from xinqiao.clock import SHANGHAI
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Conflict, Forbidden, Gone, Invalid, NotFound, ProviderFault, TooMany
from xinqiao.hub.apps.identity.directory import anchor
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.trust.verify import verify_stream

LIN = Operator(name="林知远", department="小企业信贷部")
LOAN = Purpose.LOAN_APPLICATION


def claim(scene: Scene, item: str = HOUSE, **values: str):
    stated = {**(house() if item == HOUSE else marriage()), **values}
    on = scene.world.cast.now.astimezone(SHANGHAI).date()
    return state_claim(catalogue.load(), item, stated, on=on)


@pytest.fixture
def bank(scene: Scene) -> Client:
    return sdk_of(scene.world)


def asked(bank: Client, *claims, ref: str = "YS-9", **changes):
    values = {
        "subject_uscc": OWNER_USCC, "purpose": LOAN, "business_ref": ref, "operator": LIN, "claims": claims,
        "items": {ARREARS: ["uscc", "arrears_amount", "status"]}, "max_queries": 6, **changes,
    }  # fmt: skip
    return bank.items.request(**values)


def test_items_are_asked_for_called_verified_proved_and_found_again(
    scene: Scene, bank: Client, tmp_path
) -> None:
    wanted, book = claim(scene), ClaimBook(tmp_path / "claims")
    made = asked(bank, wanted, idempotency_key="asked-once-0001")
    assert asked(bank, wanted, idempotency_key="asked-once-0001").id == made.id
    book.keep(made.id, [wanted])
    scene.items.confirm(ItemAuthorisation.objects.get(id=made.id))
    view = bank.items.authorisation(made.id)
    assert (view.state, view.fields_of(ARREARS)) == ("active", ["arrears_amount", "status", "uscc"])
    answer = bank.items.call(made.id, ARREARS, view.fields_of(ARREARS), LOAN, LIN)
    assert [one.values["arrears_amount"] for one in answer.records] == [ARREARS_CANARY]
    assert ARREARS_CANARY not in repr(answer)
    (kept,) = ClaimBook(tmp_path / "claims").claims(made.id)
    assert kept == wanted
    said = bank.items.verify(made.id, kept, LOAN, LIN)
    assert (said.result, said.claim, said.uses_left) == ("yes", wanted.digest, 4)
    assert {one.item for one in bank.items.records().items} == {HOUSE, ARREARS}
    assert bank.items.record(said.id).result == "yes"
    assert [one.id for one in bank.items.authorisations(subject_uscc=OWNER_USCC).items] == [made.id]
    out = io.BytesIO()
    bank.ledger(out)
    believed = bank.operations.believed
    for one in (answer, said):
        for bundle in (one.bundle(), proof_of(one, out.getvalue())):
            found = verify_stream(
                io.BytesIO(bundle), trusted_keys=believed.trusted_keys(), owners=believed.owners()
            )
            assert (found.ok, found.problems) == (True, ())
        spoilt = one.bundle().replace(b'"product":"', b'"product":"x')
        assert not verify_stream(io.BytesIO(spoilt), trusted_keys=believed.trusted_keys()).ok


def test_an_appended_authorisation_is_proved_with_its_predecessor(scene: Scene, bank: Client) -> None:
    from tests.hub.items.test_item_verbs import more_of

    row = scene.items.confirm(scene.items.requested(), more_of(max_queries=1, valid_days=7))
    bank.items.authorisation(row.id)  # remembered as it was
    scene.items.append(row, more_of(max_queries=2))
    answer = bank.items.call(row.id, ARREARS, ["status"], LOAN, LIN)
    assert len(answer.artefacts) == 2
    assert verify_stream(io.BytesIO(answer.bundle()), trusted_keys=bank.operations.believed.trusted_keys()).ok


def test_every_no_keeps_its_words_and_the_nearest_request(scene: Scene, bank: Client) -> None:
    row = scene.granted()
    with pytest.raises(Forbidden) as refused:
        bank.items.call(row.id, ARREARS, ["uscc", "late_fee"], LOAN, LIN)
    problem = problem_of(refused.value)
    assert problem is not None
    assert problem.nearest_item is not None
    assert (problem.nearest, problem.nearest_item.fields, problem.refusal is not None) == (
        None,
        ("uscc",),
        True,
    )
    with pytest.raises(Forbidden) as guessed:
        bank.items.verify(row.id, claim(scene), LOAN, LIN)
    assert guessed.value.code is Code.SCOPE_EXCEEDED
    with pytest.raises(NotFound):
        bank.items.authorisation("ita-" + "0" * 32)
    with pytest.raises(NotFound):
        sdk_of(scene.world, scene.world.outsider).items.authorisation(row.id)
    asked(bank, ref="twice")
    with pytest.raises(Conflict):
        asked(bank, ref="twice")
    scene.items.withdraw(ItemAuthorisation.objects.get(id=row.id))
    with pytest.raises(Forbidden) as gone:
        bank.items.call(row.id, ARREARS, ["uscc"], LOAN, LIN)
    assert gone.value.code is Code.CONSENT_REVOKED


def test_an_answer_goes_out_once_and_a_spent_budget_says_when(scene: Scene, bank: Client) -> None:
    claims = [claim(scene, certificate_no=f"演示（2026）不动产权第{n:07d}号") for n in range(4)]
    made = asked(bank, *claims)
    scene.items.confirm(ItemAuthorisation.objects.get(id=made.id))
    bank.items.call(made.id, ARREARS, ["uscc"], LOAN, LIN, idempotency_key="only-once-0001")
    with pytest.raises((Gone, Invalid)):
        bank.items.call(made.id, ARREARS, ["uscc"], LOAN, LIN, idempotency_key="only-once-0001")
    assert [bank.items.verify(made.id, one, LOAN, LIN).result for one in claims[:3]] == ["not"] * 3
    with pytest.raises(TooMany) as spent:
        bank.items.verify(made.id, claims[3], LOAN, LIN)
    assert spent.value.facts["retry_after"] == 86400


def test_what_the_platform_changes_on_the_way_is_noticed(scene: Scene, bank: Client, monkeypatch) -> None:
    from xinqiao.client import item_operations

    row = scene.granted((HOUSE, house()), (MARRIAGE, marriage()))
    honest = item_operations.open_item_answer
    said = {}

    def remember(answer, question, believed, **more):
        found = said["answer"] = honest(answer, question, believed, **more)
        said["raw"] = answer, question, believed, more
        return found

    monkeypatch.setattr(item_operations, "open_item_answer", remember)
    bank.items.call(row.id, ARREARS, ["uscc", "status"], LOAN, LIN)
    answer, question, believed, more = said["raw"]
    other = bank.items.call(row.id, ARREARS, ["uscc", "status"], LOAN, LIN)
    for part in ("answer", "receipt", "permit"):
        theirs = other.sealed if part == "answer" else getattr(other, part)
        with pytest.raises(ProviderFault):
            honest(answer.model_copy(update={part: theirs}), question, believed, **more)
    with pytest.raises(ProviderFault):
        honest(answer, question, believed, subject="91330100MA2XQA0010", at=more["at"])


def test_a_claim_is_well_formed_before_it_is_sent_and_says_no_value(scene: Scene) -> None:
    for item, values in ((ARREARS, {"uscc": OWNER_USCC}), (HOUSE, {"owner_name": "甲一"}), ("x", {})):
        with pytest.raises(Invalid) as error:
            state_claim(catalogue.load(), item, values, on=scene.world.cast.now.date())
        assert "甲一" not in str(error.value)
    stated = claim(scene)
    assert len(stated.salt) == 64
    assert CERTIFICATE not in repr(stated)
    assert claim(scene).digest != stated.digest


def test_the_book_of_claims_is_private_and_forgets(scene: Scene, tmp_path) -> None:
    book, stated = ClaimBook(tmp_path / "claims"), claim(scene)
    name = "ita-" + "1" * 32
    assert book.claims(name) == []
    book.keep(name, [stated])
    (file,) = (tmp_path / "claims").iterdir()
    assert (file.stat().st_mode & 0o777, book.kept()) == (0o600, [name])
    book.forget(name)
    book.forget(name)
    assert book.kept() == []
    for bad in ("../x", "ita-../../x", "aut-1", "ita-"):
        with pytest.raises(Invalid):
            book.claims(bad)
    book.keep(name, [stated])
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(Invalid):
        book.claims(name)


def test_the_asynchronous_client_does_the_same(scene: Scene) -> None:
    row = scene.granted((HOUSE, house()))
    world = scene.world
    client = AsyncClient(
        PUBLIC, world.bank.institution_id, world.bank.key, anchor=Anchor.from_json(anchor()),
        clock=world.cast.clock, transport=httpx.ASGITransport(app=world.app),  # type: ignore[arg-type]
    )  # fmt: skip
    from tests.hub.items_cast import SALT

    stated = state_claim(catalogue.load(), HOUSE, house(), on=world.cast.now.date(), salt=SALT)

    async def journey() -> tuple[str | None, int, int, str]:
        said = await client.items.verify(row.id, stated, LOAN, LIN)
        answer = await client.items.call(row.id, ARREARS, ["uscc"], LOAN, LIN)
        listed = await client.items.records(authorisation_id=row.id)
        view = await client.items.authorisation(row.id)
        page = await client.items.authorisations()
        record = await client.items.record(said.id)
        made = await client.items.request(
            subject_uscc=OWNER_USCC, purpose=LOAN, business_ref="AIO", operator=LIN, items={ARREARS: ["uscc"]}
        )
        assert (len(page.items), record.id, made.state) == (1, said.id, "requested")
        return said.result, len(answer.records), len(listed.items), view.state

    assert world.loop.run(journey()) == ("yes", 1, 2, "active")
