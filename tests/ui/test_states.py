"""Words of state: one table, complete, rendered."""

import re
from pathlib import Path

import pytest

import xinqiao
from xinqiao.domain.consent.states import VisibleState
from xinqiao.domain.lifecycles import ALL, POLICY, POLICY_CLAIM
from xinqiao.domain.market.case import CASE, NEED
from xinqiao.domain.market.case_work import COMPLAINT
from xinqiao.ui.assets import manifest
from xinqiao.ui.environment import make_environment
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.states import STATES, UnknownState, state_word

PILL = make_environment().from_string('{% from "components/pill.html" import pill %}{{ pill(key, viewer) }}')


@pytest.mark.parametrize("key", sorted(STATES))
@pytest.mark.parametrize("language", list(Language))
def test_every_state_renders_its_word_class_and_icon(key: str, language: Language) -> None:
    entry = STATES[key]
    with use_language(language):
        page = PILL.render(key=key, viewer=None)
    assert (entry.en if language is Language.EN else entry.zh) in page
    assert f"#{entry.icon}" in page
    assert (f'class="xq-pill {entry.cls}"' if entry.cls else 'class="xq-pill"') in page


@pytest.mark.parametrize(
    "machine", [*ALL, NEED, CASE, COMPLAINT, POLICY, POLICY_CLAIM], ids=lambda machine: machine.name
)
def test_every_state_of_every_machine_has_a_word(machine) -> None:  # type: ignore[no-untyped-def]
    for state in machine.states:
        assert state_word(f"{machine.name}.{state.value}")


@pytest.mark.parametrize("state", list(VisibleState))
def test_every_visible_state_of_an_authorisation_has_a_word(state: VisibleState) -> None:
    assert state_word(f"authorisation.{state.value}")


def test_the_firm_reads_its_own_words() -> None:
    assert state_word("authorisation.requested", viewer="firm").zh == "待您确认"
    assert state_word("authorisation.refused", viewer="firm").zh == "您已拒绝"
    assert state_word("authorisation.active", viewer="firm").zh == "生效中"


def test_a_choice_of_the_firm_is_never_red() -> None:
    for key in ("authorisation.refused", "authorisation.withdrawn", "case.cancelled", "binding.unbound"):
        assert STATES[key].cls == ""


def test_a_state_without_a_word_fails() -> None:
    with pytest.raises(UnknownState):
        state_word("authorisation.splendid")


def test_every_icon_of_a_state_is_in_the_sprite() -> None:
    icons = manifest().icons
    assert icons, "run python -m xinqiao.ui.build first"
    assert {entry.icon for entry in STATES.values()} <= icons


def test_every_state_that_a_template_names_has_words() -> None:
    templates = [path for path in Path(xinqiao.__file__).parent.rglob("*.html") if "templates" in path.parts]
    named = {
        (path.name, state)
        for path in templates
        for call in re.findall(r"ui\.pill\(([^()]*)\)", path.read_text(encoding="utf-8"))
        for state in re.findall(r'"([a-z_]+\.[a-z_]+)"', call)
    }
    assert len(named) > 20
    assert [one for one in sorted(named) if one[1] not in STATES] == []
