"""``xinqiao client`` and ``xinqiao sign``: JSON out, exit codes, and nothing on disk unless asked."""

import io
import json
from pathlib import Path

import httpx
import pytest
from tests.client.fake_hub import ACCOUNT, AUTHORISATION, BASE, CANARY, INSTITUTION, USCC, FakeHub, Refusal

from xinqiao.cli.client import main_client
from xinqiao.cli.sign import main_sign
from xinqiao.cli.verify import main_verify
from xinqiao.client import Client, Operator
from xinqiao.client.config import ClientConfig, add_user, read_config, write_home
from xinqiao.clock import AdjustableClock, SystemClock
from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.trust.httpsig import verify_request
from xinqiao.trust.keyfile import load_or_create_keyfile


@pytest.fixture
def home(hub: FakeHub, tmp_path: Path, clock: AdjustableClock, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An institution's folder whose client speaks to the fake platform."""
    folder = tmp_path / "bank"
    lin = Operator(name="林知远", department="小企业信贷部")
    write_home(
        folder, hub_url=BASE, institution_id=INSTITUTION, institution_name="远山银行", anchor=hub.anchor.to_json(),
        operator=lin,
    )  # fmt: skip
    hub.institution_key = load_or_create_keyfile(folder / "key.json")

    def client(self: ClientConfig, **_: object) -> Client:
        return Client(
            self.hub_url, self.institution_id, self.key, anchor=self.anchor, clock=clock,
            transport=hub.transport(), sleep=lambda _s: None,
        )  # fmt: skip

    monkeypatch.setattr(ClientConfig, "client", client)
    monkeypatch.chdir(tmp_path)
    return folder


def run(home: Path, *argv: str) -> int:
    return main_client(["--config", str(home), *argv])


def test_a_query_prints_the_product_and_writes_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(home.parent.rglob("*"))
    assert run(home, "query", AUTHORISATION, "--months", "24") == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["account"], said["product"]["head"]["note"]) == (ACCOUNT, CANARY)
    assert sorted(home.parent.rglob("*")) == before


def test_a_saved_report_is_checked_by_verify_with_the_keys_of_the_directory(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, keys = tmp_path / "report.xq", tmp_path / "keys.json"
    assert run(home, "query", AUTHORISATION, "--save", str(file)) == 0
    assert CANARY not in capsys.readouterr().out
    assert run(home, "keys") == 0
    keys.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main_verify([str(file), "--key", str(keys)]) == 0
    assert run(home, "verify", str(file)) == 0
    file.write_bytes(file.read_bytes().replace(CANARY.encode(), CANARY.replace("7", "8").encode()))
    assert run(home, "verify", str(file)) == 1


def test_a_use_is_not_spent_on_a_report_that_cannot_be_kept(
    home: Path, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "report.xq"
    file.write_text("older")
    assert run(home, "query", AUTHORISATION, "--save", str(file)) == 2
    assert (hub.uses, file.read_text()) == (0, "older")
    file.unlink()
    assert (
        run(home, "query", AUTHORISATION, "--save", str(file), "--proof") == 0
    )  # this ledger proves nothing
    assert "saved without the log's proofs" in capsys.readouterr().err
    assert run(home, "verify", str(file)) == 0


def test_exit_codes_tell_a_no_from_a_fault(
    home: Path, hub: FakeHub, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nearest = {"account": ACCOUNT, "product": "FLOW_REPORT", "months": 24, "purpose": "loan_application"}
    hub.next_errors = [hub.refusal(Code.SCOPE_EXCEEDED, {**nearest})]
    assert run(home, "find", USCC) == 1
    said = json.loads(capsys.readouterr().err)
    assert (said["code"], said["nearest"]["months"], said["leaf"]) == ("SCOPE_EXCEEDED", 24, 77)
    hub.next_errors = [Refusal(504, "PROVIDER_TIMEOUT")]
    assert run(home, "find", USCC) == 3
    hub.next_errors = [Refusal(503, "AUDIT_UNAVAILABLE", facts={"retry_after": 99})]
    assert run(home, "find", USCC) == 4
    hub.spoil["response"] = lambda _r, _c: httpx.Response(200, stream=httpx.ByteStream(b"{}"))
    assert run(home, "find", USCC) == 4
    assert main_client(["--config", str(home / "nowhere"), "find", USCC]) == 2


def test_the_other_commands_print_json(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (
        ["find", USCC], ["invite", USCC], ["request", USCC, "--business-ref", "YS-1"], ["list"], ["show", AUTHORISATION],
        ["list", "--records"],
    ):  # fmt: skip
        assert run(home, *argv) == 0
        json.loads(capsys.readouterr().out)
    assert run(home, "token") == 0
    assert len(capsys.readouterr().out.strip()) > 20


def test_sign_prints_headers_that_the_receiver_accepts(
    home: Path, hub: FakeHub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    body = tmp_path / "body.json"
    body.write_bytes(b'{"x":1}')
    url = f"{BASE}/api/v1/invitations?a=1"
    key_file = str(home / "key.json")
    assert (
        main_sign(
            ["post", url, "--key", key_file, "--body", str(body), "--token", "t", "--idempotency-key", "new"]
        )
        == 0
    )
    headers = dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())
    known = {hub.institution_key.kid: hub.institution_key.public}
    seen = verify_request("POST", url, headers, b'{"x":1}', known.get, SystemClock().now())
    assert seen.keyid == hub.institution_key.kid
    assert '"authorization" "idempotency-key"' in headers["Signature-Input"]


def test_sign_takes_everything_from_the_configuration_and_can_print_a_curl_command(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main_sign(["GET", "/api/v1/authorisations", "--config", str(home), "--curl"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"curl -sS -X GET {BASE}/api/v1/authorisations ")
    assert "Bearer " in said
    assert main_sign(["GET", f"{BASE}/x"]) == 2


def test_users_are_kept_by_a_hash_and_known_by_their_password(home: Path) -> None:
    add_user(home, login="lin", name="林知远", department="小企业信贷部", password="correct horse 马")
    with pytest.raises(Conflict):
        add_user(home, login="lin", name="x", department="x", password="correct horse 马")
    with pytest.raises(Invalid):
        add_user(home, login="wu", name="x", department="x", password="short")
    config = read_config(home)
    user = config.user("lin")
    assert user is not None
    assert user.knows("correct horse 马")
    assert not user.knows("correct horse 驴")
    text = (home / "client.toml").read_text(encoding="utf-8")
    assert "correct horse" not in text
    assert (home / "client.toml").stat().st_mode & 0o777 == 0o600


def test_a_misspelt_configuration_does_not_start(home: Path) -> None:
    file = home / "client.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("demo =", "dmo ="), encoding="utf-8")
    with pytest.raises(Invalid, match=r"workbench\.dmo"):
        read_config(home)


def test_the_ledger_is_written_and_checked(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "ledger.jsonl"
    assert (
        run(home, "ledger", "--out", str(out)) == 1
    )  # the fake platform's ledger is no ledger, and it is said
    assert json.load(io.StringIO(capsys.readouterr().out))["ok"] is False
    assert out.stat().st_mode & 0o777 == 0o600
