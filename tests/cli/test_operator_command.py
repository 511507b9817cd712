"""``xinqiao operator`` and ``xinqiao anchor``: the first people and the anchor of a platform, without a shell."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import Cast

from xinqiao.cli import main
from xinqiao.clock import AdjustableClock
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.runtime import runtime
from xinqiao.provider.directory import read_anchor

PASSWORD = "oak-river-lantern-7"
OUTSIDE = {n: v for n, v in os.environ.items() if not n.startswith(("XINQIAO_", "DJANGO_"))}

type Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run ``xinqiao …`` with a line on standard input: its status and what it said on either stream."""

    def run(*words: str, line: str = PASSWORD) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(line + "\nmore"))
        status = main(list(words))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def add(command: Command, login: str, *roles: str, line: str = PASSWORD) -> tuple[int, str, str]:
    options = [word for role in roles for word in ("--role", role)]
    return command("operator", "add", login, *options, "--password-stdin", line=line)


def test_the_first_people_of_a_fresh_platform(db: None, command: Command) -> None:
    assert add(command, "admin", "admin", "service")[0] == 0
    assert add(command, "security", "security")[0] == 0
    assert add(command, "auditor", "auditor")[0] == 0
    made = {user.username: (user.kind, user.roles) for user in User.objects.all()}
    assert made == {
        "admin": ("operator", ["admin", "service"]),
        "security": ("operator", ["security"]),
        "auditor": ("auditor", []),
    }
    assert User.objects.get(username="admin").check_password(PASSWORD)
    leaves = [json.loads(bytes(leaf.body)) for leaf in Leaf.objects.all()]
    assert [leaf["facts"] for leaf in leaves] == [
        {"act": "operator_added", "by": "system:cli", "kind": kind, "roles": roles}
        for kind, roles in (("operator", ["admin", "service"]), ("operator", ["security"]), ("auditor", []))
    ]
    assert "admin" not in json.dumps([leaf["ids"] for leaf in leaves])  # opaque ids, no names
    page = Client().post(reverse("public:staff_login"), {"username": "admin", "password": PASSWORD})
    assert page["Location"] == reverse("operator:home")


def test_somebody_is_shown_by_name_and_by_login_without_one(db: None, command: Command) -> None:
    assert command("operator", "list") == (0, "", "还没有人 nobody yet: xinqiao operator add\n")
    command("operator", "add", "lin", "--role", "admin", "--name", "林知远", "--password-stdin")
    add(command, "aud", "auditor")
    status, said, _ = command("operator", "list")
    assert status == 0
    assert said.splitlines() == [
        "aud  aud     审计员 auditor        在用 active",
        "lin  林知远  管理员 administrator  在用 active",
    ]
    told = json.loads(command("operator", "list", "--json")[1])
    assert [(one["login"], one["name"], one["roles"], one["active"]) for one in told] == [
        ("aud", "aud", ["auditor"], True),
        ("lin", "林知远", ["admin"], True),
    ]


@pytest.mark.parametrize(
    ("login", "roles", "password", "said"),
    [
        ("x", ["admin"], "short", "至少 12 个字符"),
        ("x", ["admin"], "", "至少 12 个字符"),
        ("x", ["admin"], "qwertyuiop123", "太常见"),
        ("long-login-name", ["admin"], "long-login-name1", "和登录名太像"),
        ("Admin", ["admin"], PASSWORD, "小写字母"),
        ("", ["admin"], PASSWORD, "小写字母"),
        ("a" * 41, ["admin"], PASSWORD, "小写字母"),
        ("x", ["auditor", "admin"], PASSWORD, "审计员不兼任"),
        ("x", ["admin", "security"], PASSWORD, "两个人"),
    ],
)
def test_what_cannot_be_added_is_said_and_nothing_is_written(
    db: None, command: Command, login: str, roles: list[str], password: str, said: str
) -> None:
    status, _, why = add(command, login, *roles, line=password)
    assert (status, said in why) == (2, True), why
    assert (User.objects.count(), Leaf.objects.count()) == (0, 0)


@pytest.mark.parametrize("words", [["x"], ["x", "--role", "boss"], ["--role", "admin"]])
def test_a_role_and_a_login_are_needed(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["operator", "add", *words])
    assert end.value.code == 2


def test_two_passwords_that_differ_add_nobody(
    db: None, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = [PASSWORD, PASSWORD + "x"]
    monkeypatch.setattr("xinqiao.cli.terminal.getpass", lambda _: typed.pop(0))
    status, _, why = command("operator", "add", "x", "--role", "admin")
    assert (status, "两次不一致" in why, User.objects.count()) == (2, True, 0)


def test_a_login_is_used_once_also_after_its_end(cast: Cast, command: Command) -> None:
    leaves = Leaf.objects.count()
    for taken in ("ops", "bank"):  # one of ours, and a member of an institution
        status, _, why = add(command, taken, "service")
        assert (status, "已经有人用" in why) == (2, True)
    assert Leaf.objects.count() == leaves
    command("operator", "end", "aud")
    assert add(command, "aud", "auditor")[0] == 2


def test_an_account_ends_at_once_with_its_sessions_and_only_once(cast: Cast, command: Command) -> None:
    add(command, "admin", "admin")
    client = Client()
    client.force_login(User.objects.get(username="sec"))
    assert client.get(reverse("operator:home")).status_code == 200
    leaves = Leaf.objects.count()
    assert command("operator", "end", "sec")[0] == 0
    assert client.get(reverse("operator:home"))["Location"].startswith(reverse("public:staff_login"))
    login = Client().post(
        reverse("public:staff_login"), {"username": "sec", "password": "long-enough-password"}
    )
    assert login.status_code == 401
    last = json.loads(bytes(Leaf.objects.order_by("-index")[1].body))  # the newest is the refused log-in
    assert last["facts"] == {"act": "operator_ended", "by": "system:cli", "kind": "operator"}
    assert Leaf.objects.count() == leaves + 2
    status, _, why = command("operator", "end", "sec")
    assert (status, "已经停用" in why, Leaf.objects.count()) == (2, True, leaves + 2)
    listed = json.loads(command("operator", "list", "--json")[1])
    assert [one["active"] for one in listed if one["login"] == "sec"] == [False]


def test_the_last_administrator_stays(cast: Cast, command: Command) -> None:
    add(command, "one", "admin")
    add(command, "two", "admin", "service")
    assert command("operator", "end", "one")[0] == 0
    leaves = Leaf.objects.count()
    status, _, why = command("operator", "end", "two")
    assert (status, "最后一位管理员" in why) == (2, True)
    assert (User.objects.get(username="two").is_active, Leaf.objects.count()) == (True, leaves)


@pytest.mark.parametrize("login", ["bank", "nobody"])
def test_only_the_platforms_own_people_are_ended_here(cast: Cast, command: Command, login: str) -> None:
    status, _, why = command("operator", "end", login)
    assert (status, "没有这个人" in why) == (2, True)
    assert not User.objects.filter(is_active=False).exists()


# -- the anchor --------------------------------------------------------------------------------------------------------


@pytest.fixture
def hub_key(db: None, tmp_path: Path, settings, clock: AdjustableClock):  # type: ignore[no-untyped-def]
    """A hub whose key is in a folder of this test, made by its first start."""
    settings.XINQIAO_HUB_KEY_FILE = tmp_path / "keys" / "hub.json"
    runtime.reset()
    runtime.__dict__["clock"] = clock
    return runtime.hub_key.public


def test_the_anchor_is_one_a_node_accepts_and_its_fingerprint_is_told(
    hub_key, command: Command, tmp_path: Path
) -> None:
    file = tmp_path / "hub-anchor.json"
    status, said, _ = command("anchor", "--out", str(file))
    assert (status, hub_key.kid in said, str(file) in said) == (0, True, True)
    assert read_anchor(file).keys.verify_key(hub_key.kid, runtime.clock.now()) is not None
    assert '"d"' not in file.read_text()
    status, said, told = command("anchor")
    assert (status, json.loads(said), hub_key.kid in told) == (0, json.loads(file.read_text()), True)


def test_an_anchor_is_not_overwritten_unless_forced(hub_key, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "hub-anchor.json"
    file.write_text("older")
    status, _, why = command("anchor", "--out", str(file))
    assert (status, "--force" in why, file.read_text()) == (2, True, "older")
    assert command("anchor", "--out", str(file), "--force")[0] == 0
    assert json.loads(file.read_text())["keys"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["hub-anchor.json", "keys"]  # no draft is left


def test_an_anchor_that_cannot_be_written_is_said(hub_key, command: Command, tmp_path: Path) -> None:
    status, _, why = command("anchor", "--out", str(tmp_path / "no" / "where.json"))
    assert (status, "没有写出" in why) == (2, True)


def test_before_the_first_start_nothing_is_made(tmp_path: Path) -> None:
    """The real commands in a folder of their own: a mistyped home must not become a second platform."""
    home = tmp_path / "home"
    for words in (["operator", "list"], ["anchor"]):
        done = subprocess.run(
            [sys.executable, "-m", "xinqiao.cli", *words], cwd=tmp_path, capture_output=True, text=True,
            check=False, env={**OUTSIDE, "XINQIAO_HOME": str(home), "XINQIAO_DEMO": "1"},
        )  # fmt: skip
        assert (done.returncode, "xinqiao serve" in done.stderr, done.stdout) == (2, True, ""), done.stderr
    assert list(tmp_path.iterdir()) == []
