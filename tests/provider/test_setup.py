"""Installing a node: ``xinqiao provider init`` and ``add-user``, and a configuration that is read strictly."""

import io
import json
import re
from pathlib import Path

import pytest

from xinqiao.cli.provider import main_provider
from xinqiao.provider.config import ConfigError, load_config, parse_config
from xinqiao.provider.setup import check_password, hash_password
from xinqiao.trust.keys import SigningKey


def arguments(home: Path, anchor: Path) -> list[str]:
    return [
        "init", str(home), "--node-id", "nod-1", "--institution", "ins-1", "--name", '岚江"农商银行',
        "--public-url", "https://node.lanjiang.test", "--hub-id", "hub-1", "--hub-url", "https://hub.test",
        "--anchor", str(anchor),
    ]  # fmt: skip


@pytest.fixture
def home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    anchor = tmp_path / "anchor.json"
    key = SigningKey.generate().public.to_jwk()
    anchor.write_text(json.dumps({"id": "hub-1", "name": "信桥", "keys": [key]}))
    assert main_provider(arguments(tmp_path / "node", anchor)) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["public_key"]["kid"]
    assert "d" not in said["public_key"]
    return tmp_path / "node"


def test_init_makes_a_home_that_loads_and_keeps_its_secrets(home: Path) -> None:
    config = load_config(home, {})
    assert (config.id, config.name, config.public_url) == (
        "nod-1",
        '岚江"农商银行',
        "https://node.lanjiang.test",
    )
    assert config.users == ()
    for name in ("provider.toml", "keys/node.json"):
        assert (home / name).stat().st_mode & 0o077 == 0, name


def test_init_makes_an_id_where_none_was_given_and_tells_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(tmp_path / "node", tmp_path / "anchor.json")[:-2]
    del given[given.index("--node-id") : given.index("--node-id") + 2]
    assert main_provider(given) == 0
    said = json.loads(capsys.readouterr().out)
    assert re.fullmatch(r"nod-[0-9a-f]{32}", said["node_id"])
    assert load_config(tmp_path / "node", {}).id == said["node_id"]


def test_init_never_writes_over_a_home(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (home / "provider.toml").read_bytes()
    assert main_provider(arguments(home, home / "hub-anchor.json")) == 2
    assert "provider.toml" in capsys.readouterr().err
    assert (home / "provider.toml").read_bytes() == before


@pytest.mark.parametrize("content", [None, "{", "[]", '{"id": "hub-1", "name": "信桥", "keys": []}'])
def test_init_with_an_anchor_nobody_could_use_makes_nothing(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anchor = tmp_path / "anchor.json"
    if content is not None:
        anchor.write_text(content)
    assert main_provider(arguments(tmp_path / "node", anchor)) == 2
    assert "anchor.json" in capsys.readouterr().err
    assert not (tmp_path / "node").exists()


def test_add_user_keeps_only_a_hash_and_refuses_a_second_of_the_name(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def add(login: str, password: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
        return main_provider(["add-user", "--home", str(home), login, "--name", "吴桐", "--password-stdin"])

    assert add("wutong", "correct horse battery") == 0
    (user,) = load_config(home, {}).users
    assert (user.login, user.name) == ("wutong", "吴桐")
    assert check_password("correct horse battery", user.password)
    assert not check_password("correct horse batterz", user.password)
    assert "correct horse" not in (home / "provider.toml").read_text()
    assert (home / "provider.toml").stat().st_mode & 0o077 == 0
    assert add("wutong", "another password") == 2
    assert add("second", "short") == 2
    assert len(load_config(home, {}).users) == 1
    assert add("second", "long enough to count") == 0
    assert [user.login for user in load_config(home, {}).users] == ["wutong", "second"]


@pytest.mark.parametrize("stored", ["", "scrypt$", "plain$a$b", "scrypt$!!$??", "scrypt$AAAA$AAAA$AAAA"])
def test_a_damaged_hash_lets_nobody_in(stored: str) -> None:
    assert not check_password("", stored)
    assert not check_password("anything", stored)


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password("one password") != hash_password("one password")


GOOD = """
[node]
id = "nod-1"
institution = "ins-1"
name = "岚江"
public_url = "https://node.test"
[hub]
id = "hub-1"
url = "https://hub.test"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace('id = "nod-1"\n', ""), "id is missing"),
        (GOOD + "[limits]\ncache = 5\n", "cache"),
        (GOOD + "[limits]\ncache_mb = 0\n", "cache_mb"),
        (GOOD + '[limits]\ncache_mb = "5"\n', "cache_mb"),
        (GOOD + "[surprise]\n", "surprise"),
        (GOOD.replace("https://node.test", "node.test"), "public_url"),
        (GOOD.replace("https://node.test", "https://node.test/?a=1"), "public_url"),
        (GOOD + '[store]\nkind = "oracle"\n', "kind"),
        (GOOD + '[store]\nkind = "sql"\n', "dsn"),
        (GOOD + '[store]\nkind = "sql"\ndsn_env = "NOT_SET"\n', "NOT_SET"),
        ("[node", "TOML"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused_by_name(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_config(text, tmp_path, {})


def test_starting_says_what_is_wrong_instead_of_a_traceback(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_provider(["--home", str(home), "--port", "1"]) == 2  # no data folder yet
    assert "data" in capsys.readouterr().err
    (home / "data").mkdir()
    (home / "hub-anchor.json").write_text("{}")
    assert main_provider(["--home", str(home), "--port", "1"]) == 2
    assert "anchor" in capsys.readouterr().err
    assert main_provider(["--home", str(home / "nowhere"), "--port", "1"]) == 2
