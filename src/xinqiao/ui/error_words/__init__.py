"""What a person reads when something was refused or failed: one sentence and one next step for each stable code.

The one table serves the portals, the problem documents of the gateway and of the nodes, and the page
``docs/reference/errors.md``, which is generated from it (``python -m xinqiao.ui.error_words``). A code without words
is a failing test.
"""

from typing import Final

from xinqiao.domain.errors import Code
from xinqiao.ui.error_words.access import ACCESS
from xinqiao.ui.error_words.faults import FAULTS
from xinqiao.ui.error_words.files import FILES
from xinqiao.ui.error_words.input import INPUT
from xinqiao.ui.error_words.model import ErrorWords
from xinqiao.ui.error_words.state import STATE

__all__ = ["WORDS", "ErrorWords", "reference_page", "words"]

WORDS: Final[dict[Code, ErrorWords]] = {**ACCESS, **STATE, **INPUT, **FILES, **FAULTS}


def words(code: Code) -> ErrorWords:
    """The words of a code; a code added without words still says something true."""
    return WORDS.get(code) or ErrorWords(
        "没有办成", "稍后再试，或把编号告诉服务中心。", "Not done", "Try again later."
    )


def reference_page() -> str:
    """The text of ``docs/reference/errors.md``."""
    lines = [
        "# 错误码 Error codes",
        "",
        "代码是公开约定的一部分，只增不改。由 `python -m xinqiao.ui.error_words` 生成。",
        "Codes are part of the public contract; this page is generated.",
        "",
        "| 代码 code | 发生了什么 | 怎么办 | What happened | What to do |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| `{c}` | {w.zh} | {w.zh_step} | {w.en} | {w.en_step} |" for c in Code if (w := words(c))]
    return "\n".join(lines) + "\n"
