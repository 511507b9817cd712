"""The enterprise portal: who opens which page, the two steps of every act, what is refused, what is never shown."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from tests.hub.cast import ACCOUNT_NO, CLERK_ID, OWNER_ID, OWNER_USCC, READER_ID, STRANGER_ID, Cast
from tests.hub.portals.conftest import Visitor, text_of

from xinqiao.domain.consent import Product, Purpose
from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.consents.services import (
    record_closure,
    refuse_authorisation,
    request_authorisation,
    unbind,
)
from xinqiao.hub.apps.fundflow.models import Query, Statement
from xinqiao.hub.apps.fundflow.services import add_statement
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson, Node, SecondFactor, User
from xinqiao.hub.apps.identity.people import replace_legal_rep
from xinqiao.hub.apps.identity.services import set_node_status
from xinqiao.hub.portals.access import PERSON_KEY
from xinqiao.trust.verify import verify_file

PAGES = ("home", "consents", "accounts", "bind", "report", "credit", "declared", "ledger", "me")
ABSENT = "aut-" + "0" * 32


def fields(page: str) -> dict[str, list[str]]:
    """The hidden fields of the form on a confirming page."""
    form = page[page.index('<form class="xq-consent"') :]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', form):
        found.setdefault(name, []).append(value)
    return found


def card(row: Authorisation, *bindings: Binding, **changes: str | list[str]) -> dict[str, str | list[str]]:
    """The consent card as it is sent when everything asked for is ticked."""
    form: dict[str, str | list[str]] = {
        "decision": "confirm", "version": str(row.version), "account": [b.id for b in bindings],
        "product": ["FLOW_REPORT", "FLOW_SUMMARY"], "months": "24", "days": "30", "queries": "3", "balance": "on",
    }  # fmt: skip
    return {**form, **changes}


def address(name: str, *args: object) -> str:
    """An address of the portal."""
    return reverse(f"enterprise:{name}", args=args)


def state_of(row: Authorisation) -> str:
    """The stored state now."""
    return str(Authorisation.objects.get(id=row.id).state)


# -- who opens which page ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_opens_with_one_heading_the_mark_and_strict_headers(
    cast: Cast, visitor: Visitor, name: str, language: str
) -> None:
    cast.confirmed(cast.bound())
    cast.requested(ref="SQ-0002")
    response = visitor(cast.owner).get(address(name), {"lang": language})
    page = response.content.decode()
    assert response.status_code == 200
    assert page.count("<h1") == 1
    assert ("演示数据" if language == "zh" else "Demonstration data") in page
    assert response.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    assert " style=" not in page
    assert not re.search(r"\son[a-z]+=", page)


@pytest.mark.parametrize("name", PAGES)
def test_other_kinds_of_people_are_refused_and_strangers_are_asked_who_they_are(
    cast: Cast, visitor: Visitor, name: str
) -> None:
    for username in ("bank", "ops", "aud"):
        other = Client(HTTP_ACCEPT_LANGUAGE="zh-CN")
        other.force_login(User.objects.get(username=username))
        response = other.get(address(name))
        assert response.status_code == 403
        assert "ROLE_FORBIDDEN" in response.content.decode()
    location = Client().get(address(name)).headers["Location"]
    assert location.startswith(reverse("public:login"))
    assert Client().get(address(name), HTTP_HX_REQUEST="true").status_code == 401


@pytest.mark.parametrize(
    "name", ["consent_preview", "consent_confirm", "consent_append_confirm", "agreement_sign", "agent_end"]
)
def test_what_changes_something_is_never_a_link(cast: Cast, visitor: Visitor, name: str) -> None:
    assert visitor(cast.owner).get(address(name, ABSENT)).status_code == 405


@pytest.mark.parametrize(
    ("name", "method"),
    [
        ("consent", "get"), ("consent", "post"), ("consent_preview", "post"), ("consent_confirm", "post"),
        ("consent_append", "get"), ("consent_append", "post"), ("consent_append_confirm", "post"),
        ("consent_withdraw", "get"), ("consent_withdraw", "post"), ("agreement", "get"), ("agreement_sign", "post"),
        ("unbind", "get"), ("unbind", "post"), ("agent_end", "post"),
    ],
)  # fmt: skip
def test_an_object_of_another_enterprise_reads_exactly_like_an_absent_one(
    cast: Cast, visitor: Visitor, name: str, method: str
) -> None:
    binding = cast.bound()
    foreign = {"agreement": binding.id, "agreement_sign": binding.id, "unbind": binding.id}
    granted = cast.confirmed(binding)
    foreign |= {"agent_end": cast.clerk.person_id}
    mine = foreign.get(name, granted.id)
    form = {"decision": "refuse", "version": "1", "months": "12", "days": "7", "queries": "1", "factor": "x"}
    other = visitor(cast.stranger)
    answers = [
        getattr(other, method)(address(name, one), form if method == "post" else {})
        for one in (mine, mine.rsplit("-", 1)[0] + "-" + "0" * 32)
    ]
    assert [a.status_code for a in answers] == [404, 404]
    blank = re.compile(r"[a-z]{3}-[0-9a-f]{32}")
    assert blank.sub("", text_of(answers[0])) == blank.sub("", text_of(answers[1]))
    assert {k: v for k, v in answers[0].headers.items() if k != "Set-Cookie"} == {
        k: v for k, v in answers[1].headers.items() if k != "Set-Cookie"
    }
    assert state_of(granted) == "confirmed"
    assert Binding.objects.get(id=binding.id).state == "bound"


# -- agreeing ---------------------------------------------------------------------------------------------------------


def test_the_card_says_who_what_sees_and_does_not_see_before_the_choices(
    cast: Cast, visitor: Visitor
) -> None:
    cast.bound()
    row = cast.requested()
    page = visitor(cast.owner).get(address("consent", row.id)).content.decode()
    order = ["岚江农商银行", "24 个月", "数据怎么走", "看得到", "看不到", "您同意多少", "同意以后", "不同意"]
    places = [page.index(words) for words in order]
    assert places == sorted(places)
    assert "为它显示一页，不留存" in page  # the present reader; the other one is said as truly
    Authorisation.objects.filter(id=row.id).update(reader="institution_key")
    assert "只过手，打不开" in visitor(cast.owner).get(address("consent", row.id)).content.decode()
    assert re.search(r'name="months" value="36"[^>]* disabled', page)
    assert 'name="months" value="24" data-say="24 个月" checked' in page


def test_only_the_accounts_that_a_request_names_can_be_ticked(cast: Cast, visitor: Visitor) -> None:
    wanted, other = cast.bound(), cast.bound("6222000033334444")
    row = request_authorisation(
        actor=cast.bank,
        subject_uscc=OWNER_USCC,
        purpose=Purpose.LOAN_APPLICATION,
        business_ref="SQ-0001",
        products=frozenset(Product),
        months=24,
        valid_days=30,
        max_queries=3,
        include_balance=True,
        accounts=frozenset({wanted.id}),
        at=cast.now,
    )
    owner = visitor(cast.owner)
    page = owner.get(address("consent", row.id)).content.decode()
    assert re.search(rf'value="{wanted.id}"[^>]* checked', page)
    assert re.search(rf'value="{other.id}"[^>]* disabled', page)
    assert "对方没有要求这个账户" in page
    unbind(actor=cast.owner, binding_id=wanted.id, at=cast.now)
    page = owner.get(address("consent", row.id)).content.decode()
    assert re.search(
        rf'value="{other.id}"[^>]* disabled', page
    )  # what was asked for is gone, not everything asked for


def test_an_old_authorisation_that_lives_stays_in_sight_however_much_is_asked_after_it(
    cast: Cast, visitor: Visitor
) -> None:
    binding = cast.bound()
    live = cast.confirmed(binding)
    cast.clock.advance(timedelta(minutes=1))
    for number in range(51):
        row = cast.requested(ref=f"later-{number}")
        if number:
            refuse_authorisation(
                actor=cast.owner, authorisation_id=row.id, expected_version=row.version, at=cast.now
            )
    owner = visitor(cast.owner)
    link = address("consent", live.id)
    assert link in owner.get(address("consents")).content.decode()
    assert link in owner.get(address("home")).content.decode()
    assert str(live.authorisation_no) in owner.get(address("unbind", binding.id)).content.decode()


def test_a_part_is_agreed_to_in_two_steps_over_exactly_the_text_that_was_shown(
    cast: Cast, visitor: Visitor
) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    shown = owner.post(
        address("consent", row.id), card(row, binding, months="12", queries="1", balance="off")
    )
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"
    form = fields(shown.content.decode())
    assert form["months"] == ["12"]
    assert state_of(row) == "requested"  # nothing happened yet
    done = owner.post(address("consent_confirm", row.id), form)
    assert done.headers["Location"] == address("consent", row.id)
    granted = Authorisation.objects.get(id=row.id)
    assert (granted.state, granted.months, granted.max_queries, granted.include_balance, granted.partly) == (
        "confirmed", 12, 1, False, True,
    )  # fmt: skip
    page = owner.get(address("consent", row.id)).content.decode()
    assert "部分同意" in page
    assert "不给出" in page


def test_the_same_confirmation_a_second_time_changes_nothing_and_leads_back(
    cast: Cast, visitor: Visitor
) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
    assert owner.post(address("consent_confirm", row.id), form).status_code == 302
    before = Authorisation.objects.values().get(id=row.id)
    again = owner.post(address("consent_confirm", row.id), form)
    assert again.status_code == 412
    assert f'href="{address("consent", row.id)}"' in again.content.decode()
    assert Authorisation.objects.values().get(id=row.id) == before


def test_a_page_that_is_out_of_date_is_refused_and_shows_the_way_to_the_present_one(
    cast: Cast, visitor: Visitor
) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
    Authorisation.objects.filter(id=row.id).update(version=row.version + 1)
    response = owner.post(address("consent_confirm", row.id), form)
    page = response.content.decode()
    assert response.status_code == 412
    assert "您看过之后它又变了" in page
    assert f'href="{address("consent", row.id)}"' in page
    assert owner.get(address("consent", row.id)).status_code == 200
    assert state_of(row) == "requested"


@pytest.mark.parametrize(
    "changed",
    [
        {"months": ["24"]},
        {"queries": ["3"]},
        {"days": ["30"]},
        {"balance": ["on"]},
        {"product": ["FLOW_REPORT"]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_field_changed_after_the_text_was_shown_is_not_what_was_seen(
    cast: Cast, visitor: Visitor, changed: dict[str, list[str]]
) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    seen = owner.post(
        address("consent", row.id), card(row, binding, months="12", queries="1", days="7", balance="off")
    )
    response = owner.post(address("consent_confirm", row.id), {**fields(seen.content.decode()), **changed})
    assert response.status_code == 422
    assert "WHAT_YOU_SEE" in response.content.decode()
    assert state_of(row) == "requested"


def test_a_digest_that_was_never_shown_is_refused(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    for digest in ("0" * 64, "摘要", ""):
        form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
        response = owner.post(address("consent_confirm", row.id), {**form, "shown_digest": [digest]})
        assert response.status_code == 422
        assert state_of(row) == "requested"


def test_without_the_second_factor_nothing_is_agreed_to(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
    for spoilt in ({"factor": [""]}, {"factor": ["2nd-" + "0" * 32]}, {"method": ["passkey"]}):
        response = owner.post(address("consent_confirm", row.id), {**form, **spoilt})
        assert response.status_code in (403, 404, 422), spoilt
    assert state_of(row) == "requested"


def test_a_factor_passed_for_one_request_does_not_confirm_another(cast: Cast, visitor: Visitor) -> None:
    binding, first, second = cast.bound(), cast.requested(), cast.requested(ref="SQ-0002")
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", first.id), card(first, binding)).content.decode())
    response = owner.post(address("consent_confirm", second.id), {**form, "version": [str(second.version)]})
    assert response.status_code in (403, 422)
    assert state_of(second) == "requested"


@pytest.mark.parametrize(
    "beyond", [{"months": "36"}, {"queries": "5"}, {"days": "90"}], ids=["months", "queries", "days"]
)
def test_more_than_was_asked_for_cannot_be_given(
    cast: Cast, visitor: Visitor, beyond: dict[str, str]
) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    seen = owner.post(address("consent", row.id), card(row, binding, **beyond))
    if seen.status_code == 200:
        seen = owner.post(address("consent_confirm", row.id), fields(seen.content.decode()))
    assert seen.status_code == 422
    assert state_of(row) == "requested"


@pytest.mark.parametrize(
    "nonsense",
    [{"months": "x"}, {"months": ""}, {"months": "٣"}, {"days": "9" * 40}, {"queries": "-1"}, {"product": ["EVERYTHING"]},
     {"account": []}],
)  # fmt: skip
def test_nonsense_in_the_card_is_refused_with_a_page(
    cast: Cast, visitor: Visitor, nonsense: dict[str, str | list[str]]
) -> None:
    binding, row = cast.bound(), cast.requested()
    response = visitor(cast.owner).post(address("consent", row.id), card(row, binding, **nonsense))
    assert response.status_code == 422
    assert "INVALID" in response.content.decode()


def test_an_account_of_somebody_else_cannot_be_given(cast: Cast, visitor: Visitor) -> None:
    cast.bound()
    foreign = cast.bound("6222000033334444", cast.stranger)
    row = cast.requested()
    owner = visitor(cast.owner)
    seen = owner.post(address("consent", row.id), card(row, foreign))
    if seen.status_code == 200:
        seen = owner.post(address("consent_confirm", row.id), fields(seen.content.decode()))
    assert seen.status_code in (404, 422)
    assert state_of(row) == "requested"


def test_declining_is_one_press_and_cannot_be_repeated_or_undone(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = {"decision": "refuse", "version": str(row.version)}
    assert owner.post(address("consent", row.id), form).status_code == 302
    assert "您已拒绝" in owner.get(address("consent", row.id)).content.decode()
    again = owner.post(address("consent", row.id), form)
    assert again.status_code in (409, 412)
    fresh = Authorisation.objects.get(id=row.id)
    late = owner.post(address("consent", row.id), card(fresh, binding))
    if late.status_code == 200:
        late = owner.post(address("consent_confirm", row.id), fields(late.content.decode()))
    assert late.status_code == 409
    assert state_of(row) == "refused"


def test_a_request_that_was_not_answered_in_time_cannot_be_confirmed(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    cast.clock.advance(timedelta(days=40))
    owner = visitor(cast.owner)
    page = owner.get(address("consent", row.id)).content.decode()
    assert "逾期未答" in page
    assert "确认" not in page.split("<h1")[1]
    seen = owner.post(address("consent", row.id), card(row, binding))
    if seen.status_code == 200:
        seen = owner.post(address("consent_confirm", row.id), fields(seen.content.decode()))
    assert seen.status_code == 409


# -- more, and no more ------------------------------------------------------------------------------------------------


def test_an_append_adds_and_a_withdrawal_ends(cast: Cast, visitor: Visitor) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding, months_back=12, max_queries=1)
    owner = visitor(cast.owner)
    assert owner.get(address("consent_append", row.id)).status_code == 200
    more = card(row, binding, months="24", queries="3")
    seen = owner.post(address("consent_append", row.id), more)
    assert (
        owner.post(address("consent_append_confirm", row.id), fields(seen.content.decode())).status_code
        == 302
    )
    after = Authorisation.objects.get(id=row.id)
    assert (after.months, after.max_queries, after.seq) == (24, 3, 2)
    seen = owner.get(address("consent_withdraw", row.id))
    assert "撤回" in seen.content.decode()
    assert state_of(row) == "confirmed"
    assert owner.post(address("consent_withdraw", row.id), fields(seen.content.decode())).status_code == 302
    assert state_of(row) == "withdrawn"
    assert owner.get(address("consent_append", row.id)).headers["Location"] == address("consent", row.id)


def test_queries_are_added_to_an_authorisation_whose_queries_are_used_up(
    cast: Cast, visitor: Visitor
) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding, max_queries=1)
    Authorisation.objects.filter(id=row.id).update(uses=1)
    owner = visitor(cast.owner)
    page = owner.get(address("consent", row.id)).content.decode()
    assert "次数用完" in page
    assert address("consent_append", row.id) in page
    seen = owner.post(address("consent_append", row.id), card(row, binding, queries="3"))
    done = owner.post(address("consent_append_confirm", row.id), fields(seen.content.decode()))
    assert done.status_code == 302
    assert Authorisation.objects.get(id=row.id).max_queries == 3
    assert "次数用完" not in owner.get(address("consent", row.id)).content.decode()


def test_a_withdrawal_needs_the_factor_too(cast: Cast, visitor: Visitor) -> None:
    row = cast.confirmed(cast.bound())
    owner = visitor(cast.owner)
    response = owner.post(address("consent_withdraw", row.id), {"version": str(row.version)})
    assert response.status_code == 403
    assert "SECOND_FACTOR_REQUIRED" in response.content.decode()
    assert state_of(row) == "confirmed"


# -- capacities -------------------------------------------------------------------------------------------------------


def test_a_passkeys_answer_that_is_no_answer_is_refused_with_a_page(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
    SecondFactor.objects.update(method="passkey")
    for nonsense in ("", "[]", "null", "[" * 100_000, '{"id": "\\u0000"}', '{"id": 1, "response": 2}'):
        response = owner.post(
            address("consent_confirm", row.id), {**form, "method": ["passkey"], "credential": [nonsense]}
        )
        assert response.status_code == 401, nonsense[:20]
    assert state_of(row) == "requested"


def test_a_closed_account_can_be_unbound_from_its_page(cast: Cast, visitor: Visitor) -> None:
    account = cast.bound()
    record_closure(actor=cast.system, binding_id=account.id, at=cast.now)
    owner = visitor(cast.owner)
    assert f'href="{address("unbind", account.id)}"' in owner.get(address("accounts")).content.decode()
    assert owner.get(address("unbind", account.id)).status_code == 200
    owner.post(address("unbind", account.id))
    assert Binding.objects.get(id=account.id).state == "unbound"


def test_an_agent_without_the_scope_reads_but_does_not_decide(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    reader = visitor(cast.reader)
    assert reader.get(address("consent", row.id)).status_code == 200
    refused = reader.post(address("consent", row.id), {"decision": "refuse", "version": str(row.version)})
    assert refused.status_code == 403
    assert "SUBJECT_NOT_AUTHORISED" in refused.content.decode()
    seen = reader.post(address("consent", row.id), card(row, binding))
    if seen.status_code == 200:
        seen = reader.post(address("consent_confirm", row.id), fields(seen.content.decode()))
    assert seen.status_code == 403
    assert state_of(row) == "requested"
    assert reader.post(address("unbind", binding.id)).status_code == 403
    assert Binding.objects.get(id=binding.id).state == "bound"


def test_an_agent_with_the_scope_decides_but_names_nobody(cast: Cast, visitor: Visitor) -> None:
    binding, row = cast.bound(), cast.requested()
    clerk = visitor(cast.clerk)
    form = fields(clerk.post(address("consent", row.id), card(row, binding)).content.decode())
    assert clerk.post(address("consent_confirm", row.id), form).status_code == 302
    named = clerk.post(
        address("agent_add"),
        {"name": "甲五", "id_no": READER_ID, "scope": ["authorise"], "valid_to": "2027-01-01"},
    )
    assert named.status_code == 403
    assert "委托一位代办人" not in clerk.get(address("me")).content.decode()


def test_a_former_representative_is_out_at_once_also_in_an_open_window(cast: Cast, visitor: Visitor) -> None:
    """Case A7: the window was open when the registration changed."""
    binding, row = cast.bound(), cast.requested()
    owner = visitor(cast.owner)
    form = fields(owner.post(address("consent", row.id), card(row, binding)).content.decode())
    enterprise = Enterprise.objects.get(id=cast.owner.enterprise_id)
    replace_legal_rep(enterprise=enterprise, name="甲七", id_no=STRANGER_ID, effective=cast.now, at=cast.now)
    response = owner.post(address("consent_confirm", row.id), form)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(reverse("public:login"))
    assert state_of(row) == "requested"


def test_an_ended_agent_is_out_at_once(cast: Cast, visitor: Visitor) -> None:
    clerk, owner = visitor(cast.clerk), visitor(cast.owner)
    assert clerk.get(address("home")).status_code == 200
    assert owner.post(address("agent_end", cast.clerk.person_id)).status_code == 302
    assert clerk.get(address("home")).status_code == 302


def test_a_session_cannot_be_turned_into_another_capacity(cast: Cast, visitor: Visitor) -> None:
    client = visitor(cast.stranger)
    session = client.session
    session[PERSON_KEY] = cast.owner.person_id  # a capacity of somebody else's account
    session.save()
    assert client.get(address("home")).status_code == 302


def test_the_representative_names_and_ends_an_agent(cast: Cast, visitor: Visitor) -> None:
    owner = visitor(cast.owner)
    form = {
        "name": "甲六",
        "id_no": f"{STRANGER_ID[:6]} {STRANGER_ID[6:]}",
        "scope": ["query"],
        "valid_to": "2027-01-31",
    }
    assert owner.post(address("agent_add"), form).headers["Location"].endswith("#people")
    person = EnterprisePerson.objects.filter(enterprise_id=cast.owner.enterprise_id, role="agent").latest(
        "valid_from"
    )
    page = owner.get(address("me")).content.decode()
    assert "甲*" in page
    assert STRANGER_ID not in page
    for wrong in (
        {"scope": ["everything"]},
        {"valid_to": "tomorrow"},
        {"valid_to": "2020-01-01"},
        {"valid_to": "9999-12-31"},
        {"valid_to": "0001-01-01"},
        {"scope": []},
    ):
        assert owner.post(address("agent_add"), {**form, "id_no": READER_ID, **wrong}).status_code == 422, (
            wrong
        )
    assert owner.post(address("agent_end", person.id)).status_code == 302
    assert owner.post(address("agent_end", person.id)).status_code == 404


# -- accounts ---------------------------------------------------------------------------------------------------------


def test_an_account_is_bound_in_three_steps_and_unbound_in_one(cast: Cast, visitor: Visitor) -> None:
    owner = visitor(cast.owner)
    choice = {"node": cast.node.id, "account_no": "6222 0000 1111 2222", "kind": "basic"}
    checked = owner.post(address("bind"), choice)
    binding = Binding.objects.get(enterprise_id=cast.owner.enterprise_id)
    assert checked.headers["Location"] == address("agreement", binding.id)
    page = owner.get(address("agreement", binding.id)).content.decode()
    assert "资金流信用信息委托提供协议" in page
    assert ACCOUNT_NO not in page
    assert owner.post(address("agreement_sign", binding.id), fields(page)).status_code == 302
    binding.refresh_from_db()
    assert binding.state == "bound"
    assert owner.get(address("agreement", binding.id)).headers["Location"] == address("accounts")
    granted = cast.confirmed(binding)
    warned = owner.get(address("unbind", binding.id)).content.decode()
    assert granted.authorisation_no in warned
    assert owner.post(address("unbind", binding.id)).status_code == 302
    binding.refresh_from_db()
    assert binding.state == "unbound"
    assert owner.post(address("unbind", binding.id)).status_code == 409


def test_a_node_suspended_between_the_agreement_and_its_signature_gets_its_copy_later(
    cast: Cast, visitor: Visitor
) -> None:
    owner, binding = visitor(cast.owner), cast.presented()
    page = owner.get(address("agreement", binding.id)).content.decode()
    set_node_status(actor=cast.operator, node_id=cast.node.id, active=False, at=cast.now)
    signed = owner.post(address("agreement_sign", binding.id), fields(page))
    assert signed.headers["Location"] == address("accounts")
    binding.refresh_from_db()
    assert binding.state == "agreement_signed"


@pytest.mark.parametrize(
    ("result", "said"),
    [("name_mismatch", "户名"), ("not_found", "没有这个账户"), ("closed", "销户"), ("not_eligible", "账户")],
)
def test_an_account_that_is_not_its_own_is_refused_at_the_field(
    cast: Cast, visitor: Visitor, result: str, said: str
) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (
        200,
        {"link": body["link"], "result": result},
    )
    response = visitor(cast.owner).post(
        address("bind"), {"node": cast.node.id, "account_no": ACCOUNT_NO, "kind": "basic"}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert said in page
    assert 'aria-invalid="true"' in page


def test_an_account_that_did_not_pass_is_listed_with_the_reason_the_bank_gave(
    cast: Cast, visitor: Visitor
) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (
        200,
        {"link": body["link"], "result": "not_found"},
    )
    owner = visitor(cast.owner)
    owner.post(address("bind"), {"node": cast.node.id, "account_no": ACCOUNT_NO, "kind": "basic"})
    page = owner.get(address("accounts")).content.decode()
    assert "开户行没有这个账户" in page
    assert "户名不一致" not in page


def test_a_number_that_is_none_is_told_what_a_number_looks_like(cast: Cast, visitor: Visitor) -> None:
    response = visitor(cast.owner).post(
        address("bind"), {"node": cast.node.id, "account_no": "123", "kind": "basic"}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert "有一项不符合要求" not in page
    assert page.count("8 到 32 位数字") >= 2  # at the field and in the summary of errors


def test_a_bank_that_does_not_answer_binds_nothing(cast: Cast, visitor: Visitor) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (500, {"detail": "broken"})
    response = visitor(cast.owner).post(
        address("bind"), {"node": cast.node.id, "account_no": ACCOUNT_NO, "kind": "basic"}
    )
    assert response.status_code == 422
    assert not Binding.objects.filter(state="bound").exists()


# -- the report, the ledger, statements ---------------------------------------------------------------------------------


def test_the_own_report_is_shown_once_recorded_and_kept_nowhere(cast: Cast, visitor: Visitor) -> None:
    binding = cast.bound()
    owner = visitor(cast.owner)
    form = {"account": binding.id, "product": "FLOW_REPORT", "months": "24"}
    response = owner.post(address("report"), form)
    page = response.content.decode()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert "经营流入" in page
    assert 'class="xq-src"' in page
    query = Query.objects.get()
    assert (query.kind, query.state, query.cipher) == ("self", "released", None)
    for session in Session.objects.all():
        assert set(session.get_decoded()) <= {
            PERSON_KEY, "_auth_user_id", "_auth_user_backend", "_auth_user_hash",
        }  # fmt: skip
    glance = owner.post(address("report_glance"), form, HTTP_HX_REQUEST="true").content.decode()
    assert "<html" not in glance
    assert glance.count("xq-fig") >= 4
    assert Query.objects.count() == 2
    summary = owner.post(address("report"), {**form, "product": "FLOW_SUMMARY"})
    assert summary.status_code == 200


@pytest.mark.parametrize("name", ["report", "report_pdf", "report_json", "report_glance"])
def test_an_account_of_somebody_else_has_no_report(cast: Cast, visitor: Visitor, name: str) -> None:
    foreign = cast.bound("6222000033334444", cast.stranger)
    owner = visitor(cast.owner)
    answers = [
        owner.post(address(name), {"account": one, "months": "12"}) for one in (foreign.id, "acc-" + "0" * 32)
    ]
    assert answers[0].status_code == answers[1].status_code
    assert answers[0].status_code in (403, 404)
    assert text_of(answers[0]) == text_of(answers[1])


def test_a_part_of_a_page_that_fails_is_a_part_of_a_page(cast: Cast, visitor: Visitor) -> None:
    binding = cast.bound()
    cast.fake.answers["/node/v1/products"] = lambda body: (500, {"detail": "broken"})
    response = visitor(cast.owner).post(
        address("report_glance"), {"account": binding.id, "months": "12"}, HTTP_HX_REQUEST="true"
    )
    page = response.content.decode()
    assert response.status_code in (502, 504)
    assert "<html" not in page
    assert 'role="alert"' in page
    assert "追踪号" in page


def test_the_ledger_names_the_account_filters_and_is_proved_offline(
    cast: Cast, visitor: Visitor, tmp_path: Path
) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)
    owner = visitor(cast.owner)
    owner.post(address("report"), {"account": binding.id, "months": "12"})
    cast.withdraw(cast.owner, row)
    every = owner.get(address("ledger")).content.decode()
    for words in (
        "您撤回了给岚江农商银行的授权",
        "您自己查了资金流报告",
        "青屿银行数据节点 尾号 2222绑定成功",
    ):
        assert words in every
    only = owner.get(
        address("ledger"), {"kind": "consent", "span": "30", "party": "岚江农商银行"}
    ).content.decode()
    assert "您撤回了给岚江农商银行的授权" in only
    assert "您自己查了资金流报告" not in only
    cast.clock.advance(timedelta(days=40))
    assert "您撤回了" not in owner.get(address("ledger"), {"span": "30"}).content.decode()
    assert "您撤回了" in owner.get(address("ledger"), {"span": "90"}).content.decode()
    nonsense = owner.get(address("ledger"), {"kind": "<script>", "span": "-1", "party": "'; drop"})
    assert nonsense.status_code == 200
    assert "<script>" not in nonsense.content.decode().split("<main")[1]
    export = owner.get(address("ledger_export"))
    assert export.headers["Cache-Control"] == "no-store"
    assert export.headers["Content-Disposition"].startswith("attachment;")
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(export.content)
    assert verify_file(path).ok


def test_no_page_shows_a_number_of_a_person_or_an_account(cast: Cast, visitor: Visitor) -> None:
    binding = cast.bound()
    granted = cast.confirmed(binding)
    cast.requested(ref="SQ-0002")
    owner = visitor(cast.owner)
    places = [address(name) for name in PAGES]
    places += [address(name, granted.id) for name in ("consent", "consent_append", "consent_withdraw")]
    places += [address("unbind", binding.id)]
    for place in places:
        page = owner.get(place).content.decode()
        for canary in (ACCOUNT_NO, OWNER_ID, CLERK_ID, READER_ID, ACCOUNT_NO[4:12]):
            assert canary not in page, place
    exported = owner.get(address("ledger_export")).content.decode()
    for canary in (ACCOUNT_NO, OWNER_ID, CLERK_ID, READER_ID):
        assert canary not in exported


def test_statements_are_its_own(cast: Cast, visitor: Visitor) -> None:
    cast.bound()
    owner = visitor(cast.owner)
    text = "<b>停产</b> 9 天"
    assert owner.post(address("statement_add"), {"text": text}).status_code == 302
    assert "&lt;b&gt;停产&lt;/b&gt; 9 天" in owner.get(address("me")).content.decode()
    assert owner.post(address("statement_add"), {"text": "字" * 301}).status_code == 422
    foreign = add_statement(actor=cast.stranger, text="别家的话", binding_id=None, at=cast.now)
    assert owner.post(address("statement_withdraw", foreign.id)).status_code == 404
    assert Statement.objects.get(id=foreign.id).withdrawn_at is None
    mine = Statement.objects.get(enterprise_id=cast.owner.enterprise_id)
    assert owner.post(address("statement_withdraw", mine.id)).status_code == 302


def test_what_was_said_by_others_is_text_and_never_markup(cast: Cast, visitor: Visitor) -> None:
    cast.bound()
    row = cast.requested()
    attack = '<img src=x onerror="alert(1)">'
    Authorisation.objects.filter(id=row.id).update(message=attack, operator_name=attack, business_ref=attack)
    owner = visitor(cast.owner)
    for place in (address("home"), address("consents"), address("consent", row.id), address("ledger")):
        assert attack not in owner.get(place).content.decode()


def test_a_departments_node_is_no_bank_to_bind_at(cast: Cast, visitor: Visitor) -> None:
    assert cast.node.name in text_of(visitor(cast.owner).get(address("bind")))
    Node.objects.filter(id=cast.node.id).update(has_accounts=False)
    client = visitor(cast.owner)
    assert cast.node.id not in client.get(address("bind")).content.decode()
    form = {"provider": cast.node.id, "account_no": ACCOUNT_NO, "kind": "basic"}
    assert client.post(address("bind"), form).status_code in (404, 422)
    assert not Binding.objects.exists()
