"""The five figures of the desk, each with its definition: what was counted, over which time."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from xinqiao.domain.period import start_of_day
from xinqiao.hub.actors import InstitutionActor
from xinqiao.hub.apps.consents import desk
from xinqiao.hub.apps.fundflow import figures
from xinqiao.ui import format as fmt
from xinqiao.ui.figures import Definition
from xinqiao.ui.i18n import gettext as _

WINDOW = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure as the macro ``fig`` takes it."""

    label: str
    quantity: tuple[str, str] | None
    meaning: str
    definition: Definition
    reason: str = ""


def month_start(at: datetime) -> datetime:
    """The first instant of the Shanghai month of ``at``."""
    return start_of_day(fmt.shanghai(at).date().replace(day=1))


def _span(since: datetime, at: datetime) -> str:
    return _("{start} 至 {end}").format(start=fmt.moment(since), end=fmt.moment(at))


def time_parts(length: timedelta | None) -> tuple[str, str] | None:
    """A length of time as number and unit: seconds, minutes, hours or days, whichever is read at a glance."""
    if length is None:
        return None
    seconds = length.total_seconds()
    for limit, size, unit in ((60, 1, _("秒")), (3_600, 60, _("分钟")), (172_800, 3_600, _("小时"))):
        if seconds < limit:
            return fmt.decimal(str(round(seconds / size, 1)), digits=1), unit
    return fmt.decimal(str(round(seconds / 86_400, 1)), digits=1), _("天")


def desk_figures(actor: InstitutionActor, *, at: datetime) -> list[Figure]:
    """The figures of an institution's desk at ``at``."""
    month, window = month_start(at), at - WINDOW
    counts = figures.record_counts(actor, since=month, until=at)
    answers = desk.answer_figures(actor, since=window, until=at)
    took = figures.median_answer(actor, since=window, until=at)
    return [
        Figure(
            _("本月已放行"),
            (fmt.count(counts["released"]), _("次")),
            _("没有放行的不算"),
            Definition(
                "I01", 1, _("本月已放行"), _("本月放行给本机构的产品次数。没有放行的查询不算。"),
                _("计数：状态为已放行的查询"), _span(month, at),
            ),
        ),
        Figure(
            _("没有放行"),
            (fmt.count(counts["denied"]), _("次")),
            _("都没有数据给出"),
            Definition(
                "I02", 1, _("没有放行"), _("本月被拒绝的查询。超出授权、授权已结束都在内；数源故障不在内。"),
                _("计数：状态为未放行的查询"), _span(month, at),
            ),
        ),
        Figure(
            _("企业同意率"),
            _rate(answers),
            _("其中 {n} 件只同意一部分").format(n=answers.partly) if answers.agreed else "",
            Definition(
                "I03", 1, _("企业同意率"), _("近 30 天已答复的申请里，企业同意（含部分同意）的占比。"),
                _("同意 ÷（同意 + 未同意 + 逾期）"), _("{n} 件").format(n=answers.answered), fmt.moment(at),
            ),
            _("近 30 天没有已答复的申请"),
        ),
        Figure(
            _("从申请到同意"),
            time_parts(answers.median_wait),
            _("中位数，近 30 天"),
            Definition(
                "I04", 1, _("从申请到同意"), _("企业同意的申请，从提出到同意用了多久。"), _("中位数（同意时刻 − 申请时刻）"),
                _("{n} 件").format(n=answers.agreed), fmt.moment(at),
            ),
            _("近 30 天没有同意的申请"),
        ),
        Figure(
            _("数源应答"),
            time_parts(took),
            _("中位数，近 30 天；最长 10 秒"),
            Definition(
                "I05", 1, _("数源应答"), _("从提出查询到放行用了多久，大部分时间是开户行在算。"),
                _("中位数（放行时刻 − 提出时刻）"), _span(window, at),
            ),
            _("近 30 天没有放行"),
        ),
    ]  # fmt: skip


def _rate(answers: desk.AnswerFigures) -> tuple[str, str] | None:
    if not answers.answered:
        return None
    return fmt.decimal(str(round(answers.agreed * 100 / answers.answered, 1)), digits=1), "%"
