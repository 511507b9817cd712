"""``xinqiao uscc CODE…``: check unified social credit codes, one line each."""

import sys

from xinqiao.domain.identifiers import uscc_report

_USAGE = "用法 usage: xinqiao uscc 代码 CODE [代码 CODE …]"


def main_uscc(codes: list[str]) -> int:
    """Print ``CODE valid`` or ``CODE invalid REASON`` per code; 0 when all are valid, 1 when one is not.

    The code is printed as typed, with what does not print escaped, so that one code is always one line. No code at all
    is 2: a script whose variable was empty must not take silence for "all are valid".
    """
    if codes[:1] in (["-h"], ["--help"]):
        print(_USAGE)
        return 0
    if not codes:
        print(_USAGE, file=sys.stderr)
        return 2
    bad = 0
    for text in codes:
        valid, reason = uscc_report(text)
        bad += not valid
        shown = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
        print(f"{shown} valid" if valid else f"{shown} invalid {reason}")
    return 1 if bad else 0
