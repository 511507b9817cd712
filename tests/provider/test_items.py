"""A department's node: sealed answers of interface items, and a yes or no that tells nothing else (abuse cases E1, E2)."""

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from xinqiao import catalogue
from xinqiao.domain.items import PersonConsent, permit_claims
from xinqiao.provider.config import ConfigError, ItemsConfig, parse_config
from xinqiao.provider.items.store import MOST_ROWS, ItemStore
from xinqiao.provider.stores.base import StoreError
from xinqiao.provider.testing import FIRM
from xinqiao.provider.testing.department import (
    ARREARS,
    HOUSE,
    MARRIAGE,
    PENSION,
    SALT,
    DepartmentFixture,
    Marks,
    a_person_id,
    arrears_row,
    house,
    marriage,
    write_csv,
)
from xinqiao.provider.testing.platform import HUB_ID, INSTITUTION
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import OpenKey, SigningKey

MARKS = Marks()
UNKNOWN = Marks(owner="演示路人乙", owner_id=a_person_id(902), certificate="演示（2026）不动产权第0000902号")


@pytest.fixture
def department(tmp_path: Path) -> Iterator[DepartmentFixture]:
    made = DepartmentFixture(tmp_path / "department")
    yield made
    made.close()


def outcome(answer) -> tuple[int, str]:
    return answer.status_code, str(answer.json().get("code", "ok"))


def said(department: DepartmentFixture, answer) -> str:
    assert answer.status_code == 200, answer.text
    return str(department.signed(answer.json()["answer"], ArtefactType.VERIFICATION)["answer"])


# ----------------------------------------------------------------------------------------------------- interface


def test_an_interface_item_is_sealed_signed_and_receipted_with_the_agreed_fields_only(department):
    answer = department.ask_item()
    assert outcome(answer) == (200, "ok")
    opened = department.opened_item(answer.json())
    assert opened["records"] == [
        {"values": {"uscc": FIRM.uscc, "arrears_amount": MARKS.arrears}, "objected": False}
    ]
    assert (opened["aud"], opened["data_as_of"], opened["demo"]) == (INSTITUTION, "2026-11-20", True)
    receipt = department.signed(answer.json()["receipt"], ArtefactType.RECEIPT)
    assert (receipt["aud"], receipt["item"], receipt["jti"]) == (HUB_ID, ARREARS, opened["jti"])
    assert department.ledger()[-1] == ("served", "")


def test_what_the_hub_sees_of_it_holds_no_value(department):
    text = department.ask_item().text
    assert not [mark for mark in MARKS.all if mark in text]


def test_records_that_are_withdrawn_broken_or_objected_are_treated_so(department):
    rows = [
        arrears_row(MARKS, period_start="2025-04-01", _status="withdrawn"),
        arrears_row(MARKS, period_start="2025-02-01", _status="objected"),
        arrears_row(MARKS, period_start="2025-03-01", arrears_amount="-1"),
        arrears_row(MARKS, uscc="91990102MADEM0B24T"),
    ]
    write_csv(department.home / "items" / f"{ARREARS}.csv", rows)
    department.restart()
    opened = department.opened_item(department.ask_item(fields=frozenset({"period_start"})).json())
    assert opened["records"] == [{"values": {"period_start": "2025-02-01"}, "objected": True}]
    assert (opened["withheld"], opened["truncated"]) == (1, False)


def test_a_subject_without_a_record_gets_an_empty_answer_and_a_long_one_is_cut(department):
    path = department.home / "items" / f"{ARREARS}.csv"
    write_csv(path, [arrears_row(MARKS, uscc="91990102MADEM0B24T")])
    department.restart()
    assert department.opened_item(department.ask_item().json())["records"] == []
    write_csv(path, [arrears_row(MARKS, late_fee=f"{n}.00") for n in range(MOST_ROWS + 1)])
    department.restart()
    opened = department.opened_item(department.ask_item().json())
    assert (len(opened["records"]), opened["truncated"]) == (MOST_ROWS, True)


def test_a_permit_is_used_once_and_stays_used(department):
    body = department.item_body()
    assert outcome(department.post("/node/v1/items", body)) == (200, "ok")
    assert outcome(department.post("/node/v1/items", body)) == (401, "REPLAYED")
    department.restart()
    assert outcome(department.post("/node/v1/items", body)) == (401, "REPLAYED")
    assert [event for event, _ in department.ledger()].count("served") == 1


def test_of_many_copies_of_a_permit_at_once_one_is_served(department):
    content = json.dumps(department.item_body()).encode()
    sent = [department.hub.request("/node/v1/items", content) for _ in range(8)]
    assert sorted(answer.status_code for answer in department.together(*sent)) == [200, *[401] * 7]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"node": "nod-" + "2" * 32}, (401, "AUDIENCE_MISMATCH")),
        ({"fields": frozenset({"late_fee"})}, (403, "SCOPE_EXCEEDED")),
        ({"subject": "91990102MADEM0B24T"}, (403, "CONSENT_MISSING")),
        ({"institution": "ins-" + "8" * 32}, (403, "CONSENT_GRANTEE_MISMATCH")),
        ({"item": PENSION}, (403, "SCOPE_EXCEEDED")),
        ({"authorisation_digest": "e" * 64}, (403, "CONSENT_MISSING")),
        ({"request_digest": "e" * 64}, (401, "SIGNATURE_INVALID")),
        (
            {"enc_jwk": {n: str(v) for n, v in OpenKey.generate().public.to_jwk().items()}},
            (401, "SIGNATURE_INVALID"),
        ),
    ],
)
def test_a_permit_that_differs_in_anything_is_refused_and_not_consumed(department, changes, expected):
    fields = changes.pop("fields", None)
    body = department.item_body(**changes) if fields is None else department.item_body(fields=fields)
    assert outcome(department.post("/node/v1/items", body)) == expected
    assert department.service.state.read("SELECT count(*) FROM item_permit") == [(0,)]
    assert department.ledger() == [("refused", expected[1])]


def test_a_permit_lives_thirty_seconds_and_the_tolerance_of_clocks(department):
    body = department.item_body()
    department.clock.advance(timedelta(seconds=40))
    assert outcome(department.post("/node/v1/items", body)) == (403, "PERMIT_EXPIRED")


def test_a_statement_by_another_key_or_about_something_else_is_refused(department):
    token, held = department.authorisation()
    fields = frozenset({"uscc"})
    for statement in (
        department.statement(ARREARS, fields, None, key=SigningKey.generate()),
        department.statement(ARREARS, fields, None, purpose="post_loan"),
        department.statement(ARREARS, fields | {"status"}, None),
        department.statement(ARREARS, fields, None, iat=int(department.clock.now().timestamp()) - 400),
    ):
        from xinqiao.domain.items import permit_claims
        from xinqiao.trust.jws import sign_jws

        permit = department.permit(held, ARREARS, fields, None, statement)
        signed = sign_jws(permit_claims(permit), department.hub.key, ArtefactType.ITEM_PERMIT)
        body = {"permit": signed, "authorisation": token, "query": statement}
        assert department.post("/node/v1/items", body).status_code == 401


def test_without_the_institutions_statement_only_where_the_subject_agreed_to_reports(department):
    """The hub opens an answer for a credit report; elsewhere it could put its own key into a permit."""
    fields = frozenset({"uscc", "arrears_amount"})
    for agreed, expected in ((False, (401, "SIGNATURE_INVALID")), (True, (200, "ok"))):
        token, held = department.authorisation(report=agreed)
        permit = department.permit(held, ARREARS, fields, None, "the query's own id")
        signed = sign_jws(permit_claims(permit), department.hub.key, ArtefactType.ITEM_PERMIT)
        body = {"permit": signed, "authorisation": token, "query": None}
        assert outcome(department.post("/node/v1/items", body)) == expected
    item, stated = MARRIAGE, marriage(MARKS)
    token, held = department.authorisation((item, stated), report=True)
    claim = department.digest(item, stated)
    permit = department.permit(held, item, frozenset(stated), claim, "the query's own id")
    signed = sign_jws(permit_claims(permit), department.hub.key, ArtefactType.ITEM_PERMIT)
    body = {
        "permit": signed,
        "authorisation": token,
        "query": None,
        "claim": {"values": stated, "salt": SALT},
    }
    assert outcome(department.post("/node/v1/verifications", body)) == (401, "SIGNATURE_INVALID")


def test_an_artefact_of_a_bank_opens_nothing_here_and_the_two_verbs_do_not_share_permits(department):
    body = department.item_body()
    assert outcome(department.post("/node/v1/products", {**body})) == (401, "TOKEN_TYPE")
    verification = department.verification_body(MARRIAGE, marriage(MARKS))
    verification.pop("claim")
    assert outcome(department.post("/node/v1/items", verification)) == (403, "SCOPE_EXCEEDED")
    assert outcome(department.post("/node/v1/verifications", body | {"claim": {}})) == (403, "SCOPE_EXCEEDED")


def test_an_unsigned_message_asks_for_nothing(department):
    content = json.dumps(department.item_body()).encode()
    answer = department.raw("POST", department.hub.base_url + "/node/v1/items", content=content)
    assert answer.status_code == 401
    assert department.ledger() == []


# ------------------------------------------------------------------------------------------------- verification


CASES = {
    "match": (HOUSE, house(MARKS)),
    "mismatch": (HOUSE, house(MARKS, certificate_no=UNKNOWN.certificate)),
    "unknown": (HOUSE, house(UNKNOWN)),
}


def test_only_the_whole_tuple_is_a_yes(department):
    assert {name: said(department, department.verify(*case)) for name, case in CASES.items()} == {
        "match": "yes",
        "mismatch": "not",
        "unknown": "not",
    }


def test_e1_match_mismatch_and_unknown_are_one_size_one_shape_at_one_tick(department):
    seen = {}
    for name, case in CASES.items():
        before = department.monotonic.now
        answer = department.verify(*case)
        headers = {key: len(value) for key, value in answer.headers.items()}
        receipt = department.signed(answer.json()["receipt"], ArtefactType.RECEIPT)
        claims = department.signed(answer.json()["answer"], ArtefactType.VERIFICATION)
        seen[name] = (
            answer.status_code,
            len(answer.content),
            headers,
            {key: len(value) for key, value in answer.json().items()},
            sorted(receipt),
            sorted(claims),
            round(department.monotonic.now - before, 6),
        )
    assert seen["match"] == seen["mismatch"] == seen["unknown"]
    assert seen["match"][1] == 4096
    assert department.monotonic.slept == pytest.approx([0.3, 0.3, 0.3])


def test_e1_answers_about_different_items_are_one_size_too(department):
    sizes = {len(department.verify(*case).content) for case in (CASES["match"], (MARRIAGE, marriage(MARKS)))}
    assert sizes == {4096}


def test_e1_an_answer_that_took_longer_goes_out_at_the_next_tick(department, monkeypatch):
    items = department.app.items
    rows = items.store.rows

    def slow(item, key):
        department.monotonic.now += 0.35
        return rows(item, key)

    monkeypatch.setattr(items.store, "rows", slow)
    before = department.monotonic.now
    assert said(department, department.verify(*CASES["match"])) == "yes"
    assert department.monotonic.now - before == pytest.approx(0.6)


def test_e1_a_failure_of_the_store_goes_out_at_a_tick_and_the_permit_stays_used(department, monkeypatch):
    def broken(item, key):
        raise StoreError("no disk")

    monkeypatch.setattr(department.app.items.store, "rows", broken)
    body = department.verification_body(*CASES["match"])
    assert outcome(department.post("/node/v1/verifications", body)) == (503, "PROVIDER_UNAVAILABLE")
    assert department.monotonic.slept == pytest.approx([0.3])
    assert outcome(department.post("/node/v1/verifications", body)) == (401, "REPLAYED")


def test_only_the_agreed_tuple_is_compared(department):
    agreed = house(MARKS)
    for other in (house(UNKNOWN), house(MARKS, usage="residential"), house(MARKS, owner_name="演示丙")):
        answer = department.verify(HOUSE, other, agreed=agreed)
        assert outcome(answer) == (403, "SCOPE_EXCEEDED")
    body = department.verification_body(HOUSE, agreed)
    salted = body | {"claim": {"values": agreed, "salt": "5b" * 32}}
    assert outcome(department.post("/node/v1/verifications", salted)) == (403, "SCOPE_EXCEEDED")
    assert department.service.state.read("SELECT count(*) FROM item_permit") == [(0,)]


def test_an_optional_value_is_compared_when_it_is_stated(department):
    assert said(department, department.verify(HOUSE, house(MARKS, area_sqm="88.5"))) == "yes"
    assert said(department, department.verify(HOUSE, house(MARKS, area_sqm="88.51"))) == "not"


def test_a_person_must_have_consented_and_in_writing_for_a_house(department):
    spoken = frozenset({PersonConsent("psn-1", frozenset({HOUSE}), written=False, text_digest="d" * 64)})
    assert outcome(department.verify(HOUSE, house(MARKS), persons=spoken)) == (403, "WRITTEN_CONSENT_MISSING")
    assert outcome(department.verify(HOUSE, house(MARKS), persons=frozenset())) == (
        403,
        "PERSON_CONSENT_MISSING",
    )


@pytest.mark.parametrize(
    "claim",
    [None, [], {}, {"values": {}, "salt": SALT, "more": 1}, {"values": {"owner_name": 1}, "salt": SALT}],
)
def test_a_claim_out_of_form_is_refused(department, claim):
    body = department.verification_body(HOUSE, house(MARKS)) | {"claim": claim}
    assert department.post("/node/v1/verifications", body).status_code == 422


def test_e2_a_fourth_guess_in_a_day_is_refused_with_its_waiting_time(department):
    for serial in range(3):
        guess = house(MARKS, certificate_no=f"演示（2026）不动产权第{serial:07d}号")
        assert said(department, department.verify(HOUSE, guess)) == "not"
    refused = department.verify(HOUSE, house(MARKS))
    assert outcome(refused) == (429, "VERIFICATION_BUDGET")
    assert refused.headers["retry-after"] == "86400"
    assert department.ledger()[-1] == ("refused", "VERIFICATION_BUDGET")
    # the same guess again costs nothing new, and the memory outlives a restart
    department.restart()
    again = house(MARKS, certificate_no="演示(2026)不动产权第0000001号")
    assert said(department, department.verify(HOUSE, again)) == "not"
    assert outcome(department.verify(HOUSE, house(MARKS))) == (429, "VERIFICATION_BUDGET")
    department.clock.advance(timedelta(hours=24, seconds=1))
    department.service.trust.accept(department.hub.directory(version=2), department.clock.now())
    assert said(department, department.verify(HOUSE, house(MARKS))) == "yes"


def test_e2_guesses_at_once_are_counted_one_by_one(department):
    guesses = [house(MARKS, certificate_no=f"演示（2026）不动产权第{serial:07d}号") for serial in range(8)]
    sent = [
        department.hub.request(
            "/node/v1/verifications", json.dumps(department.verification_body(HOUSE, guess)).encode()
        )
        for guess in guesses
    ]
    codes = sorted(answer.status_code for answer in department.together(*sent))
    assert codes == [200] * 3 + [429] * 5


def test_e2_the_budgets_of_an_institution_are_configured(tmp_path):
    made = DepartmentFixture(tmp_path / "d", limits="per_institution = 2\nper_pair = 1\ngrid_ms = 100\n")
    assert said(made, made.verify(MARRIAGE, marriage(MARKS))) == "yes"
    assert made.monotonic.slept == [pytest.approx(0.1)]
    assert outcome(made.verify(MARRIAGE, marriage(MARKS))) == (429, "VERIFICATION_BUDGET")
    made.close()


# ----------------------------------------------------------------------------------------------- canaries, folder


def test_nothing_of_a_claim_or_a_record_is_kept_or_logged(department, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    department.ask_item()
    for case in CASES.values():
        department.verify(*case)
    department.verify(HOUSE, house(UNKNOWN), agreed=house(MARKS))
    department.post("/node/v1/verifications", {"claim": {"values": house(MARKS), "salt": SALT}})
    department.ledger()
    kept = b"".join(path.read_bytes() for path in department.home.glob("node.sqlite3*"))
    printed = capsys.readouterr()
    logged = caplog.text + printed.out + printed.err
    for mark in (*MARKS.all, *UNKNOWN.all, SALT):
        assert mark.encode() not in kept
        assert mark not in logged


def test_a_refusal_repeats_no_value(department):
    answer = department.verify(HOUSE, house(UNKNOWN), agreed=house(MARKS))
    bad = department.verification_body(HOUSE, house(MARKS))
    bad["claim"] = {"values": house(MARKS, owner_id_no="110102190001019999"), "salt": SALT}
    wrong = department.post("/node/v1/verifications", bad)
    assert (answer.status_code, wrong.status_code) == (403, 422)
    for text in (answer.text, wrong.text):
        assert not [mark for mark in (*MARKS.all, *UNKNOWN.all, "110102190001019999") if mark in text]


def test_health_names_the_items_and_no_accounts_are_served(department):
    health = department.raw("GET", department.hub.base_url + "/node/v1/health").json()
    assert (health["status"], health["items"]) == ("ok", sorted([ARREARS, HOUSE, MARRIAGE]))
    assert department.check().json()["result"] == "not_found"


def opened(folder: Path) -> ItemStore:
    return ItemStore(ItemsConfig(folder, recheck_seconds=0.0), catalogue.load())


def test_a_folder_of_parquet_with_chinese_headers_reads_the_same(tmp_path):
    rows = [arrears_row(MARKS), arrears_row(MARKS, uscc="91990102MADEM0B24T")]
    labels = {field.name: field.label for field in catalogue.load().items[ARREARS].fields}
    (tmp_path / ARREARS).mkdir()
    for place, row in enumerate(rows):
        table = pa.table({labels[name]: [value] for name, value in row.items()})
        pq.write_table(table, tmp_path / ARREARS / f"part-{place}.parquet")
    store = opened(tmp_path)
    assert [row.cells["arrears_amount"] for row in store.rows(ARREARS, FIRM.uscc)] == [MARKS.arrears]
    store.close()


def test_a_file_that_changes_is_seen_and_a_broken_one_leaves_what_was_served(tmp_path):
    path = tmp_path / f"{ARREARS}.csv"
    write_csv(path, [arrears_row(MARKS)])
    store = opened(tmp_path)
    assert len(store.rows(ARREARS, FIRM.uscc)) == 1
    write_csv(path, [arrears_row(MARKS), arrears_row(MARKS, late_fee="1.00")])
    assert len(store.rows(ARREARS, FIRM.uscc)) == 2
    write_csv(path, [{"uscc": FIRM.uscc}])
    with pytest.raises(StoreError, match="ent_name"):
        store.rows(ARREARS, FIRM.uscc)
    write_csv(path, [arrears_row(MARKS)])
    assert len(store.rows(ARREARS, FIRM.uscc)) == 1
    store.close()


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("water_fee", {"uscc": FIRM.uscc}),
        ("no_such_item", {"a": "1"}),
        (ARREARS, arrears_row(MARKS, strange="1")),
    ],
)
def test_a_file_that_does_not_belong_is_named(tmp_path, name, row):
    write_csv(tmp_path / f"{name}.csv", [row])
    with pytest.raises(StoreError, match=name):
        opened(tmp_path)


def test_a_row_does_not_show_itself(tmp_path):
    write_csv(tmp_path / f"{HOUSE}.csv", [house(MARKS)])
    store = opened(tmp_path)
    assert MARKS.owner not in repr(store.rows(HOUSE, MARKS.owner_id))
    store.close()


HEAD = '[node]\nid = "n"\ninstitution = "i"\nname = "x"\npublic_url = "http://n"\n[hub]\nid = "h"\nurl = "http://h"\n'


@pytest.mark.parametrize(
    "text",
    ['[store]\nkind = "none"\n', '[store]\nkind = "none"\n[items]\nslot = 1\n', "[items]\ngrid_ms = 0\n"],
)
def test_a_node_that_serves_nothing_or_has_an_unknown_limit_is_refused(tmp_path, text):
    with pytest.raises(ConfigError):
        parse_config(HEAD + text, tmp_path, {})


def test_a_bank_may_serve_items_beside_its_accounts(tmp_path):
    config = parse_config(HEAD + '[items]\nfolder = "items"\n', tmp_path, {})
    assert config.items is not None
    assert replace(config.items, folder=tmp_path).grid_ms == 300
