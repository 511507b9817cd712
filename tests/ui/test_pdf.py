"""The report on paper: same bytes, embedded fonts, a signature that a changed byte breaks."""

import io
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature

from xinqiao.ui import gallery_report
from xinqiao.ui.assets import BUILD_DIR
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.pdf import PdfFacts, render_report_pdf, render_summary_pdf, self_signed_certificate, sign_pdf
from xinqiao.ui.pdf.draw import tidy
from xinqiao.ui.pdf.inks import INKS

FACTS = PdfFacts(
    "7KQ4-M2XD-09TF",
    "https://example.invalid/v/7KQ4-M2XD-09TF",
    "SM3 8f1c…d027",
    "SM2，岚江农商银行",
    18403950,
    demo=True,
)


@pytest.fixture(scope="module")
def paper() -> bytes:
    return render_report_pdf(gallery_report.product(), FACTS)


def test_the_same_product_gives_the_same_bytes(paper: bytes) -> None:
    assert render_report_pdf(gallery_report.product(), FACTS) == paper


def test_another_code_gives_other_bytes(paper: bytes) -> None:
    assert render_report_pdf(gallery_report.product(), PdfFacts("AAAA-BBBB-CCCC", demo=True)) != paper


def test_the_paper_names_the_authorisation_by_its_number(paper: bytes) -> None:
    product = gallery_report.product()
    head = product["head"]
    assert isinstance(head, dict)
    known = replace(FACTS, authorisation_no=str(head["authorisation_no"]))
    made_by_a_node = {**product, "head": {**head, "authorisation_no": "aut-" + "0" * 32}}
    assert render_report_pdf(made_by_a_node, known) == paper
    assert render_report_pdf(made_by_a_node, FACTS) != paper


def test_every_font_is_embedded_and_ours(paper: bytes) -> None:
    names = set()
    with pikepdf.open(io.BytesIO(paper)) as document:
        assert len(document.pages) >= 3
        for page in document.pages:
            for font in page.Resources.Font.values():
                (inner,) = font.DescendantFonts
                assert "/FontFile2" in inner.FontDescriptor or "/FontFile3" in inner.FontDescriptor
                names.add(str(inner.FontDescriptor.FontName))
    assert any("NotoSansSC" in name for name in names)
    if (BUILD_DIR / "pdf-fonts").is_dir():
        assert any("Inter" in name for name in names)


@pytest.mark.parametrize("language", list(Language))
def test_self_query_without_balance_and_summary_print_in_both_languages(language: Language) -> None:
    with use_language(language):
        own = render_report_pdf(gallery_report.product(self_query=True, include_balance=False), PdfFacts())
        summary = render_summary_pdf(gallery_report.summary_product(), FACTS)
    assert own.startswith(b"%PDF-")
    assert summary.startswith(b"%PDF-")


def test_a_signed_paper_keeps_its_bytes_and_a_flipped_one_is_found(paper: bytes) -> None:
    key = Ed25519PrivateKey.generate()
    certificate = self_signed_certificate(key, "信桥（演示）", at=datetime(2026, 11, 21, tzinfo=UTC))
    signed = sign_pdf(paper, key=key, certificate=certificate, name="信桥", reason="放行")
    assert signed.startswith(paper)
    (signature,) = PdfFileReader(io.BytesIO(signed)).embedded_signatures
    status = validate_pdf_signature(signature)
    assert status.intact
    assert status.valid
    # A letter inside a compressed stream, which no parser stumbles over.
    at = signed.index(b"stream\n") + 60
    flipped = signed[:at] + bytes([signed[at] ^ 1]) + signed[at + 1 :]
    (signature,) = PdfFileReader(io.BytesIO(flipped), strict=False).embedded_signatures
    assert not validate_pdf_signature(signature).intact


def test_printing_inks_are_the_light_tokens() -> None:
    tokens = (Path(BUILD_DIR).parent / "src" / "tokens.css").read_text(encoding="utf-8")
    for name, value in INKS.items():
        found = re.search(rf"--xq-{re.escape(name)}:\s*light-dark\((#[0-9a-f]{{6}})", tokens)
        assert found, name
        assert found[1] == value, name


@pytest.mark.parametrize(
    ("value", "top"), [(0, 1), (54.1, 60), (60, 60), (61, 80), (0.07, 0.08), (1000, 1000)]
)
def test_an_axis_ends_at_a_tidy_number(value: float, top: float) -> None:
    assert tidy(value) == pytest.approx(top)
