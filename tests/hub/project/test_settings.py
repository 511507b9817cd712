"""Settings fail loudly; the page that documents them is fresh; the database runs as it was told."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from pytest_django import Settings

from xinqiao.hub import runtime as hub
from xinqiao.hub.project.environment import VARIABLES, Environment, database, reference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "settings.md"


def test_the_reference_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference()


def test_every_variable_that_is_read_is_in_the_list() -> None:
    sources = Path(hub.__file__).parent / "project"
    text = "".join(file.read_text(encoding="utf-8") for file in sources.glob("settings.py"))
    read = {word for word in text.replace('"', " ").split() if word.startswith("XINQIAO_") and word.isupper()}
    assert {name for name in read if f'"{name}"' in text} <= {variable.name for variable in VARIABLES}


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("XINQIAO_DEMO", "yes", lambda env: env.flag("XINQIAO_DEMO")),
        ("XINQIAO_PUBLIC_URL", "example.test", lambda env: env.url("XINQIAO_PUBLIC_URL", "")),
        ("XINQIAO_PUBLIC_URL", "https://a.test/path", lambda env: env.url("XINQIAO_PUBLIC_URL", "")),
        ("XINQIAO_HUB_ID", "  ", lambda env: env.text("XINQIAO_HUB_ID")),
        ("XINQIAO_SECRET_KEY_FILE", "/absent", lambda env: env.secret("XINQIAO_SECRET_KEY", Path("/none"))),
        ("XINQIAO_DATABSE_URL", "x", lambda env: env.check_names()),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_name(name: str, value: str, read) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ImproperlyConfigured, match=name.removesuffix("_FILE")):
        read(Environment({name: value}))


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, "answer_days = 0", "terms ="])
def test_rules_of_redress_that_cannot_be_read_stop_the_start(
    content: str | None, tmp_path: Path, settings: Settings
) -> None:
    file = tmp_path / "redress.toml"
    if content is not None:
        file.write_text(content, encoding="utf-8")
    settings.XINQIAO_REDRESS_RULES, settings.SECRET_KEY_IS_EPHEMERAL = file, False
    settings.SECRET_KEY = "x" * 60
    del hub.runtime.redress_rules
    with pytest.raises(ImproperlyConfigured, match="XINQIAO_REDRESS_RULES"):
        hub.start()
    file.write_text("answer_days = 15", encoding="utf-8")
    hub.start()
    assert hub.runtime.redress_rules.answer_days == 15


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///", "mysql://x/y", "hub.sqlite3"])
def test_a_database_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured):
        database(url)


def test_a_postgresql_address_is_taken_apart() -> None:
    found = database("postgresql://me:p%40ss@db.test:5433/credit?sslmode=require")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "me",
        "p@ss",
        "db.test",
        "5433",
        "credit",
    )
    assert found["OPTIONS"]["sslmode"] == "require"  # type: ignore[index]
    assert database("postgresql:///credit?host=%2Frun%2Fpg")["HOST"] == "/run/pg"


@pytest.mark.django_db
def test_the_database_runs_with_the_settings_the_design_needs() -> None:
    hub.check_database()


@pytest.mark.django_db
def test_a_database_that_runs_otherwise_is_refused() -> None:
    statement = "PRAGMA synchronous=NORMAL" if connection.vendor == "sqlite" else "SET synchronous_commit=off"
    try:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("COMMIT")  # the pragma cannot be changed inside a transaction
            cursor.execute(statement)
        with pytest.raises(ImproperlyConfigured, match="synchronous"):
            hub.check_database()
    finally:
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA synchronous=FULL")
                cursor.execute("BEGIN")
            else:
                cursor.execute("SET synchronous_commit=on")


def test_a_start_without_a_session_key_is_refused(settings) -> None:  # type: ignore[no-untyped-def]
    settings.SECRET_KEY_IS_EPHEMERAL = True
    with pytest.raises(ImproperlyConfigured, match="XINQIAO_SECRET_KEY"):
        hub.start()


def test_the_demonstration_verifier_is_refused_on_a_real_platform(settings) -> None:  # type: ignore[no-untyped-def]
    settings.SECRET_KEY_IS_EPHEMERAL = False
    settings.SECRET_KEY = "x" * 64
    settings.DEMO = False
    with pytest.raises(ImproperlyConfigured, match="demonstration"):
        hub.start()


def test_a_prepared_home_starts_and_keeps_its_key(tmp_path: Path) -> None:
    """A fresh process on an empty folder: prepare, import the settings, start."""
    program = (
        "from pathlib import Path; import os; from xinqiao.hub.runtime import prepare_home;"
        "prepare_home(Path(os.environ['XINQIAO_HOME'])); import django; django.setup();"
        "from xinqiao.hub.runtime import runtime, start; start();"
        "from django.conf import settings; print(settings.SECRET_KEY[:8], runtime.hub_key.kid)"
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("XINQIAO_", "DJANGO_"))},
        "XINQIAO_HOME": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "xinqiao.hub.project.settings",
    }
    answers = [
        subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert oct((tmp_path / "keys" / "hub.json").stat().st_mode)[-3:] == "600"


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_a_mistake_in_the_items_of_a_province_stops_the_start(settings, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    settings.SECRET_KEY_IS_EPHEMERAL = False
    settings.SECRET_KEY = "x" * 64
    settings.XINQIAO_CATALOGUE_DIR = tmp_path
    (tmp_path / "a.toml").write_text('id = "water_fee"\n')
    del hub.runtime.catalogue
    with pytest.raises(ImproperlyConfigured, match=r"XINQIAO_CATALOGUE_DIR: a\.toml"):
        hub.start()
