"""The workbench page by page: log-in, finding, asking, querying, opening, and everything it must not keep."""

import contextlib
import gc
import json
import logging
import re
import threading
import time
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient
from tests.client.fake_hub import ACCOUNT, AUTHORISATION, BASE, INSTITUTION, USCC, FakeHub, Refusal

from xinqiao.client.config import WorkbenchUser, add_user, hash_password, read_config, write_home
from xinqiao.client.workbench.app import create_app
from xinqiao.client.workbench.sessions import Session, Sessions
from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, TooMany, Unauthenticated
from xinqiao.trust.keyfile import load_or_create_keyfile
from xinqiao.trust.keys import SigningKey
from xinqiao.ui import csp, gallery_report

PASSWORD = "correct horse 马 1"
PROMISE = "只有本机构能打开，平台打不开"
NAME = "金丝雀家具有限公司（演示）"


def canary_product() -> dict[str, Json]:
    product: dict[str, Json] = json.loads(json.dumps(gallery_report.product()))
    head = product["head"]
    assert isinstance(head, dict)
    head |= {
        "uscc": USCC,
        "subject_name": NAME,
        "authorisation_no": AUTHORISATION,
    }  # a node knows the id only
    return product


@pytest.fixture(scope="module")
def kept_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one user, made once: hashing a password is slow on purpose."""
    folder = tmp_path_factory.mktemp("bank")
    anchor: Json = {"id": "x", "name": "x", "keys": [SigningKey.generate().public.to_jwk()]}
    write_home(
        folder,
        hub_url=BASE,
        institution_id=INSTITUTION,
        institution_name="远山银行",
        anchor=anchor,
        demo=True,
    )
    add_user(folder, login="lin", name="林知远", department="小企业信贷部", password=PASSWORD)
    return folder


@pytest.fixture
def bench(hub: FakeHub, kept_home: Path, clock: AdjustableClock) -> TestClient:
    """The workbench of a bank before anybody has logged in."""
    (kept_home / "anchor.json").write_text(json.dumps(hub.anchor.to_json()), encoding="utf-8")
    hub.institution_key = load_or_create_keyfile(kept_home / "key.json")
    hub.product = canary_product()
    app = create_app(read_config(kept_home), clock=clock, transport=hub.transport())
    return TestClient(app, base_url="http://bench.test")


def token_of(page: httpx.Response) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def once_of(page: httpx.Response) -> str:
    found = re.search(r'name="once" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


@pytest.fixture
def lin(bench: TestClient) -> TestClient:
    """The same after Lin has logged in."""
    form = {"login": "lin", "password": PASSWORD, "csrfmiddlewaretoken": token_of(bench.get("/login"))}
    assert bench.post("/login", data=form).status_code == 200
    return bench


def ask(lin: TestClient, **changes: str) -> httpx.Response:
    page = lin.get(f"/requests/{AUTHORISATION}")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "account": ACCOUNT, "product": "FLOW_REPORT",
            "months": "24", **changes}  # fmt: skip
    return lin.post(f"/requests/{AUTHORISATION}/query", data=form)


def test_nothing_is_shown_before_logging_in(bench: TestClient, hub: FakeHub) -> None:
    for path in (
        "/",
        "/firms",
        "/requests",
        f"/requests/{AUTHORISATION}",
        "/reports/x",
        "/records",
        "/keys",
        "/verify",
    ):
        answer = bench.get(path, follow_redirects=False)
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
    assert hub.calls == []


def test_the_cookie_and_the_headers_are_strict(bench: TestClient) -> None:
    answer = bench.get("/login")
    assert answer.headers["content-security-policy"] == csp.POLICY
    assert answer.headers["cache-control"] == "no-store"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_new_session_begins_with_the_log_in(bench: TestClient) -> None:
    page = bench.get("/login")
    before = bench.cookies["xq_bench"]
    bench.post("/login", data={"login": "lin", "password": PASSWORD, "csrfmiddlewaretoken": token_of(page)})
    assert bench.cookies["xq_bench"] != before
    assert "林知远" in bench.get("/").text


def test_five_wrong_passwords_lock_the_login_for_a_while(bench: TestClient, clock: AdjustableClock) -> None:
    def attempt(password: str) -> httpx.Response:
        form = {"login": "lin", "password": password, "csrfmiddlewaretoken": token_of(bench.get("/login"))}
        return bench.post("/login", data=form, follow_redirects=False)

    assert [attempt("wrong").status_code for _ in range(6)] == [401] * 5 + [429]
    assert attempt(PASSWORD).status_code == 429
    clock.advance(timedelta(minutes=16))
    assert attempt(PASSWORD).status_code == 303


@pytest.mark.parametrize(
    "path",
    ["/", "/?show=all", "/firms", f"/firms?q={USCC}", "/requests", "/requests/new", f"/requests/{AUTHORISATION}",
     "/records", "/verify", "/keys", "/reports/qry-none"],
)  # fmt: skip
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_has_one_heading_and_the_promise(path: str, language: str, lin: TestClient) -> None:
    joined = f"{path}{'&' if '?' in path else '?'}lang={language}"
    answer = lin.get(joined)
    assert answer.status_code in (200, 410), answer.text
    assert len(re.findall(r"<h1[ >]", answer.text)) == 1
    assert (PROMISE in answer.text) is (language == "zh")
    assert {"zh": "演示数据", "en": "Demonstration data"}[language] in answer.text
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


def test_every_figure_of_the_desk_says_what_it_counts(lin: TestClient) -> None:
    page = lin.get("/").text
    assert page.count('class="xq-fig"') == 3
    assert page.count("popovertarget=") >= 3
    for said in ("由平台代为显示的都在内", "计数：状态为未放行的查询", "截至"):
        assert said in page


def test_a_query_is_opened_here_and_shown_by_the_shared_report_page(lin: TestClient, hub: FakeHub) -> None:
    answer = ask(lin)
    assert answer.status_code == 200
    assert answer.url.path.startswith("/reports/qry-")
    assert NAME in answer.text
    assert 'id="flow"' in answer.text
    assert "还能查 2 次" in answer.text
    assert "AU-20261121-0047" in answer.text  # the number people know, not the id the node knows
    assert f">{AUTHORISATION}<" not in answer.text
    assert hub.uses == 1


def test_reloading_and_pressing_twice_ask_only_once(lin: TestClient, hub: FakeHub) -> None:
    page = lin.get(f"/requests/{AUTHORISATION}")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "account": ACCOUNT, "product": "FLOW_REPORT", "months": "24"}  # fmt: skip
    first = lin.post(f"/requests/{AUTHORISATION}/query", data=form)
    second = lin.post(f"/requests/{AUTHORISATION}/query", data=form)
    assert first.url == second.url
    assert lin.get(first.url.path).status_code == 200
    assert hub.uses == 1


def test_the_report_is_forgotten_when_another_page_is_opened(lin: TestClient) -> None:
    address = ask(lin).url.path
    assert lin.get(f"{address}/json").status_code == 200
    lin.get("/requests")
    for path in (address, f"{address}/json", f"{address}/pdf", f"{address}/bundle"):
        answer = lin.get(path)
        assert answer.status_code == 410
        assert NAME not in answer.text


def test_the_report_is_forgotten_after_a_while(lin: TestClient, clock: AdjustableClock) -> None:
    address = ask(lin).url.path
    clock.advance(timedelta(minutes=14))
    assert lin.get(address).status_code == 200
    clock.advance(timedelta(minutes=2))
    assert lin.get(address).status_code == 410


def test_the_report_is_forgotten_although_nobody_comes_back(
    bench: TestClient, clock: AdjustableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinqiao.client.workbench.app.FORGET_EVERY", 0.01)
    with bench:
        form = {"login": "lin", "password": PASSWORD, "csrfmiddlewaretoken": token_of(bench.get("/login"))}
        bench.post("/login", data=form)
        assert ask(bench).status_code == 200
        token = bench.cookies["xq_bench"]
        (session,) = (one for one in gc.get_objects() if isinstance(one, Session) and one.token == token)
        assert session.held is not None
        clock.advance(timedelta(minutes=16))
        deadline = time.monotonic() + 10
        while session.held is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert session.held is None


def test_guesses_made_at_once_are_counted_one_by_one(
    clock: AdjustableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = WorkbenchUser("lin", "林知远", "小企业信贷部", hash_password(PASSWORD))
    sessions, gate = Sessions((user,), clock), threading.Barrier(5)

    def together(password: str, _kept: str) -> bool:
        gate.wait(10)
        return False

    monkeypatch.setattr("xinqiao.client.workbench.sessions.check_password", together)

    def guess() -> None:
        with contextlib.suppress(Unauthenticated):
            sessions.log_in("lin", "wrong", replacing=None)

    threads = [threading.Thread(target=guess) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with pytest.raises(TooMany):
        sessions.log_in("lin", PASSWORD, replacing=None)


def test_strangers_at_the_log_in_page_log_nobody_out(
    clock: AdjustableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xinqiao.client.workbench.sessions._MOST", 3)
    user = WorkbenchUser("lin", "林知远", "小企业信贷部", hash_password(PASSWORD))
    sessions = Sessions((user,), clock)
    lin = sessions.begin(user)
    strangers = [sessions.begin() for _ in range(5)]
    assert sessions.find(lin.token) is lin
    assert [one for one in strangers if sessions.find(one.token)] == strangers[-2:]


def test_a_key_of_a_form_that_is_none_of_ours_is_replaced(lin: TestClient, hub: FakeHub) -> None:
    assert ask(lin, once="é\n").url.path.startswith("/reports/")
    assert hub.uses == 1


def test_another_session_never_sees_the_report(lin: TestClient) -> None:
    address = ask(lin).url.path
    other = TestClient(lin.app, base_url="http://bench.test")
    form = {"login": "lin", "password": PASSWORD, "csrfmiddlewaretoken": token_of(other.get("/login"))}
    other.post("/login", data=form)
    assert other.get(address).status_code == 410


def test_the_downloads_come_from_memory_and_prove_themselves(lin: TestClient, tmp_path: Path) -> None:
    address = ask(lin).url.path
    pdf = lin.get(f"{address}/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert b"/ByteRange" in pdf.content
    assert lin.get(f"{address}/json").json()["head"]["subject_name"] == NAME
    bundle = lin.get(f"{address}/bundle")
    assert bundle.headers["content-disposition"].endswith('.xq.json"')
    page = lin.get("/verify")
    good = lin.post(
        "/verify", data={"csrfmiddlewaretoken": token_of(page)}, files={"file": ("r.json", bundle.content)}
    )
    assert "核验通过" in good.text
    bad = bundle.content.replace(NAME.encode(), NAME.replace("金", "银").encode())
    page = lin.get("/verify")
    refused = lin.post(
        "/verify", data={"csrfmiddlewaretoken": token_of(page)}, files={"file": ("r.json", bad)}
    )
    assert "核验不通过" in refused.text


def test_a_refusal_offers_the_nearest_request_as_one_button(lin: TestClient, hub: FakeHub) -> None:
    nearest: dict[str, Json] = {
        "account": ACCOUNT, "product": "FLOW_REPORT", "months": 12, "purpose": "loan_application",
    }  # fmt: skip
    page = lin.get(f"/requests/{AUTHORISATION}")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "account": ACCOUNT, "product": "FLOW_REPORT", "months": "36"}  # fmt: skip
    view = hub.view

    def refuse_after_the_view() -> dict[str, Json]:
        hub.next_errors = [hub.refusal(Code.SCOPE_EXCEEDED, nearest)]
        return view()

    hub.view = refuse_after_the_view  # type: ignore[method-assign]
    refused = lin.post(f"/requests/{AUTHORISATION}/query", data=form)
    hub.view, hub.next_errors = view, []  # type: ignore[method-assign]
    assert refused.status_code == 403
    assert "没有放行" in refused.text
    assert "SCOPE_EXCEEDED" in refused.text
    assert "没有任何数据给出" in refused.text
    fields = dict(
        re.findall(r'<input type="hidden" name="([a-z]+)" value="([^"]*)"', refused.text.split("按这个查")[0])
    )
    assert fields["months"] == "12"
    assert lin.post(f"/requests/{AUTHORISATION}/query", data=fields).url.path.startswith("/reports/")


def test_a_fault_of_the_source_and_an_unreachable_platform_are_two_pages(
    lin: TestClient, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(status: int, code: str) -> httpx.Response:
        page = lin.get(f"/requests/{AUTHORISATION}")
        form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "account": ACCOUNT, "product": "FLOW_REPORT", "months": "24"}  # fmt: skip
        monkeypatch.setattr(hub, "_query", lambda _body: (_ for _ in ()).throw(Refusal(status, code)))
        return lin.post(f"/requests/{AUTHORISATION}/query", data=form)

    slow = fail(504, "PROVIDER_TIMEOUT")
    assert slow.status_code == 504
    assert "数源未应答" in slow.text
    assert "不会用旧报告代替" in slow.text
    monkeypatch.undo()
    hub.spoil["response"] = lambda _r, _c: httpx.Response(200, stream=httpx.ByteStream(b"{}"))
    down = lin.get("/requests")
    assert down.status_code == 502
    assert "HUB_INVALID" in down.text


def test_a_form_from_elsewhere_is_refused(lin: TestClient, hub: FakeHub) -> None:
    page = lin.get(f"/requests/{AUTHORISATION}")
    form = {"once": once_of(page), "account": ACCOUNT, "product": "FLOW_REPORT", "months": "24"}
    assert lin.post(f"/requests/{AUTHORISATION}/query", data=form).status_code == 403
    good = form | {"csrfmiddlewaretoken": token_of(page)}
    cross = lin.post(f"/requests/{AUTHORISATION}/query", data=good, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status_code == 403
    assert hub.uses == 0


def test_an_authorisation_is_requested_and_an_enterprise_invited(lin: TestClient, hub: FakeHub) -> None:
    page = lin.get(f"/requests/new?uscc={USCC}")
    form = {"csrfmiddlewaretoken": token_of(page), "once": once_of(page), "uscc": USCC, "purpose": "loan_application",
            "business_ref": "YS-9", "products": "both", "months": "24", "days": "30", "times": "3", "balance": "no"}  # fmt: skip
    sent = lin.post("/requests/new", data=form)
    assert sent.url.path == f"/requests/{AUTHORISATION}"
    assert "申请已经发给企业" in sent.text
    wrong = lin.post("/requests/new", data=form | {"uscc": "91990102MADEM0A16Y"})
    assert wrong.status_code == 422
    assert "YS-9" in wrong.text
    for odd in ({"purpose": "curiosity"}, {"products": "everything"}, {"months": "37"}):
        before = len(hub.calls)
        refused = lin.post("/requests/new", data=form | odd)
        assert (refused.status_code, len(hub.calls)) == (422, before)
    page = lin.get(f"/firms?q={USCC}")
    invited = lin.post(
        "/firms/invite", data={"csrfmiddlewaretoken": token_of(page), "once": "", "uscc": USCC}
    )
    assert "invited=1" in str(invited.url)


def test_logging_out_forgets_everything(lin: TestClient) -> None:
    address = ask(lin).url.path
    token = token_of(lin.get(address))
    lin.post("/logout", data={"csrfmiddlewaretoken": token})
    assert lin.get(address, follow_redirects=False).status_code == 303


def test_a_session_ends_when_nobody_is_there(lin: TestClient, clock: AdjustableClock) -> None:
    clock.advance(timedelta(minutes=31))
    assert lin.get("/requests", follow_redirects=False).status_code == 303


def test_the_product_is_in_no_log_and_no_file(
    lin: TestClient,
    kept_home: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    caplog.set_level(logging.DEBUG)
    address = ask(lin).url.path
    for part in ("", "/json", "/pdf", "/bundle"):
        assert lin.get(f"{address}{part}").status_code == 200
    lin.get("/requests")
    assert NAME not in caplog.text
    kept = [file for folder in (kept_home, tmp_path) for file in folder.rglob("*") if file.is_file()]
    assert [file for file in kept if NAME.encode() in file.read_bytes()] == []
    assert [file.name for file in tmp_path.rglob("*")] == []
