"""A proof somebody attaches in the demonstration: a PDF of one page that says what it is. No font is carried in it."""

from collections.abc import Sequence

_HEAD = b"%PDF-1.4\n"
_LINE, _LEFT, _TOP = 26, 72, 760
_FONT = "<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light /Encoding /UniGB-UTF16-H /DescendantFonts [6 0 R] >>"
_GLYPHS = (
    "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /DW 1000"
    " /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> /FontDescriptor 7 0 R >>"
)
_METRICS = (
    "<< /Type /FontDescriptor /FontName /STSong-Light /Flags 6 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
    " /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>"
)


def proof_pdf(lines: Sequence[str]) -> bytes:
    """A page with these lines, set in whatever Chinese font the reader's program has."""
    text = b"".join(
        f"BT /F1 14 Tf {_LEFT} {_TOP - _LINE * at} Td <{line.encode('utf-16-be').hex()}> Tj ET\n".encode()
        for at, line in enumerate(lines)
    )
    page = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page.encode(),
        b"<< /Length %d >>\nstream\n%sendstream" % (len(text), text),
        _FONT.encode(),
        _GLYPHS.encode(),
        _METRICS.encode(),
    )
    out, places = bytearray(_HEAD), []
    for number, body in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)
