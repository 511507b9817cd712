"""The sources' portal and the operator's pages of sources: sending, receipts, corrections, foreign objects, forms."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.collection.sources import (
    FILE,
    GOOD,
    ITEM,
    NOT_OURS,
    NOTHING,
    PARTLY,
    Suppliers,
    make_suppliers,
)
from tests.hub.portals.conftest import text_of

from xinqiao.domain.collection import BatchState
from xinqiao.domain.errors import Code, Fact, Invalid
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.collection.models import Batch, Upload
from xinqiao.hub.apps.identity.models import Source, SourceKey, SourceMember, User
from xinqiao.trust.keys import SigningKey

type Browser = Callable[[str], Client]


@pytest.fixture
def suppliers(
    cast: Cast, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Suppliers]:
    """Two sources; the pages reach the pipeline that does as it is told."""
    settings.COLLECTION_DIR = tmp_path / "collection"
    made = make_suppliers(cast)
    monkeypatch.setattr("xinqiao.hub.apps.collection.refused.the_engine", lambda: made.engine)
    return made


def _file(content: bytes = FILE, name: str = "w.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


def _send(client: Client, item: str = ITEM, **fields: object) -> object:
    return client.post(reverse("source:send", args=[item]), {"file": _file(), **fields})


# -- sending -----------------------------------------------------------------------------------------------------------


def test_a_file_by_a_plain_form_leads_to_its_batch_and_again_to_the_same(
    suppliers: Suppliers, browser: Browser
) -> None:
    client = browser("ybj.supplier")
    page = client.get(reverse("source:item", args=[ITEM])).content.decode()
    assert reverse("source:send", args=[ITEM]) in page
    answer = client.post(
        reverse("source:send", args=[ITEM]), {"file": _file(), "data_as_of": "2026-10-31", "corrects": ""}
    )
    row = Batch.objects.get()
    assert answer.headers["Location"] == reverse("source:batch", args=[row.id])
    assert str(row.data_as_of) == "2026-10-31"
    assert "排队校验" in client.get(answer.headers["Location"]).content.decode()
    again = client.post(reverse("source:send", args=[ITEM]), {"file": _file()})
    assert again.headers["Location"] == reverse("source:batch", args=[row.id]) + "?again=1"
    assert "没有重复入库" in client.get(again.headers["Location"]).content.decode()
    assert Batch.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"file": SimpleUploadedFile("w.exe", FILE)}, 415, "这种文件读不了"),
        ({"file": SimpleUploadedFile("w.csv", b"")}, 422, "文件是空的"),
        ({"file": ""}, 422, "文件是空的"),
        ({"data_as_of": "2999-01-01"}, 422, "不能晚于今天"),
        ({"data_as_of": "soon"}, 422, "写成 2026-10-31"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_nothing_is_taken(
    suppliers: Suppliers, browser: Browser, fields: dict[str, object], status: int, said: str
) -> None:
    for value in fields.values():
        if isinstance(value, SimpleUploadedFile):
            value.seek(0)
    answer = _send(browser("ybj.supplier"), **fields)
    assert (answer.status_code, said in answer.content.decode()) == (status, True)  # type: ignore[attr-defined]
    assert not Batch.objects.exists()


def _json(client: Client, address: str, body: dict[str, object]) -> object:
    return client.post(address, json.dumps(body), content_type="application/json")


def _begin(client: Client, **changes: object) -> object:
    said = {"name": "w.csv", "size": str(len(FILE)), "key": "k", "data_as_of": "", "corrects": "", **changes}
    return _json(client, reverse("source:upload_begin", args=[ITEM]), said)


def _piece(client: Client, address: str, at: int, content: bytes) -> object:
    return client.post(f"{address}?at={at}", content, content_type="application/octet-stream")


def test_a_file_in_pieces_becomes_a_batch(suppliers: Suppliers, browser: Browser) -> None:
    client = browser("ybj.supplier")
    begun = _begin(client).json()  # type: ignore[attr-defined]
    assert begun["received"] == 0
    assert _piece(client, begun["piece"], 0, FILE[:9]).json() == {"received": 9}  # type: ignore[attr-defined]
    late = _piece(client, begun["piece"], 0, FILE[:9])
    assert (late.status_code, late.json()["received"]) == (409, 9)  # type: ignore[attr-defined]
    assert _begin(client).json()["received"] == 9  # type: ignore[attr-defined]
    _piece(client, begun["piece"], 9, FILE[9:])
    done = _json(client, begun["finish"], {}).json()  # type: ignore[attr-defined]
    row = Batch.objects.get()
    assert done == {"href": reverse("source:batch", args=[row.id]), "again": False}
    assert not Upload.objects.exists()


def test_a_refusal_in_pieces_is_json_with_words(suppliers: Suppliers, browser: Browser) -> None:
    client = browser("ybj.supplier")
    for changes, status, code in (
        ({"size": "-1"}, 422, "INVALID"),
        ({"size": str(10**13)}, 413, "BODY_TOO_LARGE"),
        ({"name": "w.exe"}, 415, "MEDIA_TYPE_UNSUPPORTED"),
        ({"key": ""}, 422, "INVALID"),
        ({"data_as_of": "2999-01-01"}, 422, "INVALID"),
    ):
        answer = _begin(client, **changes)
        if code == "INVALID" and "data_as_of" in changes:
            continue  # the day is judged with the whole file
        assert (answer.status_code, answer.json()["code"]) == (status, code)  # type: ignore[attr-defined]
        assert answer.json()["say"]  # type: ignore[attr-defined]
    wrong = client.post(reverse("source:upload_begin", args=[ITEM]), "[1", content_type="application/json")
    assert wrong.status_code == 422
    begun = _begin(client).json()  # type: ignore[attr-defined]
    assert (
        client.post(begun["piece"] + "?at=x", b"x", content_type="application/octet-stream").status_code
        == 422
    )
    assert client.post(begun["piece"] + "?at=0", {"a": "b"}).status_code == 422
    assert _piece(browser("lanshui.steward"), begun["piece"], 0, b"x").status_code == 404  # type: ignore[attr-defined]


# -- receipts ----------------------------------------------------------------------------------------------------------


def test_a_receipt_says_what_is_wrong_where_and_how_to_correct_it(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.done(PARTLY)
    client = browser("ybj.supplier")
    page = client.get(reverse("source:batch", args=[row.id])).content.decode()
    for said in ("部分接收", "统一社会信用代码不对", "必填项为空", "BAD_USCC", "下载要改的 3 行", "报送更正"):
        assert said in page, said
    assert "9133…&lt;b&gt;" in page  # what a source wrote is never markup
    assert "9133…<b>" not in page
    home = client.get(reverse("source:home")).content.decode()
    assert "1 批要改" in home
    got = client.get(reverse("source:refused", args=[row.id, "csv"]))
    assert (got.content, got.headers["Cache-Control"]) == (b"rows to correct", "no-store")
    assert f'filename="{row.number}-refused.csv"' in got.headers["Content-Disposition"]
    assert client.get(reverse("source:refused", args=[row.id, "exe"])).status_code == 404
    receipt = json.loads(client.get(reverse("source:receipt", args=[row.id])).content)
    assert (receipt["number"], receipt["refused"], receipt["leaf"]) == (row.number, 3, row.finished_leaf)


def test_a_correction_is_sent_from_the_receipt_and_the_receipt_says_so(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.done(PARTLY)
    client = browser("ybj.supplier")
    form = client.get(reverse("source:item", args=[ITEM]), {"corrects": row.id}).content.decode()
    assert f'name="corrects" value="{row.id}"' in form
    assert "已接收的行不用重报" in form
    _send(client, file=_file(b"a,b\n1,2\n"), corrects=row.id)
    second = Batch.objects.get(corrects=row)
    page = client.get(reverse("source:batch", args=[row.id])).content.decode()
    assert reverse("source:batch", args=[second.id]) in page
    assert "1 批要改" not in client.get(reverse("source:home")).content.decode()


def test_a_batch_that_came_back_whole_says_why(suppliers: Suppliers, browser: Browser) -> None:
    row = suppliers.done(Invalid(Code.FILE_COLUMNS, "x", facts={"missing": ["uscc", "period"]}))
    client = browser("ybj.supplier")
    page = client.get(reverse("source:batch", args=[row.id])).content.decode()
    assert "整批退回" in page
    assert reverse("source:template", args=[ITEM, "xlsx"]) in page
    again = client.get(reverse("source:item", args=[ITEM]), {"corrects": row.id}).content.decode()
    assert "改好以后整个文件再报一次" in again
    assert "已接收的行不用重报" not in again
    assert "缺少的列：统一社会信用代码、费用所属期" in page
    assert "没有一行入库" in page


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"missing": [], "repeated": ["uscc", "备注"]}, "出现了不止一次的列：统一社会信用代码、备注。"),
        ({"file": "b/二.csv", "row": 7}, "压缩包里的文件：b/二.csv。第 7 行。"),
        ({"row": 7, "field": "uscc"}, "第 7 行。列或单元格：统一社会信用代码。"),
        ({"byte_offset": 90, "line": 4}, "用文本编辑器打开，在第 4 行（表头也算）。"),
        ({"byte_offset": 90}, "从第 90 个字节起读不出来。"),
    ],
)
def test_a_batch_that_came_back_whole_says_where(
    suppliers: Suppliers, browser: Browser, facts: dict[str, Fact], said: str
) -> None:
    row = suppliers.done(Invalid(Code.FILE_VALUE, "x", facts=facts))
    page = browser("ybj.supplier").get(reverse("source:batch", args=[row.id])).content.decode()
    assert said in page


def test_a_batch_with_hardly_a_good_row_is_sent_again_whole(suppliers: Suppliers, browser: Browser) -> None:
    row = suppliers.done(NOTHING)
    client = browser("ybj.supplier")
    page = client.get(reverse("source:batch", args=[row.id])).content.decode()
    assert "整批退回" in page
    again = client.get(reverse("source:item", args=[ITEM]), {"corrects": row.id}).content.decode()
    assert "改好以后整个文件再报一次" in again
    assert "已接收的行不用重报" not in again
    assert "整个文件再报" in page


def test_the_page_asks_how_far_it_is_and_comes_again_when_it_is_done(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.send().batch
    client = browser("ybj.supplier")
    address = reverse("source:batch_state", args=[row.id])
    assert address in client.get(reverse("source:batch", args=[row.id])).content.decode()
    asked = client.get(address, headers={"HX-Request": "true"})
    assert ("<html" in asked.content.decode(), "HX-Refresh" in asked.headers) == (False, False)
    suppliers.work(GOOD)
    done = client.get(address, headers={"HX-Request": "true"})
    assert done.headers["HX-Refresh"] == "true"
    assert address not in client.get(reverse("source:batch", args=[row.id])).content.decode()


def test_a_steward_withdraws_with_a_reason_and_a_supplier_cannot(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.done()
    address = reverse("source:withdraw", args=[row.id])
    steward, supplier = browser("ybj.steward"), browser("ybj.supplier")
    assert address in steward.get(reverse("source:batch", args=[row.id])).content.decode()
    assert address not in supplier.get(reverse("source:batch", args=[row.id])).content.decode()
    assert supplier.post(address, {"reason": "x", "version": row.version}).status_code == 403
    assert steward.post(address, {"reason": "", "version": row.version}).status_code == 422
    assert steward.post(address, {"reason": "x", "version": row.version - 1}).status_code == 412
    assert steward.post(address, {"reason": "口径错了", "version": row.version}).status_code == 302
    row.refresh_from_db()
    assert row.state == BatchState.WITHDRAWING
    suppliers.work()
    assert "口径错了" in steward.get(reverse("source:batch", args=[row.id])).content.decode()


# -- foreign and absent --------------------------------------------------------------------------------------------------


def test_a_foreign_batch_reads_like_an_absent_one_at_every_address(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.done(PARTLY)
    client = browser("lanshui.steward")
    absent = "bat-" + "0" * 32
    for name, more in (
        ("batch", []), ("batch_state", []), ("refused", ["csv"]), ("receipt", []), ("withdraw", []),
    ):  # fmt: skip
        foreign = client.get(reverse(f"source:{name}", args=[row.id, *more]))
        missing = client.get(reverse(f"source:{name}", args=[absent, *more]))
        assert (foreign.status_code, missing.status_code) == (404, 404), name
        assert _blank(text_of(foreign), row.id) == _blank(text_of(missing), absent), name
    for name in ("withdraw", "retry"):
        answer = client.post(
            reverse(f"source:{name}", args=[row.id]), {"reason": "x", "version": row.version}
        )
        assert answer.status_code == 404
    assert client.get(reverse("source:item", args=[NOT_OURS])).status_code == 200
    assert browser("ybj.supplier").get(reverse("source:item", args=[NOT_OURS])).status_code == 404
    assert client.get(reverse("source:item", args=[ITEM]), {"corrects": row.id}).status_code == 404


def _blank(page: str, batch_id: str) -> str:
    return page.replace(batch_id, "").replace("bat-", "")


def test_the_portal_is_closed_to_everybody_else(suppliers: Suppliers, browser: Browser) -> None:
    for who in ("bank", "ops", "aud"):
        assert browser(who).get(reverse("source:home")).status_code == 403
    for place in ("institution:home", "enterprise:home", "operator:home"):
        assert browser("ybj.steward").get(reverse(place)).status_code == 403


# -- people, lists, templates ----------------------------------------------------------------------------------------------


def test_a_steward_adds_a_colleague_whose_password_is_shown_once(
    suppliers: Suppliers, browser: Browser
) -> None:
    client = browser("ybj.steward")
    form = {"username": "ybj.new", "display_name": "顾宁", "role": ["supplier"]}
    page = client.post(reverse("source:person_add"), form).content.decode()
    assert "账号 ybj.new 已建好" in page
    again = client.post(reverse("source:person_add"), form)
    assert (again.status_code, "已经有人用" in again.content.decode()) == (422, True)
    wrong = client.post(reverse("source:person_add"), {**form, "username": "A B"})
    assert "登录名用小写字母" in wrong.content.decode()
    member = SourceMember.objects.get(user__username="ybj.new")
    assert browser("ybj.supplier").post(reverse("source:person_add"), form).status_code == 403
    assert client.post(reverse("source:person_end", args=[member.user_id])).status_code == 302
    assert not User.objects.get(username="ybj.new").is_active


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_speaks_both_languages(suppliers: Suppliers, browser: Browser, language: str) -> None:
    row = suppliers.done(PARTLY)
    client = browser("ybj.steward")
    for address in (
        reverse("source:home"), reverse("source:items"), reverse("source:item", args=[ITEM]),
        reverse("source:batches"), reverse("source:batch", args=[row.id]), reverse("source:people"),
        reverse("source:notices"), reverse("source:withdraw", args=[row.id]),
    ):  # fmt: skip
        answer = client.get(address, {"lang": language})
        assert (answer.status_code, answer.headers["Content-Language"][:2]) == (200, language), address
        main = answer.content.decode().split("<main", 1)[1]
        assert ("下一步" in main) is False or language == "zh", address


def test_the_list_is_filtered_and_found_by_number(suppliers: Suppliers, browser: Browser) -> None:
    row = suppliers.done(PARTLY)
    other = suppliers.send(b"a,b\n1,2\n").batch
    client = browser("ybj.supplier")

    def listed(**query: str) -> str:
        return client.get(reverse("source:batches"), query).content.decode()

    assert row.number in listed()
    assert other.number in listed()
    assert other.number not in listed(show="correct")
    assert row.number not in listed(show="waiting")
    assert row.number not in listed(q=other.number)
    assert "没有符合的批次" in listed(q="nothing like it")


def test_an_empty_file_to_fill_in_is_there_for_what_one_supplies(
    suppliers: Suppliers, browser: Browser
) -> None:
    client = browser("ybj.supplier")
    book = client.get(reverse("source:template", args=[ITEM, "xlsx"]))
    assert (book.status_code, book.content[:2]) == (200, b"PK")
    assert "统一社会信用代码" in client.get(reverse("source:template", args=[ITEM, "csv"])).content.decode(
        "utf-8-sig"
    )
    for item, kind in ((ITEM, "pdf"), (NOT_OURS, "csv")):
        assert client.get(reverse("source:template", args=[item, kind])).status_code == 404


# -- the operator ------------------------------------------------------------------------------------------------------


def _source_form(**changes: object) -> dict[str, object]:
    return {
        "name": "澄州供电公司", "short_name": "澄州供电", "code": "power", "kind": "utility", "division": "330100",
        "items": ["electricity_fee"], "display_name": "顾宁", "username": "power.gu", **changes,
    }  # fmt: skip


def test_the_operator_lets_a_source_in(suppliers: Suppliers, browser: Browser) -> None:
    client = browser("ops")
    page = client.post(reverse("operator:source_new"), _source_form()).content.decode()
    assert "第一位数据管理员的账号 power.gu 已建好" in page
    assert Source.objects.get(code="power").items == ["electricity_fee"]
    leaves = Leaf.objects.exclude(type="DENY").count()
    for changes, field in (
        ({}, "code"), ({"code": "x y"}, "code"), ({"code": "p2", "username": "ybj.steward"}, "username"),
        ({"name": ""}, "name"), ({"items": ["legal_representative"]}, "items"), ({"division": "3"}, "division"),
    ):  # fmt: skip
        answer = client.post(reverse("operator:source_new"), _source_form(**changes))
        assert (answer.status_code, f'href="#f-{field}"' in answer.content.decode()) == (422, True), changes
    assert Leaf.objects.exclude(type="DENY").count() == leaves
    for who in ("sec", "aud"):
        assert browser(who).post(reverse("operator:source_new"), _source_form(code="p3")).status_code == 403


def test_the_operator_sees_counts_and_rules_and_never_the_values(
    suppliers: Suppliers, browser: Browser
) -> None:
    row = suppliers.done(PARTLY)
    for who in ("ops", "aud"):
        client = browser(who)
        assert row.number in client.get(reverse("operator:batches")).content.decode()
        page = client.get(reverse("operator:batch", args=[row.id])).content.decode()
        assert "统一社会信用代码不对" in page
        assert "9133" not in page
        source = client.get(reverse("operator:source", args=[row.source_id])).content.decode()
        assert "澄州医保局" in source
        assert "澄州医保局" in client.get(reverse("operator:sources")).content.decode()


def test_the_operator_suspends_a_source_and_decides_what_it_sends(
    suppliers: Suppliers, browser: Browser
) -> None:
    source = suppliers.steward.source_id
    client = browser("ops")
    assert (
        client.post(reverse("operator:source_items", args=[source]), {"items": [NOT_OURS]}).status_code == 302
    )
    assert Source.objects.get(id=source).items == [NOT_OURS]
    assert client.post(reverse("operator:source_status", args=[source]), {"active": "0"}).status_code == 302
    assert Source.objects.get(id=source).status == "suspended"
    for name, form in (("source_items", {"items": [ITEM]}), ("source_status", {"active": "1"})):
        assert browser("aud").post(reverse(f"operator:{name}", args=[source]), form).status_code == 403


# -- keys of the source's systems --------------------------------------------------------------------------------------


def test_a_key_is_proposed_by_the_steward_approved_by_security_and_revoked(
    suppliers: Suppliers, browser: Browser
) -> None:
    steward, key = browser("ybj.steward"), SigningKey.generate()
    good = {"jwk": json.dumps(key.public.to_jwk()), "not_before": "2026-11-21", "not_after": "2027-11-21"}
    place = reverse("source:key_propose")
    assert "还没有密钥" in steward.get(reverse("source:keys")).content.decode()
    private = {**good, "jwk": json.dumps(key.to_jwk(private=True))}
    refused = steward.post(place, private)
    assert refused.status_code == 422
    assert str(key.to_jwk(private=True)["d"]) not in refused.content.decode()
    assert browser("ybj.supplier").post(place, good).status_code == 403
    assert steward.post(place, good).status_code == 302
    assert steward.post(place, good).status_code == 422  # the same key again
    source, kid = suppliers.steward.source_id, key.public.kid
    for name in ("ops", "sec"):
        assert "澄州医保局的新密钥" in browser(name).get(reverse("operator:home")).content.decode()
    shown = browser("sec").get(reverse("operator:source", args=[source])).content.decode()
    assert kid in shown
    approve = reverse("operator:source_key_approve", args=[kid])
    assert browser("ops").post(approve).status_code == 403
    assert browser("sec").post(approve).status_code == 302
    assert browser("sec").post(approve).status_code == 409
    assert SourceKey.objects.get(kid=kid).status == "active"
    assert browser("lanshui.steward").post(reverse("source:key_revoke", args=[kid])).status_code == 404
    assert kid not in browser("lanshui.steward").get(reverse("source:keys")).content.decode()
    assert steward.post(reverse("source:key_revoke", args=[kid])).status_code == 302
    assert browser("ops").post(reverse("operator:source_key_revoke", args=[kid])).status_code == 409
