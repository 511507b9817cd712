"""Commitments, blind indexes and encrypted fields."""

import hashlib
from pathlib import Path

import pytest

from xinqiao.domain.errors import Code, Unavailable
from xinqiao.trust.commitments import FieldCipher, blind_index, commit, load_or_create_kek, new_salt, opens

PLACE = {"table": "person", "column": "id_number", "row": "7"}


def test_a_commitment_opens_with_its_value_and_salt_only() -> None:
    salt = new_salt()
    made = commit(b"value", salt)
    assert made == hashlib.sha256(b"\x02" + salt + b"value").hexdigest()
    assert opens(made, b"value", salt)
    assert not opens(made, b"valuf", salt)
    assert not opens(made, b"value", new_salt())
    assert commit(b"value", new_salt()) != made
    for wrong in (b"", b"x" * 31, b"x" * 33):
        with pytest.raises(ValueError):
            commit(b"value", wrong)


def test_a_blind_index_is_equal_for_equal_values_of_one_purpose_only() -> None:
    key = b"k" * 32
    one = blind_index(key, "person.id_number", "A")
    assert one == blind_index(key, "person.id_number", "A")
    assert len(one) == 32
    others = [
        blind_index(key, "person.id_number", "B"),
        blind_index(key, "person.phone", "A"),
        blind_index(b"l" * 32, "person.id_number", "A"),
    ]
    assert one not in others
    with pytest.raises(ValueError):
        blind_index(b"short", "p", "A")


def test_a_field_opens_at_its_place_only() -> None:
    cipher = FieldCipher(b"k" * 32)
    stored = cipher.encrypt("机密".encode(), **PLACE)
    assert cipher.decrypt(stored, **PLACE).decode() == "机密"
    assert "机密".encode() not in stored
    assert stored != cipher.encrypt("机密".encode(), **PLACE)
    for wrong in (
        {"row": "8"},
        {"column": "phone"},
        {"table": "firm"},
        {"table": "personi", "column": "d_number"},
    ):
        with pytest.raises(Unavailable) as refused:
            cipher.decrypt(stored, **(PLACE | wrong))
        assert refused.value.code is Code.KEY_UNUSABLE
    with pytest.raises(Unavailable):
        FieldCipher(b"l" * 32).decrypt(stored, **PLACE)


def test_every_changed_byte_of_a_stored_field_is_found() -> None:
    cipher = FieldCipher(b"k" * 32)
    stored = cipher.encrypt(b"secret", **PLACE)
    for place in range(len(stored)):
        changed = bytearray(stored)
        changed[place] ^= 1
        with pytest.raises(Unavailable):
            cipher.decrypt(bytes(changed), **PLACE)
    for cut in range(len(stored)):
        with pytest.raises(Unavailable):
            cipher.decrypt(stored[:cut], **PLACE)


def test_rotating_the_kek_leaves_the_cipher_text_and_needs_the_new_kek() -> None:
    old, new = FieldCipher(b"k" * 32), FieldCipher(b"n" * 32)
    stored = old.encrypt(b"secret", **PLACE)
    moved = old.rewrap(stored, new, **PLACE)
    assert new.decrypt(moved, **PLACE) == b"secret"
    assert moved[61:] == stored[61:]
    with pytest.raises(Unavailable):
        old.decrypt(moved, **PLACE)


def test_the_kek_file_is_made_once_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "kek"
    key = load_or_create_kek(path)
    assert len(key) == 32
    assert load_or_create_kek(path) == key
    shown = repr(FieldCipher(key))
    assert "kek" not in shown
    assert repr(key) not in shown
    path.write_text("xyz")
    with pytest.raises(Unavailable):
        load_or_create_kek(path)
    with pytest.raises(ValueError):
        FieldCipher(b"short")
