"""``xinqiao doctor``: it works before anything is configured, names what is wrong, and changes nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from tests.database import copy_of_migrated
from tests.hub.cast import Cast

from xinqiao.cli import hub_checks, machine_checks
from xinqiao.cli.doctor import main_doctor
from xinqiao.cli.findings import State, as_table, bad, ok
from xinqiao.clock import AdjustableClock
from xinqiao.hub.apps.audit.services import append_leaf
from xinqiao.hub.runtime import runtime
from xinqiao.provider.setup import NodeSetup, write_home
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.keyfile import write_private
from xinqiao.trust.keys import SigningKey

OUTSIDE = {n: v for n, v in os.environ.items() if not n.startswith(("XINQIAO_", "DJANGO_"))}


def streamed(body: dict[str, str]) -> httpx.Response:
    """An answer as a server sends it: not read yet."""
    stream = httpx.ByteStream(json.dumps(body).encode())
    return httpx.Response(200, headers={"content-type": "application/json"}, stream=stream)


def doctor(folder: Path, *options: str, **variables: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Run the real command in a folder of its own; the findings by the English name of their check."""
    done = subprocess.run(
        [sys.executable, "-m", "xinqiao.cli", "doctor", "--json", "--offline", *options],
        cwd=folder, env={**OUTSIDE, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    answer = json.loads(done.stdout)
    assert answer["ok"] is (done.returncode == 0)
    return done.returncode, {found["check"].partition(" ")[2]: found for found in answer["findings"]}


def test_the_items_of_a_province_are_read_as_a_start_reads_them(tmp_path: Path) -> None:
    assert doctor(tmp_path)[1]["catalogue"]["state"] == "ok"
    folder = tmp_path / "province"
    folder.mkdir()
    (folder / "a.toml").write_text('id = "water_fee"\n')
    status, found = doctor(tmp_path, XINQIAO_CATALOGUE_DIR=str(folder))
    assert (status, found["catalogue"]["state"]) == (1, "bad")
    assert found["catalogue"]["said"].startswith("a.toml: ")


def test_without_any_configuration_it_says_what_is_missing_and_makes_nothing(tmp_path: Path) -> None:
    status, found = doctor(tmp_path)
    assert status == 1
    assert found["identity"]["state"] == "bad"  # nobody could log in
    assert {name: found[name]["state"] for name in ("home", "database")} == {
        "home": "note",
        "database": "note",
    }
    assert "hub.json" in found["hub key"]["said"]
    assert "field.json" in found["field key"]["said"]
    assert list(tmp_path.iterdir()) == []


def test_a_misspelled_variable_is_named(tmp_path: Path) -> None:
    status, found = doctor(tmp_path, XINQIAO_HOEM="x")
    assert status == 1
    assert "XINQIAO_HOEM" in found["settings"]["said"]


def test_a_demonstration_that_was_started_once_has_nothing_wrong_and_stays_as_it_was(
    migrated: Path | None, tmp_path: Path
) -> None:
    copy_of_migrated(migrated, tmp_path / "home")
    made = (
        "import os; from pathlib import Path; from xinqiao.hub.runtime import prepare_home;"
        "prepare_home(Path(os.environ['XINQIAO_HOME'])); import django; django.setup();"
        "from django.core.management import call_command; call_command('migrate', verbosity=0);"
        "from xinqiao.hub.runtime import start; start()"
    )
    variables = {"XINQIAO_HOME": str(tmp_path / "home"), "XINQIAO_DEMO": "1"}
    django = {"DJANGO_SETTINGS_MODULE": "xinqiao.hub.project.settings"}
    subprocess.run([sys.executable, "-c", made], env={**OUTSIDE, **variables, **django}, check=True)
    keys = {p.name: p.read_bytes() for p in (tmp_path / "home" / "keys").iterdir()}
    status, found = doctor(tmp_path, **variables)
    assert status == 0, found
    assert {found[name]["state"] for name in ("database", "migrations", "log")} == {"ok"}
    assert {p.name: p.read_bytes() for p in (tmp_path / "home" / "keys").iterdir()} == keys
    (tmp_path / "home" / "keys" / "hub.json").chmod(0o644)
    status, found = doctor(tmp_path, **variables)
    assert status == 1
    assert (found["hub key"]["state"], "0644" in found["hub key"]["said"]) == ("bad", True)


def test_a_key_file_is_judged_by_presence_mode_and_content(tmp_path: Path) -> None:
    path, read = tmp_path / "k.json", lambda raw: SigningKey.from_jwk(strict_object(raw))
    assert machine_checks.key_file("k", path, read, made="later").state is State.NOTE
    write_private(path, b"not a key")
    assert machine_checks.key_file("k", path, read, made="").state is State.BAD
    path.unlink()
    write_private(path, json.dumps(SigningKey.generate().to_jwk(private=True)).encode())
    assert machine_checks.key_file("k", path, read, made="").state is State.OK
    path.chmod(0o640)
    found = machine_checks.key_file("k", path, read, made="")
    assert (found.state, "0640" in found.said, "chmod 600" in found.step) == (State.BAD, True, True)


@pytest.mark.parametrize(
    ("free", "state"), [(1 << 20, State.BAD), (1 << 30, State.NOTE), (1 << 36, State.OK)], ids=str
)
def test_the_disk_is_judged_by_what_is_free(tmp_path: Path, free: int, state: State) -> None:
    (found,) = machine_checks.disk(tmp_path / "not" / "yet", usage=lambda _: (1 << 40, 0, free))
    assert found.state is state


def test_a_clock_that_nobody_sets_is_noted() -> None:
    assert machine_checks.clock(kernel=lambda: 5)[0].state is State.NOTE
    assert machine_checks.clock(kernel=lambda: 0)[0].state is State.OK


def test_a_log_without_a_recent_checkpoint_or_ahead_of_the_clock_is_wrong(
    cast: Cast, clock: AdjustableClock
) -> None:
    append_leaf(type="STATEMENT", at=clock.now())
    assert [f.state for f in hub_checks.audit()] == [State.OK]
    clock.set(clock.now().replace(year=2027))
    assert [f.state for f in hub_checks.audit()] == [State.BAD]
    clock.set(clock.now().replace(year=2025))
    assert [f.state for f in hub_checks.audit()] == [State.OK, State.BAD]


def test_a_database_that_runs_otherwise_is_named(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    found, readable = hub_checks.database()
    assert ([f.state for f in found if "checksums" not in f.check], readable) == ([State.OK] * 2, True)

    def refuse() -> None:
        raise ImproperlyConfigured("runs with synchronous=0")

    monkeypatch.setattr("xinqiao.hub.runtime.check_database", refuse)
    found, _ = hub_checks.database()
    assert (found[0].state, "synchronous=0" in found[0].said) == (State.BAD, True)


@pytest.mark.skipif(os.environ.get("XINQIAO_TEST_DATABASE_URL") is not None, reason="an SQLite statement")
def test_a_migration_that_waits_is_wrong(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'audit'")
    found, readable = hub_checks.database()
    assert (found[-1].state, "audit" in found[-1].said, readable) == (State.BAD, True, False)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ({"status": "ok", "data_as_of": "2026-11-20T16:00:00+00:00"}, State.OK),
        ({"status": "no_directory"}, State.BAD),
        ({"status": "ok", "node": "nod-another"}, State.BAD),
        (None, State.BAD),
    ],
    ids=["well", "without a directory", "another node", "silent"],
)
def test_each_node_is_asked(cast: Cast, answer: dict[str, str] | None, state: State) -> None:
    def reply(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/node/v1/health" or answer is None:
            raise httpx.ConnectError("nobody there")
        return streamed({"node": cast.node.id, **answer})

    directory, node = hub_checks.network(httpx.MockTransport(reply))
    assert (directory.state, node.state) == (State.NOTE, state)


def test_the_directory_at_the_public_address_must_be_this_hubs_own(cast: Cast) -> None:
    from xinqiao.hub.apps.identity.services import directory

    good = directory(at=runtime.clock.now())
    foreign = good.rpartition(".")[0] + "." + "A" * 86

    def reply(token: str) -> httpx.MockTransport:
        return httpx.MockTransport(lambda _: streamed({"directory": token}))

    assert hub_checks.network(reply(good))[0].state is State.OK
    assert hub_checks.network(reply(foreign))[0].state is State.BAD


def test_a_nodes_home_is_looked_at_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main_doctor(["--node", str(tmp_path), "--json"]) == 1
    assert "provider.toml" in capsys.readouterr().out
    home = tmp_path / "node"
    setup = NodeSetup(
        node_id="nod-" + "1" * 32, institution="ins-" + "1" * 32, name="岚江农商银行节点", bank_name="岚江农商银行",
        public_url="http://localhost:9", hub_id="hub-demo", hub_url="http://localhost:8",
    )  # fmt: skip
    write_home(home, setup, None)
    assert main_doctor(["--node", str(home), "--json"]) == 1
    found = {f["check"]: f["state"] for f in json.loads(capsys.readouterr().out)["findings"]}
    assert (found["节点设置 node"], found["节点密钥 node key"], found["平台公钥 anchor"]) == (
        "ok",
        "ok",
        "bad",
    )


def test_a_check_that_breaks_is_a_finding_and_the_table_counts_what_is_wrong() -> None:
    table = as_table([ok("甲", "a"), bad("乙乙", "b", "do c")])
    assert "do c" in table
    assert table.endswith("1 处有误 to be put right")


def test_the_whole_command_runs_on_the_hub_of_the_tests(
    cast: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    main_doctor(["--json", "--offline"])
    found = {f["check"]: f for f in json.loads(capsys.readouterr().out)["findings"]}
    assert found["数据库 database"]["state"] == "ok"
    assert [f for f in found.values() if "检查本身失败" in f["said"]] == []
