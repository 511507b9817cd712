"""Numbers as people type them: what each can be, and what one slip of the hand away is valid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinqiao.domain.codes import Kind, org_code_of, resolve, slips
from xinqiao.domain.identifiers import Reason, check_uscc, uscc_warnings
from xinqiao.domain.identifiers.uscc import CHARSET

CODE = "914403001922038216"


@pytest.mark.parametrize(
    "typed",
    [
        CODE,
        "9144 0300 1922 0382 16",
        "９１４４０３００１９２２０３８２１６",
        f" {CODE} ",
        "91440300-192203821-6",
    ],
)
def test_a_code_however_it_is_typed(typed: str) -> None:
    found = resolve(typed)
    assert [(one.kind, one.value) for one in found.readings] == [(Kind.USCC, CODE)]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("9144030071526726xg", [(Kind.USCC, "9144030071526726XG", True)]),
        ("71526726-X", [(Kind.ORG_CODE, "71526726X", True)]),
        ("440300192203821", [(Kind.TAX_NO, "192203821", True), (Kind.REGNO, "440300192203821", False)]),
        ("44030071526726X", [(Kind.TAX_NO, "71526726X", True)]),
        ("110108000000016", [(Kind.REGNO, "110108000000016", True)]),
        ("320113000017951", [(Kind.REGNO, "320113000017951", True)]),
        ("3213221100454", [(Kind.REGNO, "3213221100454", False)]),
    ],
)
def test_old_numbers(typed: str, expected: list[tuple[Kind, str, bool]]) -> None:
    assert [(one.kind, one.value, one.checked) for one in resolve(typed).readings] == expected


def test_the_tax_number_leads_to_the_code_of_today() -> None:
    assert resolve("440300192203821").readings[0].value == org_code_of(CODE)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [("914403001922038217", Reason.CHECKSUM), ("91440300192203821", Reason.LENGTH), ("", Reason.LENGTH), ("远山", Reason.LENGTH),
     ("91440300I922038216", Reason.CHARSET), ("71526726-1", Reason.LENGTH)],
)  # fmt: skip
def test_what_is_no_number_says_why(typed: str, reason: Reason) -> None:
    found = resolve(typed)
    assert (found.readings, found.finding and found.finding.reason) == ((), reason)


@given(st.integers(0, 17), st.sampled_from(CHARSET + "OISZV"))
def test_one_wrong_character_is_found_among_the_slips(place: int, char: str) -> None:
    typed = CODE[:place] + char + CODE[place + 1 :]
    found = [one.uscc for one in slips(typed)]
    if char == CODE[place]:
        assert found == []
    else:
        assert CODE in found
    for one in found:
        assert check_uscc(one) == one
        assert not uscc_warnings(one)


def test_two_neighbours_that_changed_places() -> None:
    typed = CODE[:12] + CODE[13] + CODE[12] + CODE[14:]
    assert CODE in [one.uscc for one in slips(typed)]


def test_look_alikes_come_first() -> None:
    found = slips("9144030O1922038216")
    assert (found[0].uscc, found[0].position) == (CODE, 8)


@pytest.mark.parametrize("typed", [CODE, CODE[:17], "", "O" * 18])
def test_nothing_is_suggested_for_a_valid_code_or_two_mistakes(typed: str) -> None:
    assert slips(typed) == ()
