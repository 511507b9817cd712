"""What a batch replaced is counted behind it: once, in order, exactly, and told wherever the receipt is."""

import json
from collections.abc import Iterator

import pytest
from django.test import Client as Browser
from django.urls import reverse
from tests.hub.collection.sources import Suppliers
from tests.hub.collection.test_end_to_end import GOOD_ROWS, row, rows_of, work

from xinqiao.domain.collection import BatchState
from xinqiao.hub.apps.collection import lake_engine, selectors
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.replaced import count_replaced
from xinqiao.hub.apps.identity.models import User

CORRECTED = [row("0001", arrears="3.00"), row("0003"), row("0009")]


@pytest.fixture(autouse=True)
def _fresh_lakes() -> Iterator[None]:
    lake_engine._opened.cache_clear()
    yield
    lake_engine._opened.cache_clear()


def figure(row_: Batch) -> tuple[int | None, bool]:
    row_.refresh_from_db()
    return row_.rows_superseding, row_.counted_at is not None


def test_a_late_correction_is_counted_and_told_everywhere(real_suppliers: Suppliers) -> None:
    suppliers, at = real_suppliers, real_suppliers.cast.now
    assert count_replaced(at=at) == 0  # there is no lake yet
    first = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    second = work(suppliers, suppliers.send(rows_of(*CORRECTED)).batch)
    browser = Browser(HTTP_ACCEPT_LANGUAGE="zh-CN")
    browser.force_login(User.objects.get(username="ybj.steward"))
    page = reverse("source:batch", args=[second.id])
    assert "尚未统计" in browser.get(page).content.decode()
    assert selectors.receipt(suppliers.steward, second.id)["superseding"] is None
    assert count_replaced(at=at) == 2
    assert (figure(first), figure(second)) == ((0, True), (1, True))
    receipt = selectors.receipt(suppliers.steward, second.id)
    assert (receipt["superseding"], receipt["found"]["superseding"]) == (1, 1)  # type: ignore[index,call-overload]
    sent = json.loads(browser.get(reverse("source:receipt", args=[second.id])).content)
    assert (sent["superseding"], sent["found"]["superseding"]) == (1, 1)
    text = browser.get(page).content.decode()
    assert "替换旧值" in text
    assert "尚未统计" not in text
    assert count_replaced(at=at) == 0


def test_a_batch_waits_for_the_earlier_ones_of_its_item(real_suppliers: Suppliers) -> None:
    suppliers, at = real_suppliers, real_suppliers.cast.now
    first = work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    second = work(suppliers, suppliers.send(rows_of(*CORRECTED)).batch)
    Batch.objects.filter(id=first.id).update(state=BatchState.CHECKING.value)
    assert count_replaced(at=at) == 0
    assert figure(second) == (None, False)


def test_one_that_cannot_be_counted_is_asked_once(real_suppliers: Suppliers) -> None:
    suppliers, at = real_suppliers, real_suppliers.cast.now
    work(suppliers, suppliers.send(rows_of(*GOOD_ROWS)).batch)
    second = work(suppliers, suppliers.send(rows_of(*CORRECTED)).batch)
    lake_engine._lake().compact(full=True)
    assert count_replaced(at=at) == 2
    assert figure(second) == (None, True)
    assert count_replaced(at=at) == 0
