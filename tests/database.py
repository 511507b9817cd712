"""The databases of the tests, quick to empty and quick to fill again.

Both are done in plain SQL: what a test finds is what Django's ``flush`` and the services would have left, in a tenth
of the time. ``tests/hub/test_curtain.py`` holds the two sides beside each other.
"""

import shutil
import sqlite3
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection, connections, transaction
from django.test import TransactionTestCase

#: Filled after the migrations by Django itself, the same every time, and written by nobody of ours.
KEPT = frozenset({"django_migrations", "django_content_type", "auth_permission"})


@cache
def tables() -> tuple[str, ...]:
    """Every table a test may write, quoted."""
    found = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return tuple(connection.ops.quote_name(name) for name in sorted(found) if name not in KEPT)


def empty(using: str = "default") -> None:
    """Delete every row (``TRUNCATE`` of all tables costs PostgreSQL ten times as much for the few rows of a test)."""
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        if connections[using].vendor == "postgresql":
            cursor.execute(";".join(f"DELETE FROM {name}" for name in tables()))
            return
        for name in tables():
            cursor.execute(f"DELETE FROM {name}")


def empty_after(case: TransactionTestCase) -> None:
    """In place of ``TransactionTestCase._fixture_teardown``, which also makes all permissions anew each time."""
    for name in case._databases_names(include_mirrors=False):  # type: ignore[attr-defined]
        empty(name)


class KeptRows:
    """All rows as they are now, to be put into the empty database of one test after another.

    ``name`` is that of the schema which holds them on PostgreSQL.
    """

    def __init__(self, name: str) -> None:
        self._schema = name
        self._sqlite: list[tuple[str, Sequence[Any]]] = []
        self._postgres = ""
        if connection.vendor == "postgresql":
            self._keep_in_schema()
        else:
            self._keep_here()

    def _keep_in_schema(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {self._schema} CASCADE; CREATE SCHEMA {self._schema}")
            filled = []
            for name in tables():
                cursor.execute(f"SELECT EXISTS (SELECT FROM {name})")
                if cursor.fetchone() == (True,):
                    cursor.execute(f"CREATE TABLE {self._schema}.{name} AS TABLE {name}")
                    filled.append(name)
        self._postgres = ";".join(
            f"INSERT INTO {name} SELECT * FROM {self._schema}.{name}" for name in filled
        )

    def _keep_here(self) -> None:
        # A connection without Django's converters: values as they are stored.
        with sqlite3.connect(str(connection.settings_dict["NAME"])) as plain:
            for name in tables():
                rows = plain.execute(f"SELECT * FROM {name}").fetchall()
                if rows:
                    marks = ",".join("?" * len(rows[0]))
                    self._sqlite.append((f"INSERT INTO {name} VALUES ({marks})", rows))
        plain.close()

    def put(self) -> None:
        """Write them, in the transaction that is open."""
        if self._postgres:
            with connection.cursor() as cursor:
                cursor.execute(self._postgres)
        for insert, rows in self._sqlite:
            connection.connection.executemany(insert, rows)


def copy_of_migrated(source: Path | None, home: Path) -> None:
    """Give ``home`` the hub's database as all migrations leave it, so that a program started there finds it made.

    Without a ``source`` (the tests run on PostgreSQL) nothing is copied, and the program migrates for itself.
    """
    if source is not None:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copyfile(source, home / "hub.sqlite3")
