"""The credit report and the portrait's parts on paper: what does not fit a table is set line by line."""

import io

import pikepdf
import pytest
from bench.report import full_report

from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.pdf import PdfFacts, render_credit_pdf
from xinqiao.ui.pdf.credit import _breakable


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("own", [True, False])
def test_a_report_with_every_item_is_set_in_both_languages(language: Language, own: bool) -> None:
    with use_language(language):
        report, paper = full_report(own=own)
        pdf = render_credit_pdf(report, paper, PdfFacts("7KQ4", "https://example.invalid/7"))  # type: ignore[arg-type]
    with pikepdf.open(io.BytesIO(pdf)) as document:
        assert len(document.pages) > 8


def test_a_long_number_may_break_and_a_short_one_does_not() -> None:
    assert _breakable("2026-10") == "2026-10"
    assert _breakable("a" * 16) == "a" * 8 + "\u200b" + "a" * 8
    assert _breakable("CR-20261121-0001").replace("\u200b", "") == "CR-20261121-0001"
