"""Abuse case B7 through the interface: a wrong code is refused by place, and never answered with the right one."""

import pytest
from tests.hub.cast import OWNER_USCC, STRANGER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.test_isolation import REQUEST


def _swapped(code: str, place: int) -> str:
    return code[:place] + code[place + 1] + code[place] + code[place + 2 :]


WRONG = [
    OWNER_USCC[:-1] + ("0" if OWNER_USCC[-1] != "0" else "1"),  # the check character
    _swapped(OWNER_USCC, 8),
    OWNER_USCC.lower(),
    OWNER_USCC[:-1],
    OWNER_USCC + "0",
    "330100000012345",  # a registration number of fifteen digits
    OWNER_USCC.replace("MA2", "MAZ"),  # Z is not in the alphabet
    OWNER_USCC[:9] + "O" + OWNER_USCC[10:],
    OWNER_USCC[:9] + "I" + OWNER_USCC[10:],
    "９" + OWNER_USCC[1:],
]


@pytest.mark.parametrize("code", WRONG)
def test_b7_a_wrong_code_is_refused_and_the_right_one_never_told(world: World, code: str) -> None:
    asked = world.bank.post(
        "/api/v1/authorisation-requests", REQUEST | {"subject_uscc": code}, key="b7-asked-1"
    )
    found = world.bank.get(f"/api/v1/enterprises/{code}") if code.isascii() else asked
    for answer in (asked, found):
        assert answer.status_code == 422
        assert answer.json()["code"] in ("USCC_FORMAT", "USCC_CHECKSUM")
        for right in (OWNER_USCC, STRANGER_USCC):
            assert right not in answer.text.replace(code, "")


def test_b7_the_right_code_passes_the_same_door(world: World) -> None:
    assert world.bank.get(f"/api/v1/enterprises/{OWNER_USCC}").status_code == 200
