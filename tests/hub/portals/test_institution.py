"""The institution portal: who opens which page, what stands on it, what is refused, and what is never stored."""

import csv
import json
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, STRANGER_USCC, Cast, uscc
from tests.hub.portals.conftest import text_of

from xinqiao.domain.consent import Purpose, Reader
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.apps.fundflow.figures import record_counts
from xinqiao.hub.apps.fundflow.models import Query
from xinqiao.hub.apps.fundflow.selectors import records
from xinqiao.hub.apps.identity.models import InstitutionKey, Invitation, Member, User
from xinqiao.hub.portals.institution.records import safe_cell
from xinqiao.hub.portals.words import kind_word, purpose_short
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.verify import verify_file
from xinqiao.ui import pdf as pdf_of
from xinqiao.ui.pdf import PdfFacts
from xinqiao.ui.report.words import account_kind_word, purpose_word

type Browser = Callable[[str], Client]
PAGES = ("home", "firms", "requests", "request_new", "reports", "records", "people", "keys")


def shown(row: Authorisation) -> Authorisation:
    """Let the hub display what was granted, as the portal's own requests ask for."""
    Authorisation.objects.filter(id=row.id).update(reader=Reader.HUB_DISPLAY.value)
    return row


def ask_form(**changes: str | list[str]) -> dict[str, str | list[str]]:
    """A filled form."""
    form: dict[str, str | list[str]] = {
        "uscc": OWNER_USCC, "purpose": Purpose.LOAN_APPLICATION.value, "business_ref": "SQ-77",
        "business_note": "流动资金", "product": ["FLOW_REPORT"], "months": "24", "days": "30", "queries": "3",
        "balance": "on", "reader": "hub_display", "message": "请确认",
    }  # fmt: skip
    return {**form, **changes}


def test_portals_and_reports_say_purposes_and_kinds_of_accounts_in_the_same_words() -> None:
    assert {p: purpose_word(p) for p in Purpose} == {p: purpose_short(p) for p in Purpose}
    kinds = ("basic", "general", "payment")
    assert {kind: account_kind_word(kind) for kind in kinds} == {kind: kind_word(kind) for kind in kinds}


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_for_the_institution_and_says_that_it_is_a_demonstration(
    cast: Cast, browser: Browser, name: str, language: str
) -> None:
    response = browser("bank").get(reverse(f"institution:{name}"), {"lang": language})
    assert response.status_code == 200
    assert response.content.decode().count("<h1") == 1
    assert ("演示数据" if language == "zh" else "Demonstration data") in response.content.decode()
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", PAGES)
def test_another_portals_user_gets_403_and_a_stranger_the_log_in(
    cast: Cast, browser: Browser, name: str
) -> None:
    address = reverse(f"institution:{name}")
    for who in ("ops", "aud"):
        response = browser(who).get(address)
        assert response.status_code == 403
        assert "ROLE_FORBIDDEN" in response.content.decode()
    assert Client().get(address).headers["Location"].startswith(reverse("public:staff_login"))


@pytest.mark.parametrize("page", ["request", "panel", "record"])
def test_another_institutions_object_reads_exactly_like_an_absent_one(
    node: Cast, browser: Browser, page: str
) -> None:
    granted = shown(node.confirmed(node.bound()))
    owner, outsider = browser("bank"), browser("outsider")
    owner.post(
        reverse("institution:query", args=[granted.id]),
        {"account": "acc-x", "months": "6", "product": "FLOW_REPORT"},
    )
    theirs = granted.id if page != "record" else Query.objects.get().id
    absent = theirs[:4] + "0" * 32
    assert owner.get(reverse(f"institution:{page}", args=[theirs])).status_code == 200
    foreign, missing = (outsider.get(reverse(f"institution:{page}", args=[id_])) for id_ in (theirs, absent))
    assert foreign.status_code == missing.status_code == 404
    assert text_of(foreign) == text_of(missing)


def test_another_institutions_authorisation_cannot_be_queried(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    form = {"account": account.id, "months": "6", "product": "FLOW_REPORT"}
    for name in ("query", "query_pdf", "query_json"):
        assert (
            browser("outsider").post(reverse(f"institution:{name}", args=[granted.id]), form).status_code
            == 404
        )
    assert not Query.objects.exists()
    assert Authorisation.objects.get().uses == 0


def test_the_desk_puts_what_can_be_finished_first(cast: Cast, browser: Browser) -> None:
    account = cast.bound()
    ready = cast.confirmed(account, ref="A-1")
    withdrawn = cast.withdraw(cast.owner, cast.confirmed(account, ref="A-2"))
    cast.clock.advance(timedelta(days=13))  # A-3 lapses in two days and A-4 is fresh
    Authorisation.objects.filter(id=ready.id).update(valid_to=cast.now + timedelta(days=9))
    cast.requested(ref="A-4")
    lapsing = cast.requested(ref="A-3")
    Authorisation.objects.filter(id=lapsing.id).update(request_expires_at=cast.now + timedelta(days=2))
    page = browser("bank").get(reverse("institution:home")).content.decode()
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    order = [table.index(row.id) for row in (ready, lapsing, withdrawn)]
    assert order == sorted(order)
    assert table.count("<tr") == 3
    assert "1 份授权可以查，1 件申请快到期，1 件没有同意或已撤回" in page


def test_an_empty_institution_is_told_what_will_be_here(cast: Cast, browser: Browser) -> None:
    client = browser("outsider")
    for name, words in (
        ("home", "现在没有要办的事"),
        ("firms", "还没有申请过企业"),
        ("requests", "还没有申请过授权"),
        ("reports", "还没有报告"),
        ("records", "这里还没有记录"),
        ("keys", "还没有密钥"),
    ):
        assert words in client.get(reverse(f"institution:{name}")).content.decode()


def test_a_wrong_check_character_is_said_and_what_was_typed_stays(cast: Cast, browser: Browser) -> None:
    wrong = OWNER_USCC[:-1] + ("0" if OWNER_USCC[-1] != "0" else "1")
    response = browser("bank").get(reverse("institution:firms"), {"q": wrong})
    assert response.status_code == 422
    assert f'value="{wrong}"' in response.content.decode()
    assert "校验" in response.content.decode()
    spaced = " ".join(OWNER_USCC[k : k + 6] for k in range(0, 18, 6)).lower()
    assert (
        "远山农机有限公司"
        in browser("bank").get(reverse("institution:firms"), {"q": spaced}).content.decode()
    )


def test_a_firm_without_data_account_is_invited_once(cast: Cast, browser: Browser) -> None:
    code, client = uscc("91330100MA2XQY009"), browser("bank")
    page = client.get(reverse("institution:firms"), {"q": code}).content.decode()
    assert "还没有数据账户" in page
    for _ in range(2):
        client.post(reverse("institution:invite"), {"uscc": code, "message": "请登录"})
    assert Invitation.objects.filter(uscc=code, state="open").count() == 1
    assert "已邀请" in client.get(reverse("institution:firms"), {"q": code}).content.decode()
    too_long = client.post(
        reverse("institution:invite"), {"uscc": uscc("91330100MA2XQY008"), "message": "长" * 201}
    )
    assert too_long.status_code == 422
    assert "长" * 201 in too_long.content.decode()


def test_a_request_is_made_and_leads_to_its_own_page(cast: Cast, browser: Browser) -> None:
    response = browser("bank").post(reverse("institution:request_new"), ask_form())
    row = Authorisation.objects.get()
    assert response.headers["Location"] == reverse("institution:request", args=[row.id])
    assert (row.business_ref, row.reader, row.req_months) == ("SQ-77", "hub_display", 24)
    page = browser("bank").get(response.headers["Location"]).content.decode()
    assert "由平台代为显示给本机构，不留存" in page
    assert "待企业确认" in page


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"uscc": "91330100MA2XQA0010"}, "校验"),
        ({"uscc": uscc("91330100MA2XQY009")}, "还没有数据账户"),
        ({"business_ref": ""}, "f-business_ref"),
        ({"product": []}, "至少选一个产品"),
        ({"days": "365"}, "最多 30"),
        ({"queries": "31"}, "最多 30"),
        ({"months": "abc"}, "1 到 36"),
        ({"months": "²"}, "1 到 36"),
        ({"queries": "٣"}, "1 到 1000"),
        ({"purpose": "curiosity"}, "请选一个用途"),
    ],
)
def test_a_wrong_form_keeps_what_was_typed_and_says_what_to_do(
    cast: Cast, browser: Browser, changes: dict[str, str | list[str]], said: str
) -> None:
    response = browser("bank").post(reverse("institution:request_new"), ask_form(**changes))
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert "请确认" in page
    assert 'value="流动资金"' in page
    assert not Authorisation.objects.exists()


def test_a_digit_of_another_script_in_an_address_is_as_if_it_were_not_there(
    cast: Cast, browser: Browser
) -> None:
    client, row = browser("bank"), cast.requested()
    for name, query in (
        ("requests", {"after": row.id, "n": "²"}),
        ("records", {"after": "qry-1", "n": "٣"}),
        ("request_new", {"months": "²"}),
    ):
        assert client.get(reverse(f"institution:{name}"), query).status_code == 200, name


@pytest.mark.parametrize("months", ["²", "", "0", "37", "1234567", "-1"])
def test_months_that_are_no_months_ask_no_bank(node: Cast, browser: Browser, months: str) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    form = {"account": account.id, "months": months, "product": "FLOW_REPORT"}
    response = browser("bank").post(reverse("institution:query", args=[granted.id]), form)
    assert response.status_code == 422
    assert not Query.objects.exists()


def test_the_same_business_is_not_asked_twice(cast: Cast, browser: Browser) -> None:
    client = browser("bank")
    client.post(reverse("institution:request_new"), ask_form())
    again = client.post(reverse("institution:request_new"), ask_form())
    assert again.status_code == 422
    assert "已有一件等答复的申请" in again.content.decode()


def test_requests_are_filtered_by_state_and_text_and_paged_by_cursor(
    cast: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinqiao.hub.portals.institution.asked_list.PAGE", 2)
    account = cast.bound()
    rows = [cast.confirmed(account, ref="B-0")]
    for k in range(1, 4):
        cast.clock.advance(timedelta(minutes=1))
        rows.append(cast.requested(ref=f"B-{k}"))
    client, address = browser("bank"), reverse("institution:requests")
    first = client.get(address).content.decode()
    assert rows[3].id in first
    assert rows[1].id not in first
    follow = first.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    second = client.get(address + follow).content.decode()
    assert rows[1].id in second
    assert rows[0].id in second
    assert rows[3].id not in second
    waiting = client.get(address, {"state": "requested", "q": "B-2"}).content.decode()
    assert rows[2].id in waiting
    assert rows[0].id not in waiting


def test_the_list_asks_the_database_no_more_for_more_rows(cast: Cast, browser: Browser) -> None:
    client, account = browser("bank"), cast.bound()
    counts: dict[str, list[int]] = {name: [] for name in ("home", "requests", "firms", "records")}
    for k in range(2):
        for n in range(1 + 4 * k):
            cast.confirmed(account, ref=f"C-{k}-{n}")
        for name, found in counts.items():
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(f"institution:{name}")).status_code == 200
            found.append(len(seen))
    for name, (few, many) in counts.items():
        assert many <= few, name
        assert few <= 45, name


def test_a_report_is_shown_once_and_kept_nowhere(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    client = browser("bank")
    form = {"account": account.id, "months": "12", "product": "FLOW_REPORT"}
    response = client.post(reverse("institution:query", args=[granted.id]), form)
    page = response.content.decode()
    assert response.status_code == 200
    assert "平台代为显示这一次，不留存" in page
    assert "还能查 2 次" in page
    assert "每月收支" in page
    canary = _figure(page)
    query = Query.objects.get()
    assert query.state == "released"
    assert query.cipher is None
    assert canary not in _database()
    assert Authorisation.objects.get().uses == 1
    listed = client.get(reverse("institution:reports")).content.decode()
    assert query.report_no in listed
    assert str(query.verify_code) in listed
    assert canary not in listed
    assert canary not in client.get(reverse("institution:record", args=[query.id])).content.decode()


def _figure(page: str) -> str:
    """A figure of the report that is long enough not to occur by chance."""
    return max(re.findall(r"<b>([\d,]+\.\d\d)<small>", page), key=len)


def _database() -> str:
    """Every row of every table that a page could have written to, as text."""
    texts: list[str] = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            texts += [repr(row) for row in cursor.fetchall()]
    return " ".join([*texts, *(str(session.get_decoded()) for session in Session.objects.all())])


def test_the_summary_the_pdf_and_the_json_are_queries_of_their_own(
    node: Cast, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[PdfFacts] = []
    render = pdf_of.render_report_pdf
    monkeypatch.setattr(
        pdf_of, "render_report_pdf", lambda product, facts: printed.append(facts) or render(product, facts)
    )
    account = node.bound()
    granted = shown(node.confirmed(account))
    client = browser("bank")
    form = {"account": account.id, "months": "12", "product": "FLOW_SUMMARY"}
    assert (
        "没有任何一笔交易"
        in client.post(reverse("institution:query", args=[granted.id]), form).content.decode()
    )
    bundle = client.post(reverse("institution:query_json", args=[granted.id]), form)
    assert set(json.loads(bundle.content)) == {
        "product",
        "signed",
        "receipt",
        "permit",
        "verify_code",
        "leaf",
    }
    pdf = client.post(reverse("institution:query_pdf", args=[granted.id]), {**form, "product": "FLOW_REPORT"})
    assert pdf.content.startswith(b"%PDF")
    assert [facts.authorisation_no for facts in printed] == [granted.authorisation_no]
    assert Authorisation.objects.get().uses == 3
    assert Query.objects.filter(state="released").count() == 3
    refused = client.post(reverse("institution:query_json", args=[granted.id]), form)
    assert refused.status_code == 302  # to the record of the refusal: the queries are used up
    assert "CONSENT_EXHAUSTED" in client.get(refused.headers["Location"]).content.decode()


def test_a_refusal_leads_to_its_record_with_the_nearest_request_code_and_proof(
    node: Cast, browser: Browser
) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account, months_back=12))
    client = browser("bank")
    form = {"account": account.id, "months": "24", "product": "FLOW_REPORT"}
    response = client.post(reverse("institution:query", args=[granted.id]), form)
    query = Query.objects.get()
    assert response.headers["Location"] == reverse("institution:record", args=[query.id])
    page = client.get(response.headers["Location"]).content.decode()
    for words in (
        "没有任何数据给出，不占次数",
        "SCOPE_EXCEEDED",
        "最近 12 个月",
        f"#{query.end_leaf}",
        "请企业另给 24 个月",
    ):
        assert words in page, words
    htmx = client.post(reverse("institution:query", args=[granted.id]), form, HTTP_HX_REQUEST="true")
    assert htmx.headers["HX-Redirect"].startswith("/i/records/")
    assert not any(path == "/node/v1/products" for path, _ in node.fake.calls)
    again = client.post(reverse("institution:query", args=[granted.id]), {**form, "months": "12"})
    assert again.status_code == 200


def test_a_provider_reads_the_record_of_what_its_node_served_and_not_the_authorisation_behind_it(
    node: Cast, browser: Browser
) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    form = {"account": account.id, "months": "12", "product": "FLOW_REPORT"}
    browser("bank").post(reverse("institution:query", args=[granted.id]), form)
    provider, query = browser("provider"), Query.objects.get()
    assert query.id in provider.get(reverse("institution:records")).content.decode()
    record = provider.get(reverse("institution:record", args=[query.id]))
    assert record.status_code == 200
    assert reverse("institution:request", args=[granted.id]) not in record.content.decode()
    assert provider.get(reverse("institution:request", args=[granted.id])).status_code == 404


def test_a_provider_sees_which_institution_asked_and_none_of_its_people(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    form = {"account": account.id, "months": "12", "product": "FLOW_REPORT"}
    browser("bank").post(reverse("institution:query", args=[granted.id]), form)
    query = Query.objects.get()
    addresses = [
        reverse("institution:records"),
        reverse("institution:reports"),
        reverse("institution:record", args=[query.id]),
    ]
    for address in addresses:
        page = browser("provider").get(address).content.decode()
        assert "岚江农商银行 普惠金融部" in page, address
    assert "丙一" in browser("bank").get(addresses[0]).content.decode()
    # the provider's own administrator has another name, so that the frame around the page does not answer for the rows
    User.objects.filter(username="provider").update(display_name="丁二")
    for address in [*addresses, reverse("institution:records_csv")]:
        page = browser("provider").get(address).content.decode()
        assert "丙一" not in page, address
    counted = browser("provider").get(addresses[0], {"operator": "丙一"}).content.decode()
    assert query.id in counted  # a name it cannot know filters nothing
    assert records(node.provider, operator="丙一") == []
    assert record_counts(node.provider, operator="丙一")["released"] == 0


def test_a_silent_node_leads_to_the_record_of_the_fault(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    node.fake.answers["/node/v1/products"] = lambda body: (200, {"product": "x", "receipt": "y"})
    form = {"account": account.id, "months": "12", "product": "FLOW_REPORT"}
    response = browser("bank").post(reverse("institution:query", args=[granted.id]), form)
    page = browser("bank").get(response.headers["Location"]).content.decode()
    assert "数源未应答" in page
    assert "不会用旧报告" in page
    assert "PROVIDER_INVALID" in page
    assert Authorisation.objects.get().uses == 0


def test_a_withdrawn_authorisation_is_refused_and_no_form_is_offered(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    node.withdraw(node.owner, granted)
    client = browser("bank")
    page = client.get(reverse("institution:request", args=[granted.id])).content.decode()
    assert "企业已撤回，不能再查" in page
    assert 'id="query"' not in page
    form = {"account": account.id, "months": "12", "product": "FLOW_REPORT"}
    response = client.post(reverse("institution:query", args=[granted.id]), form)
    assert "CONSENT_REVOKED" in client.get(response.headers["Location"]).content.decode()


def test_what_only_the_institutions_key_opens_is_not_offered_here(cast: Cast, browser: Browser) -> None:
    granted = cast.confirmed(cast.bound())
    Authorisation.objects.filter(id=granted.id).update(reader=Reader.INSTITUTION_KEY.value)
    page = browser("bank").get(reverse("institution:request", args=[granted.id])).content.decode()
    assert "只有本机构用自己的密钥能打开" in page
    assert "以 PDF 查询" not in page


def test_the_csv_holds_the_filtered_records_and_no_formula(node: Cast, browser: Browser) -> None:
    account = node.bound()
    granted = shown(node.confirmed(account))
    User.objects.filter(username="bank").update(display_name="=cmd|' /C calc'!A0")
    client = browser("bank")
    for months in ("12", "36"):
        form = {"account": account.id, "months": months, "product": "FLOW_REPORT"}
        client.post(reverse("institution:query", args=[granted.id]), form)
    response = client.get(reverse("institution:records_csv"), {"state": "denied"})
    rows = list(csv.reader(StringIO(response.content.decode("utf-8-sig"))))
    assert len(rows) == 2
    assert rows[1][9] == "'=cmd|' /C calc'!A0"
    assert rows[1][11] == "SCOPE_EXCEEDED"
    assert browser("outsider").get(reverse("institution:records_csv")).content.decode().count("\r\n") == 1


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1"])
def test_a_cell_that_a_spreadsheet_would_run_gets_a_quote(text: str) -> None:
    assert safe_cell(text) == "'" + text


def test_the_exported_ledger_verifies_offline_and_holds_only_ones_own(
    node: Cast, browser: Browser, tmp_path: Path
) -> None:
    node.confirmed(node.bound())
    node.requested(bank=node.outsider, ref="X-1")
    response = browser("bank").get(reverse("institution:ledger"))
    file = tmp_path / "ledger.jsonl"
    file.write_bytes(BytesIO(response.content).getvalue())
    assert verify_file(file).ok
    assert node.outsider.institution_id not in response.content.decode()


def test_roles_count_only_after_a_second_person(cast: Cast, browser: Browser) -> None:
    admin = browser("bank")
    form = {"username": "new.one", "display_name": "丁一", "department": "风险部", "role": ["query_operator"]}
    page = admin.post(reverse("institution:person_add"), form).content.decode()
    member = Member.objects.get(user__username="new.one")
    assert member.roles == []
    assert "只显示这一次" in page
    assert "待另一人同意" in page
    own = admin.post(reverse("institution:roles_approve", args=[member.user_id]))
    assert own.status_code == 403
    second = User.objects.create_user("bank.two", kind="institution", password="long-enough-password")
    Member.objects.create(user=second, institution_id=cast.bank.institution_id, roles=["institution_admin"])
    assert (
        browser("bank.two").post(reverse("institution:roles_approve", args=[member.user_id])).status_code
        == 302
    )
    member.refresh_from_db()
    assert member.roles == ["query_operator"]
    foreign = browser("outsider").post(reverse("institution:person_end", args=[member.user_id]))
    absent = browser("outsider").post(reverse("institution:person_end", args=["usr-" + "0" * 32]))
    assert foreign.status_code == 404
    assert text_of(foreign) == text_of(absent)


def test_a_wrong_person_form_keeps_what_was_typed(cast: Cast, browser: Browser) -> None:
    taken = {"username": "outsider", "display_name": "丁一", "department": "风险部", "role": ["auditor"]}
    response = browser("bank").post(reverse("institution:person_add"), taken)
    assert response.status_code == 422
    assert 'value="丁一"' in response.content.decode()
    assert "已经有人用" in response.content.decode()
    empty = browser("bank").post(reverse("institution:person_add"), {"username": "x"})
    assert empty.status_code == 422
    assert "至少选一个角色" in empty.content.decode()


def test_who_is_no_administrator_sees_no_buttons_and_is_refused(cast: Cast, browser: Browser) -> None:
    client = browser("provider")
    page = client.get(reverse("institution:people")).content.decode()
    assert "只有机构管理员能改" in page
    assert reverse("institution:person_add") not in page
    form = {"username": "n", "display_name": "n", "role": ["auditor"]}
    assert client.post(reverse("institution:person_add"), form).status_code == 403
    key = json.dumps(SigningKey.generate().public.to_jwk())
    days = {"jwk": key, "not_before": "2026-11-21", "not_after": "2027-11-21"}
    assert client.post(reverse("institution:key_propose"), days).status_code == 403
    assert client.post(reverse("institution:request_new"), ask_form()).status_code == 403


def test_a_pasted_key_is_proposed_and_revoked_and_a_private_one_never_echoed(
    cast: Cast, browser: Browser
) -> None:
    client, key = browser("bank"), SigningKey.generate()
    days = {"not_before": "2026-11-21", "not_after": "2027-11-21"}
    secret = json.dumps(key.to_jwk(private=True))
    refused = client.post(reverse("institution:key_propose"), {"jwk": secret, **days})
    assert refused.status_code == 422
    assert "里面有私钥" in refused.content.decode()
    assert str(key.to_jwk(private=True)["d"]) not in refused.content.decode()
    for text in ("{", "[]", '{"kty":"RSA"}', "[" * 4_000):
        wrong = client.post(reverse("institution:key_propose"), {"jwk": text, **days})
        assert wrong.status_code == 422
    good = {"jwk": json.dumps(key.public.to_jwk()), **days}
    for year in ("0001-01-01", "9999-12-31"):
        wrong = client.post(reverse("institution:key_propose"), {**good, "not_before": year})
        assert wrong.status_code == 422
    assert client.post(reverse("institution:key_propose"), good).status_code == 302
    assert InstitutionKey.objects.get().status == "proposed"
    assert client.post(reverse("institution:key_propose"), good).status_code == 422
    assert "待安全员同意" in client.get(reverse("institution:keys")).content.decode()
    assert (
        browser("outsider").post(reverse("institution:key_revoke", args=[key.public.kid])).status_code == 404
    )
    client.post(reverse("institution:key_revoke", args=[key.public.kid]))
    assert InstitutionKey.objects.get().status == "revoked"


def test_the_search_finds_only_firms_asked_before_by_name(cast: Cast, browser: Browser) -> None:
    cast.requested()
    page = browser("bank").get(reverse("institution:firms"), {"q": "农机"}).content.decode()
    assert "远山农机有限公司" in page
    other = browser("bank").get(reverse("institution:firms"), {"q": "五金"}).content.decode()
    assert "澄湖五金商行" not in other
    assert STRANGER_USCC not in other
