"""Canonical bytes: one spelling of every value, and an object put together from parts is the same bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.canonical import canonical_bytes, canonical_object

NAMES = st.text(st.characters(max_codepoint=127), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_an_object_put_together_from_canonical_members_is_canonical(members):
    parts = {name: canonical_bytes(value) for name, value in members.items()}
    assert canonical_object(parts) == canonical_bytes(members)


def test_member_names_outside_ascii_are_refused_in_both_ways():
    with pytest.raises(ValueError, match="ASCII"):
        canonical_bytes({"名": "x"})
    with pytest.raises(ValueError, match="ASCII"):
        canonical_object({"名": b'"x"'})


@pytest.mark.parametrize("value", [1.5, 2**53, {"a": [0.1]}, object()])
def test_what_has_two_spellings_is_refused(value):
    with pytest.raises((TypeError, ValueError)):
        canonical_bytes(value)
