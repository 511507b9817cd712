"""The short ways of the tests' databases lead where the long ways lead."""

import re
from datetime import timedelta

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings
from tests import database
from tests.hub.cast import Cast, make_cast
from tests.hub.curtain import Act, Curtain

from xinqiao.clock import AdjustableClock
from xinqiao.hub.apps.audit.models import Leaf, LogHead

_BY_CHANCE = re.compile(r"[0-9A-Za-z_+/=.-]{20,}")


def shape() -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, with what is different each time (ids, keys, hashes, secrets) blanked."""

    def plain(value: object) -> object:
        if isinstance(value, bytes | memoryview):
            return "bytes"
        return _BY_CHANCE.sub("#", str(value))

    found = {}
    for model in apps.get_models():
        fields = [field for field in model._meta.concrete_fields if not field.primary_key]
        # what takes the machine's own time says when it was made, not what
        columns = [field.attname for field in fields if not getattr(field, "auto_now_add", False)]
        rows = [tuple(map(plain, row)) for row in model._base_manager.values_list(*columns)]
        if rows:
            found[model._meta.label] = sorted(rows, key=str)
    return found


def test_the_cast_of_every_test_is_the_one_the_services_make(
    transactional_db: None, curtain: Curtain, clock: AdjustableClock
) -> None:
    curtain.up(clock)
    kept = shape()
    database.empty()
    make_cast(clock)
    assert len(kept["identity.User"]) >= 8
    assert len(kept["audit.Leaf"]) > 5
    assert kept == shape()


def test_what_was_done_before_a_test_is_what_the_services_do(
    transactional_db: None, curtain: Curtain, clock: AdjustableClock
) -> None:
    act = Act(curtain, "kept_trial", lambda one: one.confirmed(one.bound()))
    cast, kept = act.up(clock)
    rows, calls = shape(), cast.fake.calls
    database.empty()
    made = make_cast(clock)
    again = made.confirmed(made.bound())
    assert rows == shape()
    assert (kept.state, kept.version) == (again.state, again.version)
    assert [path for path, _ in calls] == [path for path, _ in made.fake.calls] != []
    database.empty()
    _, other = act.up(clock)
    assert (other.id, other is kept) == (kept.id, False)


def test_the_cast_acts_and_its_log_goes_on_from_its_last_leaf(cast: Cast) -> None:
    before = LogHead.objects.get().size
    row = cast.confirmed(cast.bound())
    cast.withdraw(cast.owner, row)
    assert LogHead.objects.get().size == Leaf.objects.count() > before
    assert cast.fake.calls


def test_a_cast_at_another_time_is_made_for_it(db: None, curtain: Curtain, clock: AdjustableClock) -> None:
    clock.advance(timedelta(days=400))
    curtain.up(clock)
    assert LogHead.objects.get().last_at == clock.now()


def test_a_cast_under_another_setting_is_made_for_it(
    db: None, curtain: Curtain, clock: AdjustableClock, settings: Settings
) -> None:
    settings.XINQIAO_HUB_ID = "hub-another"
    curtain.up(clock)
    assert LogHead.objects.get().origin == "hub-another/audit"


def filled() -> set[str]:
    """Tables with a row in them."""
    with connection.cursor() as cursor:
        found = set()
        for name in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f"SELECT 1 FROM {connection.ops.quote_name(name)} LIMIT 1")
            if cursor.fetchone():
                found.add(name)
    return found


@pytest.mark.parametrize("way", ["short", "long"])
def test_after_a_test_with_real_commits_nothing_is_left(stage: Cast, way: str) -> None:
    always = filled() & database.KEPT
    stage.confirmed(stage.bound())
    assert filled() - database.KEPT
    if way == "short":
        database.empty()
    else:
        call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    assert filled() - {"django_migrations"} == always - {"django_migrations"}
