"""What the operations pages tell people to run is run here."""

import json
import re
import shlex
import sqlite3
import textwrap
from datetime import timedelta
from pathlib import Path

import pytest
from tests.docs.code import ROOT

from xinqiao.cli import main
from xinqiao.cli.campaign import _parser
from xinqiao.clock import AdjustableClock
from xinqiao.hub.apps.audit.services import append_leaf
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.identity.services import directory
from xinqiao.hub.runtime import runtime
from xinqiao.provider.directory import TrustStore, read_anchor
from xinqiao.trust.jws import ArtefactType, sign_jws, verify_jws
from xinqiao.trust.verify import verify_file

OPERATIONS = ROOT / "docs" / "operations"
BLOCK = re.compile(r"^([ ]*)```python\n(.*?)^[ ]*```$", re.M | re.S)


def blocks(page: str) -> list[str]:
    """The programs of a page, in order."""
    text = (OPERATIONS / page).read_text(encoding="utf-8")
    return [textwrap.dedent(body) for _, body in BLOCK.findall(text)]


def run(program: str) -> None:
    exec(compile(program, "a page of docs/operations", "exec"), {})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings, clock: AdjustableClock):
    """A hub whose keys are in a folder of this test."""
    monkeypatch.chdir(tmp_path)
    settings.XINQIAO_HUB_KEY_FILE = tmp_path / "keys" / "hub.json"
    restart(clock)
    return tmp_path


def restart(clock: AdjustableClock) -> None:
    runtime.reset()
    runtime.__dict__["clock"] = clock


COMMAND = re.compile(r"^[ ]*xinqiao ((?:operator|anchor) [^\n…]+)$", re.M)


def commands() -> list[list[str]]:
    """The command lines about first people and the anchor on the front page, in order."""
    text = (OPERATIONS / "README.md").read_text(encoding="utf-8")
    return [shlex.split(line, comments=True) for line in COMMAND.findall(text)]


def write_the_anchor() -> None:
    """As the front page says, after the first start, which makes the key."""
    assert runtime.hub_key.kid
    (line,) = [words for words in commands() if words[0] == "anchor"]
    assert main(line) == 0


def test_the_first_people_have_their_roles(db, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinqiao.cli.terminal.getpass", lambda prompt: "a long word for a lamp")
    assert [main(words) for words in commands() if words[0] == "operator"] == [0, 0, 0, 0]
    made = {user.username: (user.kind, user.roles) for user in User.objects.all()}
    assert made == {
        "admin": ("operator", ["admin", "service"]),
        "security": ("operator", ["security"]),
        "auditor": ("auditor", []),
    }
    assert User.objects.get(username="admin").check_password("a long word for a lamp")


def test_the_anchor_file_is_one_a_node_accepts(db, home: Path) -> None:
    write_the_anchor()
    party = read_anchor(home / "hub-anchor.json")
    assert party.keys.verify_key(runtime.hub_key.kid, runtime.clock.now()) is not None


def test_the_backup_holds_what_was_committed_also_what_is_only_in_the_wal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XINQIAO_HOME", str(tmp_path))
    live = sqlite3.connect(tmp_path / "hub.sqlite3", isolation_level=None)
    live.execute("PRAGMA journal_mode=WAL")
    live.execute("CREATE TABLE t (n)")
    live.execute("INSERT INTO t VALUES (42)")
    run(blocks("backup.md")[0])
    assert sqlite3.connect(tmp_path / "backup.sqlite3").execute("SELECT n FROM t").fetchall() == [(42,)]
    live.close()


def test_the_exported_log_verifies_and_an_older_copy_is_found_by_a_kept_checkpoint(db, home: Path) -> None:
    append_leaf(type="STATEMENT", at=runtime.clock.now())
    run(blocks("backup.md")[1])
    (home / "log.jsonl").rename(home / "old.jsonl")
    append_leaf(type="STATEMENT", at=runtime.clock.now())
    run(blocks("backup.md")[1])
    kept = json.loads((home / "log.jsonl").read_text().splitlines()[0])["checkpoints"][-1]
    keys = runtime.hub_verify_keys()
    assert verify_file(home / "log.jsonl", trusted_keys=keys, known_checkpoints=[kept]).ok
    assert verify_file(home / "old.jsonl", trusted_keys=keys).ok
    assert not verify_file(home / "old.jsonl", trusted_keys=keys, known_checkpoints=[kept]).ok


def test_the_hub_key_rotates_as_the_page_says(db, home: Path, clock: AdjustableClock) -> None:
    first, second = blocks("keys.md")
    write_the_anchor()
    node = TrustStore(read_anchor(home / "hub-anchor.json"), "hub-xinqiao")
    node.accept(directory(at=clock.now()), clock.now())
    old = runtime.hub_key
    artefact = sign_jws({"signed": "long ago"}, old, ArtefactType.AUTHORISATION)
    signed_at = clock.now()

    run(first)
    restart(clock)
    assert runtime.hub_key.kid == old.kid
    clock.advance(timedelta(minutes=2))
    node.accept(directory(at=clock.now()), clock.now())

    run(second)
    restart(clock)
    new = runtime.hub_key
    assert new.kid != old.kid
    assert oct((home / "keys" / "hub.json").stat().st_mode)[-3:] == "600"
    node.accept(directory(at=clock.now()), clock.now())  # signed by the new key: learnt in the overlap
    assert verify_jws(artefact, node.hub_keys, typ=ArtefactType.AUTHORISATION, at=signed_at)
    clock.advance(timedelta(hours=1))
    assert node.hub_keys.verify_key(old.kid, clock.now()) is None
    assert node.hub_keys.verify_key(new.kid, clock.now()) is not None


def test_every_campaign_on_the_page_is_a_command_and_the_other_way_round() -> None:
    page = (OPERATIONS / "campaigns.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^## `xinqiao campaign ([\w-]+)`", page, re.M))
    choices = next(action.choices for action in _parser()._actions if action.dest == "campaign")
    assert told == set(choices)
    for line in re.findall(r"^xinqiao campaign ([^#\n]+)", page, re.M):
        _parser().parse_args(line.split())


def test_every_page_of_operations_is_listed() -> None:
    index = (OPERATIONS / "README.md").read_text(encoding="utf-8")
    pages = [page.name for page in OPERATIONS.glob("*.md") if page.name != "README.md"]
    assert [page for page in pages if f"({page})" not in index] == []
