"""Imported repair results in words."""

from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.domain.repair_results import COLUMNS, Unmatched
from xinqiao.ui.error_words import words
from xinqiao.ui.file_words import whereabouts
from xinqiao.ui.i18n import gettext as _


def reason_word(reason: str) -> str:
    """Why a row was not applied; empty for one that was or waits."""
    if not reason:
        return ""
    return {
        Unmatched.USCC: _("统一社会信用代码不对"),
        Unmatched.DOCUMENT: _("没有文书号，或这一行列数不对"),
        Unmatched.DECISION: _("看不懂修复结果这个词"),
        Unmatched.DATE: _("日期不对，或在今天以后"),
        Unmatched.NOT_GRANTED: _("不是准予修复的决定"),
        Unmatched.REPEATED: _("和前面的一行相同"),
        Unmatched.NO_FIRM: _("没有这家企业的失信信息"),
        Unmatched.NO_RECORD: _("这家企业没有这个文书号的记录"),
        Unmatched.CLOSE: _("文书号写法相近，不完全相同，请核对"),
        Unmatched.SEVERAL: _("对上不止一条记录"),
        Unmatched.EARLY: _("决定日期早于认定日期"),
        Unmatched.GONE: _("这条记录已经不再公示"),
        Unmatched.PENDING: _("本平台正在办理这条记录的修复申请"),
        Unmatched.WITHDRAWN: _("那边后来撤销了这个修复，已经转入"),
        Unmatched.NOT_IN_FORCE: _("没有正在生效的、从文件转入的这条修复"),
        Unmatched.ELSEWHERE: _("这条修复是从别的平台转入的"),
        Unmatched.HERE: _("这条修复是在本平台办理的，由认定单位撤销"),
    }[Unmatched(reason)]


def column_words() -> list[str]:
    """What a file says, by the first name of each column."""
    return [names[0] for names in COLUMNS.values()]


def refusal(error: XinqiaoError) -> str:
    """Why a file was not read, or a row not taken back."""
    if error.code is Code.INVALID and error.facts.get("field") == "platform":
        return _("写明是哪个平台，最多 80 个字。")
    if error.code is Code.INVALID and error.facts.get("field") == "reason":
        return _("写 1 到 {n} 个字。").format(n=error.facts.get("max", 500))
    found = words(error.code)
    return " ".join([f"{found.title}{_('。')}{found.step}", *whereabouts(error.facts, str)])
