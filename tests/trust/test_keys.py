"""Keys: JWK form, thumbprints, rotation, files."""

import os
import random
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xinqiao.domain.errors import Code, Invalid, Unavailable
from xinqiao.trust.encoding import unb64
from xinqiao.trust.keyfile import load_or_create_keyfile, load_or_create_open_keyfile
from xinqiao.trust.keys import KeyEntry, KeySet, KeyStatus, OpenKey, SealKey, SigningKey, VerifyKey
from xinqiao.trust.suites import SM, SUITES, Suite

T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
suites = pytest.mark.parametrize("suite", SUITES.values(), ids=str)

RFC8037 = {
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
}


def test_the_thumbprint_is_the_one_of_rfc_8037_appendix_a() -> None:
    assert SigningKey.from_jwk(RFC8037).kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_the_detached_secret_signs_like_rfc_8037_appendix_a() -> None:
    signed = b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
    from xinqiao.trust.encoding import b64

    assert b64(SigningKey.from_jwk(RFC8037).sign(signed)) == (
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )


@suites
def test_keys_survive_their_jwk(suite: Suite) -> None:
    key, opener = SigningKey.generate(suite), OpenKey.generate(suite)
    assert SigningKey.from_jwk(key.to_jwk(private=True)) == key
    assert VerifyKey.from_jwk(key.to_jwk()) == key.public
    assert OpenKey.from_jwk(opener.to_jwk(private=True)) == opener
    assert SealKey.from_jwk(opener.to_jwk()) == opener.public


@suites
def test_a_seeded_source_gives_the_same_key(suite: Suite) -> None:
    make = [SigningKey.generate(suite, random.Random(5).randbytes).kid for _ in range(2)]
    assert make[0] == make[1]


@suites
def test_secrets_are_not_shown(suite: Suite) -> None:
    key, opener = SigningKey.generate(suite), OpenKey.generate(suite)
    for text, jwk in ((repr(key), key.to_jwk(private=True)), (repr(opener), opener.to_jwk(private=True))):
        assert "_secret" not in text
        assert str(jwk["d"]) not in text
        assert repr(unb64(str(jwk["d"]))) not in text
    assert "d" not in key.to_jwk()
    assert "d" not in opener.to_jwk()


@suites
def test_one_point_has_different_names_for_different_uses(suite: Suite) -> None:
    secret = bytes(range(1, 33))
    assert SigningKey.from_secret(suite, secret).kid != OpenKey.from_secret(suite, secret).kid


@suites
@pytest.mark.parametrize(
    "change",
    [
        {"kty": "RSA"},
        {"crv": "P-256"},
        {"crv": "X25519"},
        {"x": "AA"},
        {"x": 5},
        {"x": "***"},
        {"use": "enc"},
        {"kid": "another"},
        {"d": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"},
    ],
    ids=str,
)
def test_a_public_jwk_with_a_wrong_member_is_refused(suite: Suite, change: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        VerifyKey.from_jwk(SigningKey.generate(suite).to_jwk() | change)


@suites
def test_a_private_jwk_with_another_public_half_is_refused(suite: Suite) -> None:
    one, two = SigningKey.generate(suite).to_jwk(private=True), SigningKey.generate(suite).to_jwk()
    with pytest.raises(Invalid):
        SigningKey.from_jwk(one | {name: two[name] for name in ("x", "y", "kid") if name in two})
    a, b = OpenKey.generate(suite).to_jwk(private=True), OpenKey.generate(suite).to_jwk()
    with pytest.raises(Invalid):
        OpenKey.from_jwk(a | {name: b[name] for name in ("x", "y", "kid") if name in b})


def test_a_key_is_believed_in_its_half_open_period_only() -> None:
    key = SigningKey.generate().public
    keys = KeySet([KeyEntry(key, T0, T0 + DAY)])
    tick = timedelta(microseconds=1)
    assert keys.verify_key(key.kid, T0 - tick) is None
    assert keys.verify_key(key.kid, T0) == key
    assert keys.verify_key(key.kid, T0 + DAY - tick) == key
    assert keys.verify_key(key.kid, T0 + DAY) is None
    assert keys.verify_key("another", T0) is None


def test_rotation_overlaps_then_the_old_key_counts_for_the_past_only() -> None:
    old, new = SigningKey.generate().public, SigningKey.generate().public
    keys = KeySet([KeyEntry(old, T0, T0 + 90 * DAY)]).with_entry(KeyEntry(new, T0 + 30 * DAY, T0 + 120 * DAY))
    overlap = T0 + 31 * DAY
    assert keys.verify_key(old.kid, overlap)
    assert keys.verify_key(new.kid, overlap)
    keys = keys.retired(old.kid, T0 + 40 * DAY)
    assert keys.verify_key(old.kid, overlap)
    assert keys.verify_key(old.kid, T0 + 40 * DAY) is None
    assert keys.retired(old.kid, T0 + 80 * DAY).verify_key(old.kid, T0 + 50 * DAY) is None


def test_a_compromised_key_is_never_believed_again() -> None:
    key = SigningKey.generate().public
    keys = KeySet([KeyEntry(key, T0, T0 + DAY)]).compromised(key.kid)
    assert keys.verify_key(key.kid, T0) is None
    assert next(iter(keys)).status is KeyStatus.COMPROMISED


def test_a_key_set_survives_json_and_refuses_doubles() -> None:
    key = SigningKey.generate(SM).public
    keys = KeySet([KeyEntry(key, T0, T0 + DAY)])
    assert list(KeySet.from_json(keys.to_json())) == list(keys)
    with pytest.raises(ValueError):
        keys.with_entry(KeyEntry(key, T0, T0 + DAY))
    for wrong in ("x", [5], [{"jwk": key.to_jwk()}], keys.to_json() * 2):
        with pytest.raises(Invalid):
            KeySet.from_json(wrong)  # type: ignore[arg-type]


@suites
def test_a_key_file_is_made_once_private_and_whole(suite: Suite, tmp_path: Path) -> None:
    path = tmp_path / "sub" / "hub.jwk"
    key = load_or_create_keyfile(path, suite)
    assert load_or_create_keyfile(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in path.parent.iterdir()] == ["hub.jwk"]
    opener = load_or_create_open_keyfile(tmp_path / "open.jwk", suite)
    assert load_or_create_open_keyfile(tmp_path / "open.jwk") == opener


def test_a_key_file_open_to_others_or_damaged_is_not_used_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "hub.jwk"
    load_or_create_keyfile(path)
    path.chmod(0o640)
    with pytest.raises(Unavailable) as refused:
        load_or_create_keyfile(path)
    assert refused.value.code is Code.KEY_UNUSABLE
    path.chmod(0o600)
    path.write_text("{}x")
    with pytest.raises(Unavailable):
        load_or_create_keyfile(path)
    assert path.read_text() == "{}x"
    link = tmp_path / "link.jwk"
    link.symlink_to(path)
    with pytest.raises(OSError, match="link"):
        load_or_create_keyfile(link)
    pipe = tmp_path / "pipe.jwk"
    os.mkfifo(pipe, 0o600)
    for place in (pipe, tmp_path):
        with pytest.raises(Unavailable, match="not a plain file"):
            load_or_create_keyfile(place)


def test_programs_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    path, kids = tmp_path / "hub.jwk", []
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        kids.append(load_or_create_keyfile(path).kid)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kids) == 8
    assert len(set(kids)) == 1
