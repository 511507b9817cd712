"""The register of firms: there or not, opened once in a thread, read anew when the file is another one."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from django.test import Client
from django.urls import reverse
from tests.hub.cast import OWNER_USCC, STRANGER_USCC, Cast

from xinqiao.hub.apps.identity import register
from xinqiao.hub.portals.public import firms
from xinqiao.lake.firms import Firm, FirmIndex

type Build = Callable[..., None]


@pytest.fixture
def build(tmp_path: Path, settings: object) -> Build:
    """Make the platform's index of these firms; made again, it is another file under the same name."""
    settings.XINQIAO_FIRMS = tmp_path / "firms.sqlite3"  # type: ignore[attr-defined]

    def make(*listed: Firm) -> None:
        fresh = tmp_path / "fresh.sqlite3"
        with FirmIndex.create(fresh) as index:
            index.add(listed)
        fresh.replace(tmp_path / "firms.sqlite3")

    return make


def test_without_a_file_nobody_is_registered(build: Build) -> None:
    assert not register.has_register()
    assert register.firms_called("远山", limit=5) == []
    assert register.registered(OWNER_USCC) is None


def test_a_firm_is_found_by_name_and_by_an_old_number(build: Build) -> None:
    build(Firm(OWNER_USCC, "远山农机有限公司", registration_no="330100000000011"))
    assert [hit.firm.uscc for hit in register.firms_called("yuanshan", limit=5)] == [OWNER_USCC]
    assert [hit.firm.uscc for hit in register.firms_numbered("330100000000011")] == [OWNER_USCC]
    found = register.registered(OWNER_USCC)
    assert found is not None
    assert found.name == "远山农机有限公司"


def test_the_file_is_opened_once_and_again_when_it_is_another(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(Firm(OWNER_USCC, "远山农机有限公司"))
    opened: list[Path] = []
    real = FirmIndex.open
    monkeypatch.setattr(FirmIndex, "open", lambda path: (opened.append(path), real(path))[1])
    for _ in range(3):
        assert register.registered(OWNER_USCC) is not None
    assert len(opened) == 1
    build(Firm(STRANGER_USCC, "澄湖五金有限公司"))
    assert register.registered(OWNER_USCC) is None
    assert register.registered(STRANGER_USCC) is not None
    assert len(opened) == 2


def test_every_thread_has_its_own(build: Build) -> None:
    build(Firm(OWNER_USCC, "远山农机有限公司"))
    assert register.registered(OWNER_USCC) is not None
    found: list[object] = []
    other = Thread(target=lambda: found.append(register.registered(OWNER_USCC)))
    other.start()
    other.join()
    assert found == [register.registered(OWNER_USCC)]


def test_the_public_page_of_a_firm_names_it(cast: Cast, build: Build) -> None:
    build(Firm(OWNER_USCC, "远山农机有限公司"))
    firms._looks.clear()
    page = Client().get(reverse("public:firm", args=[OWNER_USCC])).content.decode()
    assert "远山农机有限公司" in page
