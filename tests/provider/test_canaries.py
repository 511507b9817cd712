"""Abuse case E9: what is planted in the bank's rows and in its customers' names and numbers is found nowhere outside.

Products may name the holder (it is the holder's own report); nothing may name a counterparty, a text of a row or a
whole account number.
"""

import io
import json
import logging
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import structlog

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product
from xinqiao.provider.logs import ALLOWED, configure_logs
from xinqiao.provider.stores.base import ACCOUNT_COLUMNS, TRANSACTION_COLUMNS
from xinqiao.provider.testing import FIRM, OTHER, Canaries, NodeFixture, account_rows, bank_rows, text_table
from xinqiao.trust.encoding import unb64

from .test_portal import PAGES, Browser

CANARIES = Canaries(
    customer="金丝雀客户7f3a有限公司", customer_account="6222029977665544330", supplier="金丝雀供应商9c1d有限公司",
    worker="金丝雀工人2b8e", text="金丝雀摘要5d4c货款",
)  # fmt: skip


@pytest.fixture
def planted(node: NodeFixture) -> NodeFixture:
    """The small bank with canaries instead of its ordinary counterparties, and a related party on file."""
    data = node.home / "data"
    rows = [row for holder in (FIRM, OTHER) for row in bank_rows(holder, CANARIES)]
    pq.write_table(text_table(rows, TRANSACTION_COLUMNS), data / "transactions" / "part-0.parquet")
    (data / "related.csv").write_text(f"uscc,name\n{FIRM.uscc},{CANARIES.worker}\n", encoding="utf-8")
    node.restart()
    return node


def free_of(text: str, *more: str) -> None:
    """No canary in a text, neither as written nor as JSON or HTML would escape it."""
    for canary in (*CANARIES.all, *more):
        for form in (canary, json.dumps(canary)[1:-1], canary.encode().hex()):
            assert form not in text, canary


def test_products_opened_hold_no_counterparty_no_text_and_no_whole_account_number(
    planted: NodeFixture,
) -> None:
    from dataclasses import replace

    entrusted = planted.entrust()
    for product in Product:
        for months in (1, 12, 24, 36):
            permit = replace(planted.hub.permit(entrusted), product=product, months=months)
            answer = planted.ask(permit)
            assert answer.status_code == 200
            opened = json.dumps(planted.hub.opened(answer.json(), planted.service.key), ensure_ascii=False)
            free_of(opened, FIRM.account_no, OTHER.name)
            assert FIRM.name in opened  # the holder's own report says whose it is
            assert "9901****0001" in opened


def test_what_the_hub_sees_holds_not_even_the_holder(planted: NodeFixture) -> None:
    answer = planted.ask(planted.hub.permit(planted.entrust())).json()
    receipt = unb64(str(answer["receipt"]).split(".")[1]).decode()
    sealed_head = unb64(str(answer["product"]).split(".")[0]).decode()
    for text in (json.dumps(answer), receipt, sealed_head):
        free_of(text, FIRM.account_no, FIRM.name)


@pytest.mark.parametrize("reason", ["store", "scope", "form", "replay", "ownership"])
def test_refusals_and_faults_hold_nothing(planted: NodeFixture, reason: str) -> None:
    from dataclasses import replace

    entrusted = planted.entrust()
    permit = planted.hub.permit(entrusted)
    match reason:
        case "store":
            rows = [{**row, "opened_on": CANARIES.worker} for row in account_rows()]
            pq.write_table(text_table(rows, ACCOUNT_COLUMNS), planted.home / "data" / "accounts.parquet")
            planted.service.store._checked_at = float("-inf")  # type: ignore[attr-defined]  # look now
            answer = planted.ask(permit)
        case "scope":
            answer = planted.ask(replace(permit, entrustment_digest="f" * 64))
        case "form":
            body: dict[str, Json] = {CANARIES.customer: CANARIES.text, "name": FIRM.name}
            answer = planted.post("/node/v1/ownership-checks", body)
        case "replay":
            planted.ask(permit)
            answer = planted.ask(permit)
        case _:
            answer = planted.check(name=CANARIES.customer, account_no=OTHER.account_no)
    free_of(answer.text, FIRM.account_no, OTHER.account_no, FIRM.name, OTHER.name)


def test_health_and_counters_hold_nothing(planted: NodeFixture) -> None:
    planted.ask(planted.hub.permit(planted.entrust()))
    for path in ("/node/v1/health", "/test-hooks/counters"):
        free_of(
            planted.raw("GET" if "health" in path else "POST", path).text,
            FIRM.account_no,
            FIRM.name,
            FIRM.uscc,
        )


def test_the_pages_hold_nothing_but_ids_and_masked_numbers(planted: NodeFixture) -> None:
    planted.ask(planted.hub.permit(planted.entrust()))
    planted.check(name=CANARIES.customer)
    planted.ledger()
    browser = Browser(planted)
    browser.login()
    for path in PAGES:
        free_of(browser.get(path).text, FIRM.account_no, FIRM.name, FIRM.uscc, OTHER.name)


def test_the_ledger_holds_ids_and_counts_only(planted: NodeFixture) -> None:
    planted.ask(planted.hub.permit(planted.entrust()))
    planted.ledger()
    text = repr(planted.service.state.read("SELECT * FROM ledger")) + repr(
        planted.service.state.read("SELECT * FROM permit")
    )
    free_of(text, FIRM.account_no, FIRM.name, FIRM.uscc)


def test_logs_hold_nothing_whatever_happens(
    planted: NodeFixture, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = io.StringIO()
    before = structlog.get_config()
    monkeypatch.setattr("sys.stderr", said)
    configure_logs()
    handler = logging.StreamHandler(said)
    logging.getLogger().addHandler(handler)
    try:
        structlog.get_logger("xinqiao.node").info(
            "probe", account=FIRM.account_no, name=FIRM.name, text=CANARIES.text, code="OK"
        )
        entrusted = planted.entrust()
        planted.ask(planted.hub.permit(entrusted))
        planted.check(name=CANARIES.customer)
        planted.post("/node/v1/ownership-checks", {CANARIES.customer: CANARIES.text})

        def broken(*_arguments: object) -> object:
            raise RuntimeError(CANARIES.text)

        monkeypatch.setattr(planted.service.maker, "make", broken)
        answer = planted.ask(planted.hub.permit(entrusted))
        assert (answer.status_code, answer.json()["code"]) == (503, "PROVIDER_UNAVAILABLE")
        free_of(answer.text)
    finally:
        logging.getLogger().removeHandler(handler)
        structlog.configure(**before)
    logged = said.getvalue() + "".join(capsys.readouterr())
    assert '"event": "probe"' in logged
    assert '"error": "RuntimeError"' in logged
    free_of(logged, FIRM.account_no, FIRM.name, FIRM.uscc)
    assert planted.ledger()[-1] == ("failed", "PROVIDER_UNAVAILABLE")


def test_no_name_of_a_column_of_the_bank_may_be_logged() -> None:
    columns = {*TRANSACTION_COLUMNS, *ACCOUNT_COLUMNS} - {"status"}  # an HTTP status, in a log
    assert columns & ALLOWED == set()


def test_files_of_the_node_are_private_where_they_hold_numbers(planted: NodeFixture) -> None:
    planted.entrust()
    for path in Path(planted.home).rglob("*"):
        if path.is_file() and "data" not in path.parts and FIRM.account_no.encode() in path.read_bytes():
            assert path.name.startswith("node.sqlite3")
            assert path.stat().st_mode & 0o077 == 0
