"""Whatever a document says is in the source is there, by file and by name."""

import pytest
from tests.docs.code import ROOT, SRC, definitions, missing, references

PAGES = sorted((ROOT / "docs").rglob("*.md"))
TRACE = ROOT / "docs" / "architecture" / "one-request.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_place_in_the_source_that_a_document_names_exists(page) -> None:
    assert missing(page.read_text(encoding="utf-8")) == []


def test_the_trace_of_one_request_passes_through_every_program() -> None:
    files = {file for file, _ in references(TRACE.read_text(encoding="utf-8"))}
    for part in (
        "client/",
        "hub/gateway/",
        "hub/apps/fundflow/",
        "hub/apps/audit/",
        "provider/",
        "trust/",
        "domain/",
    ):
        assert any(file.startswith(part) for file in files), part


def test_the_check_of_references_can_fail() -> None:
    assert missing("`hub/gateway/core.py:Gateway.answer` `domain/consent/decision.py:decide`") == []
    assert missing("`hub/gateway/core.py:Gateway.anwser` `hub/gateway/gone.py:decide`") == [
        "hub/gateway/core.py:Gateway.anwser",
        "hub/gateway/gone.py:decide",
    ]
    assert "Gateway.answer" in definitions(SRC / "hub/gateway/core.py")
