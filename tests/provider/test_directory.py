"""Who is believed: the anchor, signed directories, rotation, roll-back, and how they are fetched."""

import asyncio
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from xinqiao.clock import AdjustableClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Invalid, Unauthenticated, Unavailable, XinqiaoError
from xinqiao.provider.directory import TrustStore, read_anchor, read_keys
from xinqiao.provider.follow import DirectoryFollower
from xinqiao.provider.testing import HUB_ID, INSTITUTION, START, Platform
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey


@pytest.fixture
def hub() -> Platform:
    return Platform(AdjustableClock(START))


def store(hub: Platform, tmp_path: Path) -> TrustStore:
    import json

    path = tmp_path / "anchor.json"
    path.write_text(json.dumps(hub.anchor()))
    return TrustStore(read_anchor(path), HUB_ID, tmp_path / "directory.jwt")


def listing(hub: Platform, version: int, keys: list[Json], *, key: SigningKey | None = None) -> str:
    now = int(hub.clock.now().timestamp())
    claims: dict[str, Json] = {
        "iss": HUB_ID, "iat": now, "exp": now + 86_400, "version": version,
        "hub": {"id": HUB_ID, "name": "hub", "keys": keys}, "nodes": [], "institutions": [],
    }  # fmt: skip
    return sign_jws(claims, key or hub.key, ArtefactType.DIRECTORY)


def test_a_key_that_the_hub_lists_is_believed_from_then_on(hub: Platform, tmp_path: Path) -> None:
    trust, new = store(hub, tmp_path), SigningKey.generate()
    assert trust.hub_keys.verify_key(new.kid, START) is None
    trust.accept(listing(hub, 1, [dict(hub.key.public.to_jwk()), dict(new.public.to_jwk())]), START)
    assert trust.hub_keys.verify_key(new.kid, START) is not None
    trust.accept(listing(hub, 2, [dict(new.public.to_jwk())], key=new), START)


def test_a_key_called_stolen_stays_so_whatever_a_later_directory_leaves_out(
    hub: Platform, tmp_path: Path
) -> None:
    trust, new = store(hub, tmp_path), SigningKey.generate()
    stolen: Json = {"jwk": dict(hub.key.public.to_jwk()), "status": "compromised"}
    trust.accept(listing(hub, 1, [dict(new.public.to_jwk()), stolen]), START)
    trust.accept(listing(hub, 2, [dict(new.public.to_jwk())], key=new), START)
    assert trust.hub_keys.verify_key(hub.key.kid, START) is None
    with pytest.raises(Unauthenticated):
        trust.accept(listing(hub, 3, [dict(hub.key.public.to_jwk())]), START)


def test_an_older_directory_a_strangers_and_an_expired_one_are_refused(hub: Platform, tmp_path: Path) -> None:
    trust = store(hub, tmp_path)
    old = hub.directory(version=1)
    trust.accept(hub.directory(version=2), START)
    with pytest.raises(Unauthenticated):
        trust.accept(old, START)
    with pytest.raises(Unauthenticated):
        trust.accept(listing(hub, 9, [dict(hub.key.public.to_jwk())], key=SigningKey.generate()), START)
    with pytest.raises(Unauthenticated):
        trust.accept(hub.directory(version=9), START + timedelta(days=1))
    assert trust.directory is not None
    assert trust.directory.version == 2


def test_a_restart_believes_the_saved_directory_until_it_expires(hub: Platform, tmp_path: Path) -> None:
    store(hub, tmp_path).accept(hub.directory(), START)
    again = store(hub, tmp_path)
    assert again.load_saved(START + timedelta(hours=23))
    assert again.institution(INSTITUTION, START) is not None
    assert again.name_of(INSTITUTION) == "远山银行"
    with pytest.raises(Unavailable):
        again.institution(INSTITUTION, START + timedelta(hours=24))
    assert not store(hub, tmp_path).load_saved(START + timedelta(hours=24))


def test_the_saved_directory_is_the_one_that_lives_longest(hub: Platform, tmp_path: Path) -> None:
    assert isinstance(hub.clock, AdjustableClock)
    trust = store(hub, tmp_path)
    trust.accept(hub.directory(), hub.clock.now())
    hub.clock.advance(timedelta(hours=20))
    trust.accept(hub.directory(), hub.clock.now())  # the same version, signed anew
    assert store(hub, tmp_path).load_saved(START + timedelta(hours=40))


@pytest.mark.parametrize(
    "keys",
    [
        None,
        {},
        ["text"],
        [{}],
        [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}],
        [{"status": "unheard of"}],
        [{"nbf": True}],
        [{"nbf": "yesterday"}],
        [{"nbf": 10**30}],
        [{"nbf": "2026-11-21T00:00:00"}],
    ],
)
def test_keys_out_of_form_are_invalid_and_not_a_fault(keys: Json) -> None:
    with pytest.raises(Invalid):
        read_keys(keys)


def test_an_anchor_that_cannot_be_used_says_which_file(tmp_path: Path) -> None:
    path = tmp_path / "hub-anchor.json"
    for text in ("", "[]", "{}", '{"id":"x","keys":[]}'):
        path.write_text(text)
        with pytest.raises(Invalid, match="hub-anchor"):
            read_anchor(path)


class Hub:
    """A hub that answers the directory as it is told."""

    def __init__(self, answer: httpx.Response | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if isinstance(self.answer, Exception):
            raise self.answer
        body = httpx.ByteStream(self.answer.content)  # to be read piece by piece, as from a socket
        return httpx.Response(self.answer.status_code, headers=self.answer.headers, stream=body)


def followed(hub: Platform, trust: TrustStore, answers: Hub) -> DirectoryFollower:
    return DirectoryFollower(trust, hub.clock, "http://hub.test", transport=httpx.MockTransport(answers))


def test_the_directory_is_fetched_from_the_hub_and_believed_by_its_signature(
    hub: Platform, tmp_path: Path
) -> None:
    trust = store(hub, tmp_path)
    answers = Hub(httpx.Response(200, json={"directory": hub.directory()}))
    assert asyncio.run(followed(hub, trust, answers).refresh())
    assert answers.asked == ["http://hub.test/api/v1/directory"]
    assert trust.institution(INSTITUTION, START) is not None


@pytest.mark.parametrize(
    "answer",
    [
        httpx.ConnectError("down"),
        httpx.Response(503),
        httpx.Response(302, headers={"location": "http://evil.test/"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"directory": "a.b.c"}),
        httpx.Response(200, content=b"x" * (9 << 20)),
    ],
)
def test_a_bad_answer_changes_nothing(
    hub: Platform, tmp_path: Path, answer: httpx.Response | Exception
) -> None:
    trust = store(hub, tmp_path)
    answers = Hub(answer)
    assert not asyncio.run(followed(hub, trust, answers).refresh())
    assert trust.directory is None
    assert len(answers.asked) == 1  # a redirect is not followed


def test_strangers_cannot_make_the_node_ask_more_than_once_in_five_seconds(
    hub: Platform, tmp_path: Path
) -> None:
    trust = store(hub, tmp_path)
    answers = Hub(httpx.Response(503))
    follower = followed(hub, trust, answers)

    async def many() -> None:
        await asyncio.gather(*(follower.refresh_out_of_turn() for _ in range(20)))

    asyncio.run(many())
    assert len(answers.asked) == 1


def test_a_directory_of_another_platform_is_refused(hub: Platform, tmp_path: Path) -> None:
    import json

    path = tmp_path / "anchor.json"
    path.write_text(json.dumps(hub.anchor()))
    with pytest.raises(XinqiaoError):
        TrustStore(read_anchor(path), "hub-other")
