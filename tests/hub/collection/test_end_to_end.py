"""Through the real pipeline: files as people send them, receipts, the corrected-file round trip, withdrawal, a crash."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from tests.hub.cast import OWNER_USCC, STRANGER_USCC
from tests.hub.collection.sources import ITEM, Suppliers

from xinqiao.catalogue import load
from xinqiao.domain.collection import BatchState
from xinqiao.hub.apps.collection import lake_engine
from xinqiao.hub.apps.collection.lake_engine import LakeEngine
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.processing import job_of
from xinqiao.hub.apps.collection.refused import refused_rows
from xinqiao.hub.apps.collection.services import process_next, withdraw_batch
from xinqiao.lake.store import Lake

HEADER = (
    "企业名称,统一社会信用代码,用水户号,开户日期,用户地址,预交金额(元),欠费金额(元),是否一户一表,费用所属期"
)


@pytest.fixture(autouse=True)
def _fresh_lakes() -> Iterator[None]:
    """A lake is kept open by its folder; every test has its own."""
    lake_engine._opened.cache_clear()
    yield
    lake_engine._opened.cache_clear()


def rows_of(*rows: str) -> bytes:
    """A file with the item's labels as its header."""
    return "\n".join([HEADER, *rows, ""]).encode()


def row(account: str, *, uscc: str = OWNER_USCC, arrears: str = "0.00", opened: str = "2020-01-05") -> str:
    """One firm's bill of October."""
    return f"远山农机有限公司,{uscc},{account},{opened},澄州市云栖路 1 号,10.00,{arrears},是,2026-10"


GOOD_ROWS = [row("0001"), row("0002", uscc=STRANGER_USCC, arrears="12.50"), row("0003"), row("0004")]
BAD_USCC = row("0005", uscc=OWNER_USCC[:-1] + ("0" if OWNER_USCC[-1] != "0" else "1"))
BAD_DATE = row("0006", opened="2026-02-30")


def work(suppliers: Suppliers, batch: Batch) -> Batch:
    """Judge what waits with the real pipeline."""
    while process_next(engine=LakeEngine(), clock=suppliers.cast.clock):
        pass
    batch.refresh_from_db()
    return batch


def in_lake(uscc: str = OWNER_USCC) -> set[str]:
    """The accounts of a firm that the lake knows."""
    lake = Lake.open(Path(settings.XINQIAO_LAKE))
    found = lake.records(uscc, items=[ITEM]).get(ITEM, [])
    return {str(one["account_no"]) for one in found}


def test_a_good_file_is_in_the_lake_and_says_so(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    done = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    assert (done.state, done.code) == (BatchState.ACCEPTED, "")
    assert (done.rows_read, done.rows_accepted, done.rows_refused) == (4, 4, 0)
    assert done.receipt is not None
    assert done.receipt["digest"] == done.digest
    assert (in_lake(), in_lake(STRANGER_USCC)) == ({"0001", "0003", "0004"}, {"0002"})


def test_refused_rows_go_out_are_corrected_and_come_back(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    first = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS, BAD_USCC, BAD_DATE)).batch)
    assert first.state == BatchState.PARTLY_ACCEPTED
    assert (first.rows_read, first.rows_accepted, first.rows_refused) == (6, 4, 2)
    assert first.receipt is not None
    assert first.receipt["by_field"] == {"opened_on": {"BAD_DATE": 1}, "uscc": {"BAD_USCC": 1}}
    out = refused_rows(suppliers.supplier, first.id, "csv", engine=LakeEngine()).decode("utf-8-sig")
    assert out.count("\n") == 3
    fixed = out.replace(BAD_USCC.split(",")[1], OWNER_USCC).replace("2026-02-30", "2026-02-28")
    second = work(suppliers, suppliers.send(fixed.encode(), name="fixed.csv", corrects=first.id).batch)
    assert (second.state, second.rows_accepted) == (BatchState.ACCEPTED, 2)
    assert in_lake() == {"0001", "0003", "0004", "0005", "0006"}
    book = refused_rows(suppliers.supplier, first.id, "xlsx", engine=LakeEngine())
    assert book.startswith(b"PK")


def test_a_file_without_a_needed_column_goes_back_with_its_name(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    done = work(suppliers, suppliers.send("企业名称,别的\n甲,1\n".encode()).batch)
    assert (done.state, done.code) == (BatchState.RETURNED, "HEADER_MISMATCH")
    assert "uscc" in str(done.code_facts.get("missing"))
    assert in_lake() == set()


def test_a_file_that_is_no_file_of_its_kind_goes_back(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    done = work(suppliers, suppliers.send(b"PK\x03\x04" + bytes(200), name="w.xlsx").batch)
    assert done.state == BatchState.RETURNED
    assert done.code in ("FILE_UNREADABLE", "FILE_KIND_UNSUPPORTED", "ARCHIVE_UNSAFE")


def test_a_file_with_hardly_a_good_row_goes_back_whole(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    done = work(suppliers, suppliers.send(rows_of(GOOD_ROWS[0], BAD_USCC, BAD_DATE)).batch)
    assert (done.state, done.rows_accepted, done.rows_refused) == (BatchState.RETURNED, 1, 2)
    assert in_lake() == set()


def test_a_worker_that_dies_after_the_lake_and_before_the_database_ends_the_same(
    real_suppliers: Suppliers,
) -> None:
    suppliers = real_suppliers
    batch = suppliers.send(rows_of(*GOOD_ROWS)).batch
    LakeEngine().collect(job_of(batch), lambda step, done, of: None)  # … and then it died
    done = work(suppliers, batch)
    assert (done.state, done.rows_accepted) == (BatchState.ACCEPTED, 4)
    lake = Lake.open(Path(settings.XINQIAO_LAKE))
    assert [one["account_no"] for one in lake.history(OWNER_USCC, ITEM)].count("0001") == 1


def test_a_withdrawn_batch_is_gone_what_came_later_stays_and_the_file_may_come_again(
    real_suppliers: Suppliers,
) -> None:
    suppliers = real_suppliers
    first = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    later = work(suppliers, suppliers.send(rows_of(row("0001", arrears="7.00"))).batch)
    assert later.state == BatchState.ACCEPTED
    withdraw_batch(
        actor=suppliers.steward,
        batch_id=first.id,
        reason="口径错了",
        expected_version=first.version,
        at=suppliers.now,
    )
    gone = work(suppliers, first)
    assert (gone.state, in_lake(), in_lake(STRANGER_USCC)) == (BatchState.WITHDRAWN, {"0001"}, set())
    again = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    assert (again.state, again.rows_accepted) == (BatchState.ACCEPTED, 4)
    assert in_lake() == {"0001", "0003", "0004"}


def test_the_same_file_of_two_sources_is_two_batches_and_each_has_its_receipt(
    real_suppliers: Suppliers,
) -> None:
    suppliers = real_suppliers
    content = rows_of(*GOOD_ROWS)
    first = work(suppliers, suppliers.send(content).batch)
    other = work(suppliers, suppliers.send(content, actor=suppliers.stranger).batch)
    assert (other.state, other.receipt and other.receipt["batch_no"]) == (BatchState.ACCEPTED, other.number)
    assert first.number != other.number


def test_a_filled_template_is_taken_as_it_is(real_suppliers: Suppliers) -> None:
    suppliers = real_suppliers
    from xinqiao.catalogue.template import csv_template
    from xinqiao.catalogue.words import example_row

    catalogue = load()
    item = catalogue.items[ITEM]
    content = csv_template(item, [example_row(item, catalogue)])
    done = work(suppliers, suppliers.send(content).batch)
    assert (done.state, done.code, done.rows_accepted) == (BatchState.ACCEPTED, "", 1)
