"""A firm declares things about itself: versions that stay, who may, what reports carry of it."""

import json
import re
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import reverse
from pytest_django import Settings
from tests.hub.cast import Cast
from tests.hub.portals.conftest import Visitor, text_of, visitor  # noqa: F401 - a fixture
from tests.hub.reports.test_institution import Bank, bank  # noqa: F401 - a fixture

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale
from xinqiao.domain.report import Availability
from xinqiao.hub import runtime as hub
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.reports import declarations, services
from xinqiao.hub.apps.reports.holdings import Holdings
from xinqiao.hub.apps.reports.models import SelfDeclaration
from xinqiao.hub.apps.reports.services import issue_own

SAID = {"staff": "36", "main_products": "小型收割机", "contact_mobile": "13800005678"}


def declare(cast: Cast, seen: int = 0, actor: EnterpriseActor | None = None, **changes) -> SelfDeclaration:
    values = {"cells": SAID, "shared": True, "committed": True, **changes}
    return declarations.declare(actor=actor or cast.owner, expected_version=seen, at=cast.now, **values)


def test_a_version_is_kept_with_its_leaf_and_the_next_leaves_it_as_it_was(cast: Cast) -> None:
    first = declare(cast)
    second = declare(cast, 1, cells={**SAID, "staff": "40"})
    assert (first.version, second.version, second.filled) == (1, 2, 3)
    assert declarations.one_version(cast.owner, 1).texts["staff"] == "36"
    newest = declarations.declared(cast.owner)
    assert newest is not None
    assert newest.texts["staff"] == "40"
    assert [row.version for row in declarations.versions(cast.owner)] == [2, 1]
    told = json.loads(bytes(Leaf.objects.get(index=second.leaf_index).body))
    assert told["facts"] == {
        "act": "self_declared", "version": 2, "form": 1, "filled": 3, "shared": True, "commitment": first.commitment,
    }  # fmt: skip
    assert set(told["commitments"]) == {"said"}


def test_nothing_that_was_said_stands_in_clear(cast: Cast) -> None:
    declare(cast)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM reports_selfdeclaration")
        kept = str(cursor.fetchall())
        cursor.execute("SELECT body FROM audit_leaf")
        kept += "".join(bytes(row[0]).decode() for row in cursor.fetchall())
    assert not re.search("小型收割机|13800005678", kept)


def test_a_version_that_is_no_longer_the_newest_is_not_built_upon(cast: Cast) -> None:
    declare(cast)
    for seen in (0, 2, -1):
        with pytest.raises(Stale):
            declare(cast, seen)
    with pytest.raises(Stale):
        declarations.take_back(actor=cast.owner, expected_version=0, at=cast.now)
    assert SelfDeclaration.objects.count() == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"cells": {**SAID, "staff": "很多"}}, "staff"),
        ({"cells": {"staff": " "}}, "main_products"),
        ({"committed": False}, "commitment"),
    ],
)
def test_what_cannot_be_taken_names_the_field(cast: Cast, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        declare(cast, **changes)
    assert refused.value.facts["field"] == field
    assert not SelfDeclaration.objects.exists()


def test_an_agent_without_the_scope_may_not_and_others_see_nothing(cast: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        declare(cast, actor=cast.reader)
    assert refused.value.code is Code.SUBJECT_NOT_AUTHORISED
    declare(cast)
    assert declarations.declared(cast.stranger) is None
    for number in (1, 2):
        with pytest.raises(NotFound):
            declarations.one_version(cast.stranger, number)
    assert declare(cast, actor=cast.stranger).version == 1


def test_taking_back_is_a_version_too(cast: Cast, holdings: Holdings) -> None:
    with pytest.raises(Conflict):
        declarations.take_back(actor=cast.owner, expected_version=0, at=cast.now)
    declare(cast)
    row = declarations.take_back(actor=cast.owner, expected_version=1, at=cast.now)
    assert (row.version, row.filled, row.commitment) == (2, 0, "")
    with pytest.raises(Conflict):
        declarations.take_back(actor=cast.owner, expected_version=2, at=cast.now)
    assert declarations.one_version(cast.owner, 1).filled == 3
    said = issue_own(actor=cast.owner, holdings=holdings, at=cast.now).head.beside.said
    assert said.availability is Availability.NO_RECORD


def test_where_the_platform_asks_for_nothing_nothing_is_taken(
    cast: Cast, holdings: Holdings, settings: Settings
) -> None:
    declare(cast)
    settings.DECLARED_ASKED = False
    with pytest.raises(Conflict):
        declare(cast, 1)
    said = issue_own(actor=cast.owner, holdings=holdings, at=cast.now).head.beside.said
    assert said.availability is Availability.NOT_COLLECTED


def test_both_reports_carry_it_marked_as_the_firms_own_word(cast: Cast, bank: Bank) -> None:  # noqa: F811
    declare(cast)
    made = issue_own(actor=cast.owner, holdings=bank.holdings, at=cast.now).document["self_declared"]
    asked = bank.issued(bank.granted(), calls=frozenset()).document["self_declared"]
    for one in (made, asked):
        assert isinstance(one, dict)
        assert (one["verified"], one["mode"], one["version"]) == (False, "self_declared", 1)
        assert [(f["name"], f["text"], f["masked"]) for f in one["fields"]] == [
            ("main_products", "小型收割机", False), ("staff", "36", False), ("contact_mobile", "138****5678", True),
        ]  # fmt: skip


def test_what_is_not_shared_is_not_told_whether_there_is_anything(cast: Cast, bank: Bank) -> None:  # noqa: F811
    declare(cast, shared=False)
    granted = bank.granted()
    held_back = bank.issued(granted, calls=frozenset()).document["self_declared"]
    declarations.take_back(actor=cast.owner, expected_version=1, at=cast.now)
    assert bank.issued(granted, calls=frozenset()).document["self_declared"] == held_back
    assert isinstance(held_back, dict)
    assert (held_back["availability"], held_back["fields"]) == ("not_authorised", [])


def test_a_report_under_way_does_not_go_out_with_what_is_no_longer_shared(
    cast: Cast,
    bank: Bank,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    declare(cast)
    granted, calls = bank.granted(), []

    def gathered(actor, **named):
        found = real_gather(actor, **named)
        if not calls:
            calls.append(declare(cast, 1, shared=False))
        return found

    real_gather = services.beside_for
    monkeypatch.setattr(services, "beside_for", gathered)
    said = bank.issued(granted, calls=frozenset()).document["self_declared"]
    assert isinstance(said, dict)
    assert said["availability"] == "not_authorised"
    assert len(calls) == 1


def test_a_form_that_cannot_be_read_stops_the_start(cast: Cast, tmp_path: Path, settings: Settings) -> None:
    settings.XINQIAO_DECLARED_FORM, settings.SECRET_KEY_IS_EPHEMERAL = tmp_path / "form.toml", False
    settings.SECRET_KEY = "x" * 60
    with pytest.raises(ImproperlyConfigured, match="XINQIAO_DECLARED_FORM"):
        hub.start()


# -- pages ------------------------------------------------------------------------------------------------------------


def test_the_firm_fills_in_the_form_and_reads_its_versions(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    client, address = visitor(cast.owner), reverse("enterprise:declared")
    page = client.get(address).content.decode()
    assert page.count("<h1") == 1
    assert "未经核实" in page
    typed = {**SAID, "customer_kinds": ["firm", "abroad"], "version": "0", "commitment": "on", "shared": "on"}
    assert client.post(address, typed).status_code == 302
    page = text_of(client.get(address))
    assert "第 1 版" in page
    assert 'value="abroad" checked' in client.get(address).content.decode()
    old = text_of(client.get(reverse("enterprise:declared_version", args=[1])))
    assert "企业；境外客户" in old
    assert client.post(address, typed).status_code == 412
    assert client.post(reverse("enterprise:declared_back"), {"version": "1"}).status_code == 302
    assert SelfDeclaration.objects.count() == 2


def test_what_was_declared_in_labels_is_ticked_in_the_form(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    form = hub.runtime.declared_form
    assert form is not None
    tick = next(one for one in form.fields if one.multiple)
    choice = next(one for one in form.fields if one.code_list and not one.multiple)
    (first, word), (second, other), *_ = form.code_lists[tick.code_list or ""].entries.items()
    code, label = next(iter(form.code_lists[choice.code_list or ""].entries.items()))
    cells = {tick.name: f"{word}；{other}", choice.name: label}
    declare(cast, cells=cells)
    page = visitor(cast.owner).get(reverse("enterprise:declared")).content.decode()
    boxes = re.findall(rf'<input[^>]* name="{tick.name}"[^>]*>', page)
    assert {re.findall(r'value="([^"]*)"', box)[0] for box in boxes if " checked" in box} == {first, second}
    assert re.search(rf'<option value="{code}" selected', page)
    english = visitor(cast.owner).get(reverse("enterprise:declared"), {"lang": "en"}).content.decode()
    for words in ("farmers and cooperatives", "used free of charge", "kinds only, no names"):
        assert words in english
    assert "个体工商户" not in english


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(cast: Cast, visitor: Visitor) -> None:  # noqa: F811
    response = visitor(cast.owner).post(
        reverse("enterprise:declared"), {**SAID, "website": "www", "version": "0", "commitment": "on"}
    )
    page = response.content.decode()
    assert response.status_code == 422
    assert 'href="#f-website"' in page
    assert 'value="www"' in page
    response = visitor(cast.owner).post(reverse("enterprise:declared"), {**SAID, "version": "0"})
    assert "请看过承诺再勾选" in text_of(response)


def test_pages_are_for_those_who_may_and_for_platforms_that_ask(
    cast: Cast,
    visitor: Visitor,  # noqa: F811
    settings: Settings,
) -> None:
    declare(cast)
    assert visitor(cast.reader).get(reverse("enterprise:declared")).status_code == 403
    assert visitor(cast.stranger).get(reverse("enterprise:declared_version", args=[1])).status_code == 404
    settings.DECLARED_ASKED = False
    assert visitor(cast.owner).get(reverse("enterprise:declared")).status_code == 404
