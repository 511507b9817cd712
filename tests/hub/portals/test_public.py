"""Public pages and the ways in: what anybody sees, what a wrong log-in says, what a form from elsewhere gets."""

from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from tests.catalogue.test_catalogue_data import EXTENSION
from tests.hub.cast import OWNER_CLAIM, OWNER_ID, OWNER_USCC, STRANGER_ID, Cast
from tests.hub.portals.conftest import text_of

from xinqiao.catalogue import load
from xinqiao.catalogue.template import csv_template, xlsx_template
from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.apps.fundflow.selectors import LOOKUPS_PER_MINUTE, public_figures
from xinqiao.hub.apps.identity.models import LoginAttempt
from xinqiao.hub.runtime import runtime

PAGES = ("home", "data", "catalogue", "verify", "connect", "size", "login", "staff_login")
RIGHT = {
    "uscc": OWNER_USCC, "enterprise_name": OWNER_CLAIM.enterprise_name, "person_name": OWNER_CLAIM.person_name,
    "id_no": OWNER_ID,
}  # fmt: skip


def visitor(**options: object) -> Client:
    """Somebody who has not logged in."""
    return Client(HTTP_ACCEPT_LANGUAGE="zh-CN", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_public_page_opens_says_it_is_a_demonstration_and_is_never_framed(
    cast: Cast, name: str, language: str
) -> None:
    response = visitor().get(reverse(f"public:{name}"), {"lang": language})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count("<h1") == 1
    assert ("演示数据" if language == "zh" else "Demonstration data") in page
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Language"] == ("zh-CN" if language == "zh" else "en")


def test_the_language_of_the_address_is_remembered(cast: Cast) -> None:
    client = visitor()
    client.get(reverse("public:data"), {"lang": "en"})
    assert "How data are used" in client.get(reverse("public:data")).content.decode()


def test_a_legal_person_logs_in_without_registering_however_the_numbers_are_spelled(cast: Cast) -> None:
    client = visitor()
    spelled = {
        **RIGHT,
        "uscc": f" {OWNER_USCC[:2]} {OWNER_USCC[2:8].lower()}　{OWNER_USCC[8:]}",
        "id_no": f"{OWNER_ID[:6]} {OWNER_ID[6:14]}-{OWNER_ID[14:]}",
    }
    response = client.post(reverse("public:login"), spelled)
    assert response.status_code == 302
    assert response.headers["Location"] == reverse("enterprise:home")
    assert client.get(reverse("enterprise:home")).status_code == 200


def test_the_session_before_the_log_in_is_not_the_session_after_it(cast: Cast) -> None:
    client = visitor()
    client.cookies["xq_session"] = "planted-by-somebody-else"
    client.post(reverse("public:login"), RIGHT)
    assert client.cookies["xq_session"].value != "planted-by-somebody-else"
    assert client.cookies["xq_session"]["httponly"]
    assert client.cookies["xq_session"]["samesite"] == "Lax"


@pytest.mark.parametrize(
    ("wanted", "reached"),
    [
        ("/e/ledger?kind=use", "/e/ledger?kind=use"),
        ("https://elsewhere.test/", "/e/"),
        ("//elsewhere.test/", "/e/"),
        ("javascript:alert(1)", "/e/"),
    ],
)
def test_only_an_address_of_our_own_is_gone_on_to(cast: Cast, wanted: str, reached: str) -> None:
    response = visitor().post(reverse("public:login"), {**RIGHT, "next": wanted})
    assert response.headers["Location"] == reached


@pytest.mark.parametrize(
    "wrong",
    [
        {"uscc": "91330900MA2XQF0091"},  # no such enterprise (its check character is made right below)
        {"enterprise_name": "远山农机厂"},
        {"person_name": "乙一"},
        {"id_no": STRANGER_ID},
    ],
    ids=["enterprise", "name", "person", "number"],
)
def test_every_wrong_identity_reads_the_same(cast: Cast, wrong: dict[str, str]) -> None:
    from xinqiao.domain.identifiers import uscc_check

    if "uscc" in wrong:
        wrong = {"uscc": wrong["uscc"][:17] + uscc_check(wrong["uscc"][:17])}
    response = visitor().post(reverse("public:login"), {**RIGHT, **wrong})
    assert response.status_code == 401
    assert "身份没有核验通过。核对企业代码、名称和本人信息后再试。" in response.content.decode()
    assert "xq_session" not in response.cookies or not response.cookies["xq_session"].value


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("uscc", "9133", "统一社会信用代码是 18 位，现在是 4 位。"),
        ("uscc", "91330100MA2XQA0O1X", "第 16 位不对"),
        ("uscc", OWNER_USCC[:17] + ("A" if OWNER_USCC[17] != "A" else "B"), "校验位对不上"),
        ("id_no", "33010219800101", "身份证号码是 18 位，现在是 14 位。"),
        ("id_no", "33010219850230001X", "出生日期 1985-02-30 不存在"),
        ("id_no", "33010220990101001X", "出生日期还没有到"),
        ("id_no", "3301021980010100A1", "第 17 位不对"),
        ("id_no", OWNER_ID[:17] + ("0" if OWNER_ID[17] != "0" else "1"), "校验位对不上"),
    ],
)
def test_a_mistyped_number_is_told_at_its_field_and_is_no_failed_log_in(
    cast: Cast, field: str, typed: str, said: str
) -> None:
    before = LoginAttempt.objects.count()
    response = visitor().post(reverse("public:login"), {**RIGHT, field: typed})
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert 'aria-invalid="true"' in page
    assert LoginAttempt.objects.count() == before


def test_five_failures_lock_the_identity_for_half_an_hour_and_say_so(cast: Cast) -> None:
    client = visitor()
    cast.clock.advance(timedelta(seconds=1))  # after the cast's own log-in
    wrong = {**RIGHT, "person_name": "乙一"}
    answers = [client.post(reverse("public:login"), wrong) for _ in range(6)]
    assert {a.status_code for a in answers} == {401}
    assert "连续失败 5 次，先锁 30 分钟" in answers[5].content.decode()
    assert client.post(reverse("public:login"), RIGHT).status_code == 401  # also with the right words
    cast.clock.advance(timedelta(minutes=31))
    assert client.post(reverse("public:login"), RIGHT).status_code == 302


def test_staff_get_one_answer_for_every_mistake_and_each_kind_its_own_portal(cast: Cast) -> None:
    address = reverse("public:staff_login")
    pages = [
        visitor().post(address, {"username": name, "password": word})
        for name, word in (("bank", "wrong"), ("nobody", "long-enough-password"))
    ]
    assert [page.status_code for page in pages] == [401, 401]
    blank = [text_of(page).replace("nobody", "").replace('value="bank"', 'value=""') for page in pages]
    assert blank[0] == blank[1]
    for name, home in (("bank", "/i/"), ("ops", "/o/"), ("aud", "/o/")):
        answer = visitor().post(address, {"username": name, "password": "long-enough-password"})
        assert answer.headers["Location"] == home


def test_a_form_from_elsewhere_is_refused_with_a_page(cast: Cast) -> None:
    client = visitor(enforce_csrf_checks=True)
    response = client.post(reverse("public:login"), RIGHT)
    page = response.content.decode()
    assert response.status_code == 403
    assert "CSRF_FAILED" in page
    assert "页面放得太久了" in page
    assert page.count("<h1") == 1


def test_a_forged_host_is_refused(cast: Cast) -> None:
    assert visitor().get("/", HTTP_HOST="elsewhere.test").status_code == 400


def test_an_unknown_address_gets_our_page(cast: Cast) -> None:
    response = visitor().get("/no/such/page")
    page = response.content.decode()
    assert response.status_code == 404
    assert "没有这个内容" in page
    assert response.headers["Cache-Control"] == "no-store"


def test_a_fault_says_what_did_not_happen_and_nothing_else(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**_: object) -> None:
        raise RuntimeError(f"secret {OWNER_ID}")

    monkeypatch.setattr("xinqiao.hub.portals.public.web.fundflow.public_figures", broken)
    client = visitor(raise_request_exception=False)
    response = client.get("/")
    page = response.content.decode()
    assert response.status_code == 500
    assert "没有任何数据给出" in page
    assert OWNER_ID not in page
    assert "RuntimeError" not in page


def test_logging_out_needs_a_form_and_ends_the_session(cast: Cast) -> None:
    client = visitor()
    client.post(reverse("public:login"), RIGHT)
    assert client.get(reverse("public:logout")).status_code == 405
    client.post(reverse("public:logout"))
    assert client.get(reverse("enterprise:home")).status_code == 302


def test_verification_says_authentic_or_not_and_never_what_is_in_it(cast: Cast) -> None:
    Query.objects.create(
        id="qry-" + "1" * 32, kind="self", via="portal", state="released", product="FLOW_REPORT", months=12,
        enterprise_id=cast.owner.enterprise_id, asked_at=cast.now, answered_at=cast.now, report_no="FR-20261121-ABC",
        verify_code="7KQ4-M2XD-09TF", product_digest="ab" * 32, end_leaf=7, reader="hub_display", permit_jti="p-1",
    )  # fmt: skip
    address = reverse("public:verify")
    found = visitor().post(address, {"code": " 7kq4-m2xd-09tf "}).content.decode()
    assert "<h2>是从这里放行的</h2>" in found
    assert "FR-20261121-ABC" in found
    assert "没有填" in found
    assert OWNER_CLAIM.enterprise_name not in found
    assert OWNER_USCC not in found
    same = visitor().post(address, {"code": "7KQ4-M2XD-09TF", "digest": "AB" * 32}).content.decode()
    assert "一致，内容没有被改过" in same
    changed = visitor().post(address, {"code": "7KQ4-M2XD-09TF", "digest": "cd" * 32}).content.decode()
    assert "<h2>是从这里放行的</h2>" not in changed
    assert "核验码是真的，内容对不上。" in changed
    absent = visitor().get(address, {"code": "AAAA-BBBB-CCCC"}).content.decode()
    assert "没有放行过这样的报告" in absent


def test_trying_codes_is_slowed_down(cast: Cast) -> None:
    client = visitor(REMOTE_ADDR="192.0.2.77")
    address = reverse("public:verify")
    for number in range(LOOKUPS_PER_MINUTE):
        client.post(address, {"code": f"AAAA-BBBB-{number:04d}"})
    assert "没有放行过这样的报告" not in client.post(address, {"code": "AAAA-BBBB-9999"}).content.decode()


def test_the_figures_of_the_home_page_are_those_of_the_last_seven_days(cast: Cast) -> None:
    row = cast.confirmed(cast.bound())
    cast.withdraw(cast.owner, row)
    since = cast.now - timedelta(days=7)
    cast.clock.advance(timedelta(seconds=1))
    figures = public_figures(since=since, at=cast.now)
    assert (figures.confirmed, figures.withdrawn, figures.used_after_withdrawal) == (1, 1, 0)
    Query.objects.create(
        id="qry-" + "2" * 32, kind="institution", via="api", state="released", product="FLOW_REPORT", months=12,
        enterprise_id=cast.owner.enterprise_id, institution_id=cast.bank.institution_id, authorisation_id=row.id,
        asked_at=cast.now - timedelta(hours=1), end_leaf=10**6, reader="institution_key", permit_jti="p-2",
        product_digest="ab" * 32,
    )  # fmt: skip
    late = public_figures(since=since, at=cast.now)
    assert (late.released, late.used_after_withdrawal) == (1, 1)  # it would be seen
    cast.clock.advance(timedelta(days=8))
    later = public_figures(since=cast.now - timedelta(days=7), at=cast.now)
    assert (later.confirmed, later.released, later.withdrawn, later.used_after_withdrawal) == (0, 0, 0, 1)
    page = visitor().get("/").content.decode()
    assert "P01 · v1" in page


@pytest.mark.parametrize(
    ("method", "address", "given"),
    [
        ("post", "/login", {**RIGHT, "enterprise_name": "远山\x00农机"}),
        ("post", "/login", {**RIGHT, "id\x00no": "1"}),
        ("post", "/login/staff", {"username": "ba\x00nk", "password": "long-enough-password"}),
        ("get", "/verify", {"code": "ab\x00cd"}),
        ("get", "/", {"lang": "en\x00"}),
    ],
)
def test_a_character_that_is_no_text_is_refused_in_words(
    cast: Cast, method: str, address: str, given: dict[str, str]
) -> None:
    """PostgreSQL takes no NUL in any text; it is refused before a query is made of it."""
    response = getattr(visitor(), method)(address, given)
    assert response.status_code == 422
    assert "空字符" in response.content.decode()
    assert "INVALID" in response.content.decode()


def test_a_nul_in_an_address_names_nothing_that_exists(cast: Cast) -> None:
    client = visitor()
    client.post(reverse("public:login"), RIGHT)
    plain = client.get("/e/authorisations/aut-0")
    answer = client.get("/e/authorisations/aut-%000")
    assert (answer.status_code, plain.status_code) == (404, 404)
    assert client.post("/e/accounts/acc%00/unbind").status_code == 404


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_catalogue_lists_all_items_by_mode_and_the_edition_before(cast: Cast, language: str) -> None:
    page = visitor().get(reverse("public:catalogue"), {"lang": language}).content.decode()
    items = load().items.values()
    assert all(f'href="{reverse("public:catalogue_item", args=(item.id,))}"' in page for item in items)
    assert "国办发〔2024〕15号" in page
    assert "国办发〔2021〕52号" in page
    assert ("没有经过核对" if language == "zh" else "not been verified") in page
    assert ("凭回忆，字句没有核对" if language == "zh" else "recalled, wording not verified") in page
    assert ("进出口（第 7、8 项）" if language == "zh" else "import and export (items 7, 8)") in page
    only = visitor().get(reverse("public:catalogue"), {"lang": language, "mode": "verification_authorised"})
    assert only.content.decode().count('<span class="xq-hint xq-mono hide-s">') == 9
    wrong = visitor().get(reverse("public:catalogue"), {"mode": "no-such-mode"}).content.decode()
    assert wrong.count('<span class="xq-hint xq-mono hide-s">') == 37


@pytest.mark.parametrize("item_id", list(load().items))
def test_an_item_has_its_page_in_both_languages_and_its_empty_files(cast: Cast, item_id: str) -> None:
    client, item = visitor(), load().items[item_id]
    address = reverse("public:catalogue_item", args=(item_id,))
    page = unescape(client.get(address, {"lang": "zh"}).content.decode())
    assert page.count("<h1") == 1
    assert all(field.label in page and field.name in page for field in item.fields)
    page = unescape(client.get(address, {"lang": "en"}).content.decode())
    assert item.name_en in page
    csv = client.get(reverse("public:catalogue_template", args=(item_id, "csv")))
    assert csv.content == csv_template(item)
    assert csv.headers["Content-Disposition"] == f'attachment; filename="{item_id}-v1.csv"'
    book = client.get(reverse("public:catalogue_template", args=(item_id, "xlsx")))
    assert book.content == xlsx_template(item, load())


def test_what_is_not_in_the_catalogue_is_not_found(cast: Cast) -> None:
    assert visitor().get(reverse("public:catalogue_item", args=("nothing",))).status_code == 404
    assert visitor().get(reverse("public:catalogue_template", args=("nothing", "csv"))).status_code == 404
    assert visitor().get(reverse("public:catalogue_template", args=("water_fee", "exe"))).status_code == 404


def test_items_of_a_province_stand_beside_the_national_ones(
    cast: Cast, tmp_path: Path, settings: Any
) -> None:
    (tmp_path / "coal.toml").write_text(
        EXTENSION.replace('code_list = "x_shanxi_grade"', 'code_list = "id_type"')
    )
    settings.XINQIAO_CATALOGUE_DIR = tmp_path
    del runtime.catalogue
    page = visitor().get(reverse("public:catalogue"), {"lang": "zh"}).content.decode()
    assert "煤炭经营备案" in page
    assert "本省增加了 1 项" in page
    book = visitor().get(reverse("public:catalogue_template", args=("x_shanxi_coal_permit", "xlsx")))
    assert book.content.startswith(b"PK")
