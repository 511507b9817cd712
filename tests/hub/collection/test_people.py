"""Sources and their people: letting in, adding, ending; four wrong people; logging in; the session that ends."""

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.collection.sources import ITEM, PASSWORD, Suppliers

from xinqiao.domain.errors import Conflict, Forbidden, Invalid, NotFound, XinqiaoError
from xinqiao.hub.actors import OperatorActor, OperatorRole, SourceRole
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import selectors as identity_selectors
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.models import Source, SourceMember, User

ADMIN = OperatorActor("usr-admin", frozenset({OperatorRole.ADMIN}))


def _register(suppliers: Suppliers, **changes: object) -> SourceMember:
    values = {
        "actor": ADMIN, "code": "power", "name": "澄州供电公司", "short_name": "澄州供电", "kind": "utility",
        "division": "330100", "items": ["electricity_fee"], "username": "power.steward", "password": PASSWORD,
        "display_name": "顾宁", "at": suppliers.now,
    }  # fmt: skip
    return identity.register_source(**{**values, **changes})  # type: ignore[arg-type]


def _rows() -> tuple[int, ...]:
    return (*(table.objects.count() for table in (Source, SourceMember, User)), Leaf.objects.count())


def test_a_source_comes_with_its_first_steward(suppliers: Suppliers) -> None:
    member = _register(suppliers)
    assert set(member.roles) == {SourceRole.STEWARD, SourceRole.SUPPLIER}
    assert member.source.items == ["electricity_fee"]
    client = Client()
    answer = client.post(reverse("public:staff_login"), {"username": "power.steward", "password": PASSWORD})
    assert answer.headers["Location"] == reverse("source:home")


@pytest.mark.parametrize(
    ("changes", "kind", "field"),
    [
        ({"code": "Power"}, Invalid, "code"),
        ({"code": "../x"}, Invalid, "code"),
        ({"code": "ybj"}, Conflict, "code"),
        ({"kind": "bank"}, Invalid, "kind"),
        ({"division": "33"}, Invalid, "division"),
        ({"items": []}, Invalid, "items"),
        ({"name": "澄州\u200b供电"}, Invalid, "name"),
        ({"username": "Power Steward"}, Invalid, "username"),
        ({"username": "ybj.steward"}, Conflict, "username"),
    ],
)
def test_a_wrong_source_is_refused_at_its_field_and_leaves_nothing(
    suppliers: Suppliers, changes: dict[str, object], kind: type[XinqiaoError], field: str
) -> None:
    before = _rows()
    with pytest.raises(kind) as refused:
        _register(suppliers, **changes)
    assert refused.value.facts.get("field") == field
    assert _rows() == before


def test_only_the_administrator_lets_sources_in_and_decides_what_they_send(suppliers: Suppliers) -> None:
    before = _rows()
    security = suppliers.cast.security
    source = suppliers.steward.source_id
    for act in (
        lambda: _register(suppliers, actor=security),
        lambda: identity.set_source_items(actor=security, source_id=source, items=[ITEM], at=suppliers.now),
        lambda: identity.set_source_status(actor=security, source_id=source, active=False, at=suppliers.now),
    ):
        with pytest.raises(Forbidden):
            act()
    assert _rows() == before


def test_a_steward_looks_after_the_people_of_one_source(suppliers: Suppliers) -> None:
    def add(actor: object, name: str = "ybj.new") -> SourceMember:
        return identity.add_source_member(
            actor=actor, source_id=suppliers.steward.source_id, username=name, password=PASSWORD,  # type: ignore[arg-type]
            display_name="甲", roles=frozenset({SourceRole.SUPPLIER}), at=suppliers.now,
        )  # fmt: skip

    for actor, kind in ((suppliers.supplier, Forbidden), (suppliers.stranger, NotFound)):
        with pytest.raises(kind):
            add(actor)
    member = add(suppliers.steward)
    with pytest.raises(Conflict):
        add(suppliers.steward)
    for actor, kind in ((suppliers.supplier, Forbidden), (suppliers.stranger, NotFound)):
        with pytest.raises(kind):
            identity.end_source_member(actor=actor, user_id=member.user_id, at=suppliers.now)
    with pytest.raises(Forbidden):  # not oneself
        identity.end_source_member(
            actor=suppliers.steward, user_id=str(suppliers.steward.user_id), at=suppliers.now
        )
    identity.end_source_member(actor=suppliers.steward, user_id=member.user_id, at=suppliers.now)
    with pytest.raises(NotFound):
        identity.end_source_member(actor=suppliers.steward, user_id=member.user_id, at=suppliers.now)


def test_a_session_ends_with_the_post_and_with_the_source(suppliers: Suppliers) -> None:
    client = Client()
    client.force_login(User.objects.get(username="ybj.supplier"))
    assert client.get(reverse("source:home")).status_code == 200
    identity.set_source_status(
        actor=ADMIN, source_id=suppliers.steward.source_id, active=False, at=suppliers.now
    )
    assert client.get(reverse("source:home")).status_code == 302
    with pytest.raises(Conflict):
        identity.set_source_status(
            actor=ADMIN, source_id=suppliers.steward.source_id, active=False, at=suppliers.now
        )
    identity.set_source_status(
        actor=ADMIN, source_id=suppliers.steward.source_id, active=True, at=suppliers.now
    )
    assert client.get(reverse("source:home")).status_code == 200
    identity.end_source_member(
        actor=suppliers.steward, user_id=str(suppliers.supplier.user_id), at=suppliers.now
    )
    assert client.get(reverse("source:home")).status_code == 302
    again = Client().post(reverse("public:staff_login"), {"username": "ybj.supplier", "password": PASSWORD})
    assert again.status_code == 401


def test_a_source_sees_only_its_own_people_attempts_and_leaves(suppliers: Suppliers) -> None:
    Client().post(reverse("public:staff_login"), {"username": "ybj.supplier", "password": PASSWORD})
    assert len(identity_selectors.login_attempts(suppliers.supplier)) == 1
    assert identity_selectors.login_attempts(suppliers.stranger) == []
    assert identity_selectors.source_members(suppliers.stranger, suppliers.steward.source_id) == []
    with pytest.raises(NotFound):
        identity_selectors.source(suppliers.stranger, suppliers.steward.source_id)
    assert [one.id for one in identity_selectors.sources(suppliers.stranger)] == [
        suppliers.stranger.source_id
    ]
    own = set(Leaf.objects.for_viewer(suppliers.steward).values_list("institution_id", flat=True))
    assert own == {suppliers.steward.source_id}
