"""Documents are tested like code: links resolve, commands exist, nothing points to where it must not."""

import re
import subprocess
from pathlib import Path

import pytest

from xinqiao.cli import COMMANDS
from xinqiao.domain.errors import Code

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    missing = [
        target
        for target in LINK.findall(page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert not missing


def test_every_command_named_in_a_document_exists() -> None:
    named = {
        word
        for page in PAGES
        for word in re.findall(r"(?:^|[`\s/])xinqiao ([a-z][a-z-]+)", page.read_text(encoding="utf-8"))
    }
    assert named - set(COMMANDS) - {"version", "help"} == set()


def test_the_readme_exists_in_both_languages_with_the_same_sections() -> None:
    zh, en = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.en.md"))
    assert len(re.findall(r"^## ", zh, re.M)) == len(re.findall(r"^## ", en, re.M))
    assert re.findall(r"^make \w+", zh, re.M) == re.findall(r"^make \w+", en, re.M)


def test_every_error_code_has_a_paragraph() -> None:
    text = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    assert [code for code in Code if f"`{code}`" not in text] == []


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for lock in (ROOT / "requirements").glob("*.lock"):
        text = lock.read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text
    package_lock = ROOT / "package-lock.json"
    assert '"resolved"' not in package_lock.read_text(encoding="utf-8")


def test_the_decisions_are_listed() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text(encoding="utf-8")
    pages = [p.name for p in (ROOT / "docs/decisions").glob("0*.md")]
    assert [p for p in pages if p not in index] == []


def test_nothing_generated_is_committed() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not re.search(r"(^|/)(node_modules|static/build|\.venv)/|\.mo$|uv\.lock$", tracked, re.M)


def test_every_page_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    listed = {(index.parent / target).resolve() for target in LINK.findall(index.read_text(encoding="utf-8"))}
    pages = [p for p in (ROOT / "docs").rglob("*.md") if "decisions" not in p.parts and p != index]
    assert [str(p.relative_to(ROOT)) for p in pages if p.resolve() not in listed] == []
