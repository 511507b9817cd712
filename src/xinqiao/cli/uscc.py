"""``xinqiao uscc CODE…``: check unified social credit codes, one line each."""

from xinqiao.domain.identifiers import uscc_report


def main_uscc(codes: list[str]) -> int:
    """Print ``CODE valid`` or ``CODE invalid REASON`` per code; 0 when all are valid, 1 when one is not.

    The code is printed as typed, with what does not print escaped, so that one code is always one line.
    """
    bad = 0
    for text in codes:
        valid, reason = uscc_report(text)
        bad += not valid
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        print(f"{shown} valid" if valid else f"{shown} invalid {reason}")
    return 1 if bad else 0
