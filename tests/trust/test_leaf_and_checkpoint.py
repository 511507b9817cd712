"""The byte form of leaves, and signed tree heads."""

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Unauthenticated
from xinqiao.trust.checkpoint import Checkpoint, cosign, parse_note, sign_checkpoint, verify_note
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.leaf import NO_LEAF, Leaf, LeafType, instant_from, instant_text, leaf_hash, parse_leaf
from xinqiao.trust.suites import SM

AT = datetime(2026, 11, 21, 4, 0, 0, 5, tzinfo=UTC)
LEAF = Leaf(
    "hub/audit", 0, AT, LeafType.GRANT, {"authorisation": "a"}, {"n": 1, "说": "明"}, {"c": "00"}, NO_LEAF
)
HEAD = Checkpoint("hub.example/audit", 5, bytes(range(32)))
KEY, NATIONAL, WITNESS = SigningKey.generate(), SigningKey.generate(SM), SigningKey.generate()


def test_a_leaf_has_one_byte_form_and_survives_it() -> None:
    leaf = Leaf("hub/audit", 0, AT, LeafType.GRANT, {"authorisation": "a"}, {"n": 1}, {"c": "00"}, NO_LEAF)
    assert leaf.to_bytes() == (
        b'{"commitments":{"c":"00"},"facts":{"n":1},"i":0,"ids":{"authorisation":"a"},"log":"hub/audit",'
        b'"prev":"' + b"0" * 64 + b'","t":"2026-11-21T04:00:00.000005Z","type":"GRANT","v":1}'
    )
    assert parse_leaf(leaf.to_bytes()) == leaf
    assert leaf.hash == leaf_hash(leaf.to_bytes())
    assert b"\n" not in Leaf("l", 0, AT, LeafType.DENY, {}, {"a": "x\ny"}, {}, NO_LEAF).to_bytes()


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXTS | st.sampled_from(LeafType),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=6), inner, max_size=4)
    ),
)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127), max_size=6), _VALUES, max_size=4), _TEXTS)
def test_the_bytes_of_a_leaf_are_the_canonical_ones(facts: dict[str, Json], text: str) -> None:
    leaf = Leaf(text, 7, AT, LeafType.USE, {"a": text}, facts, {"c": "00"}, NO_LEAF)
    assert leaf.to_bytes() == canonical_bytes(
        {
            "v": 1, "log": text, "i": 7, "t": instant_text(AT), "type": "USE", "ids": {"a": text}, "facts": facts,
            "commitments": {"c": "00"}, "prev": "0" * 64,
        }
    )  # fmt: skip


def test_what_is_not_unicode_or_nested_without_end_has_no_form() -> None:
    deep: Json = "x"
    for _ in range(300):
        deep = [deep]
    for facts in ({"a": "\ud800"}, {"a": deep}, {"a": 2**53}):
        with pytest.raises(ValueError):
            Leaf("l", 0, AT, LeafType.DENY, {}, facts, {}, NO_LEAF).to_bytes()


def test_member_names_outside_ascii_and_floats_have_no_form() -> None:
    with pytest.raises(ValueError):
        LEAF.to_bytes()
    with pytest.raises(TypeError):
        Leaf("l", 0, AT, LeafType.DENY, {}, {"a": 1.5}, {}, NO_LEAF).to_bytes()  # type: ignore[dict-item]
    with pytest.raises(ValueError):
        Leaf("l", -1, AT, LeafType.DENY, {}, {}, {}, NO_LEAF).to_bytes()


def test_instants_have_one_spelling_whatever_their_zone() -> None:
    shanghai = AT.astimezone(timezone(timedelta(hours=8)))
    assert instant_text(shanghai) == instant_text(AT) == "2026-11-21T04:00:00.000005Z"
    assert instant_from(instant_text(AT)) == AT
    for wrong in ("2026-11-21T04:00:00Z", "2026-11-21T04:00:00.5Z", "2026-11-21T04:00:00.000005+00:00", "x"):
        with pytest.raises(ValueError):
            instant_from(wrong)
    with pytest.raises(ValueError):
        instant_text(datetime(2026, 1, 1))


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"i": "0"}, {"i": True}, {"type": "OTHER"}, {"t": "now"}, {"ids": {"a": 1}}, {"extra": 1}, {"prev": "zz"},
     {"prev": "00"}, {"facts": []}, {"log": None}],
    ids=str,
)  # fmt: skip
def test_what_is_no_leaf_is_refused(change: dict[str, object]) -> None:
    good = Leaf("hub/audit", 0, AT, LeafType.GRANT, {}, {}, {}, NO_LEAF).to_bytes()
    with pytest.raises(ValueError):
        parse_leaf(canonical_bytes(json.loads(good) | change))
    with pytest.raises(ValueError):
        parse_leaf(good.replace(b":", b": ", 1))


def test_a_checkpoint_is_a_signed_note() -> None:
    note = sign_checkpoint(HEAD, KEY, second=NATIONAL)
    lines = note.split("\n")
    assert lines[:4] == ["hub.example/audit", "5", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", ""]
    assert all(line.startswith("\u2014 hub.example/audit ") for line in lines[4:6])
    for keys in ([KEY.public], [NATIONAL.public], [KEY.public, NATIONAL.public]):
        assert verify_note(note, keys, origin=HEAD.origin).checkpoint == HEAD


def test_a_foreign_key_another_log_or_a_changed_line_is_refused() -> None:
    note = sign_checkpoint(HEAD, KEY)
    for wrong in (
        note.replace("\n5\n", "\n6\n"),
        note.replace("\n5\n", "\n05\n"),
        note.replace("AAEC", "BAEC"),
        note.replace("hub.example", "hub.examp1e"),
        note.replace("\u2014", "-"),
        note.rstrip("\n"),
        note.replace("\n\n", "\n"),
        note.replace("\n\n", "\nextension\n\n"),
        "",
        "x" * 20_000,
    ):
        with pytest.raises(Unauthenticated):
            verify_note(wrong, [KEY.public])
    with pytest.raises(Unauthenticated):
        verify_note(note, [WITNESS.public])
    with pytest.raises(Unauthenticated):
        verify_note(note, [KEY.public], origin="another/log")
    assert parse_note(note).checkpoint == HEAD


def test_every_known_signature_must_be_good_not_only_one() -> None:
    note = sign_checkpoint(HEAD, KEY, second=NATIONAL)
    *head, last, end = note.split("\n")
    broken = "\n".join([*head, last[:-8] + ("A" if last[-8] != "A" else "B") + last[-7:], end])
    assert verify_note(broken, [KEY.public])
    with pytest.raises(Unauthenticated):
        verify_note(broken, [KEY.public, NATIONAL.public])


def test_witnesses_are_counted_by_name_and_tell_when_they_saw_it() -> None:
    note = cosign(sign_checkpoint(HEAD, KEY), "bank.example", WITNESS, AT)
    known = {"bank.example": WITNESS.public, "other.example": NATIONAL.public}
    found = verify_note(note, [KEY.public], witnesses=known, min_witnesses=1)
    assert found.witnessed == {"bank.example": AT.replace(microsecond=0)}
    twice = cosign(note, "bank.example", WITNESS, AT)
    for text, need in ((note, 2), (twice, 2), (sign_checkpoint(HEAD, KEY), 1)):
        with pytest.raises(Unauthenticated):
            verify_note(text, [KEY.public], witnesses=known, min_witnesses=need)
    with pytest.raises(ValueError):
        cosign(note, "bank.example", NATIONAL, AT)


def test_a_witness_line_cannot_stand_in_for_the_log() -> None:
    note = cosign(sign_checkpoint(HEAD, KEY), "bank.example", WITNESS, AT)
    lines = note.split("\n")
    alone = "\n".join([*lines[:4], lines[5], ""])
    with pytest.raises(Unauthenticated):
        verify_note(alone, [KEY.public, WITNESS.public], witnesses={"bank.example": WITNESS.public})
