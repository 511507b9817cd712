"""What was typed into the log-in form, and what is wrong with it before anybody is asked (look 7.7).

Only shapes and check digits are judged here, which every visitor could compute; whether the enterprise or the person
exists is the verifier's question, and its answer is one and the same for every mistake (abuse case B11).
"""

from dataclasses import dataclass, field
from datetime import datetime

from django.http import QueryDict

from xinqiao.domain.identifiers import Finding, Reason, check_resident_id, check_uscc, normalise
from xinqiao.domain.period import business_day
from xinqiao.ui.i18n import gettext as _


def _uscc_words(found: Finding) -> str:
    match found.reason:
        case Reason.LENGTH:
            return _("统一社会信用代码是 18 位，现在是 {n} 位。").format(n=len(found.normalised))
        case Reason.CHARSET:
            return _("第 {n} 位不对：代码里只有数字和大写字母，没有 I、O、S、V、Z。").format(n=found.position)
        case _:
            return _("校验位对不上，请从头核对一遍。")


def _id_words(found: Finding) -> str:
    match found.reason:
        case Reason.LENGTH:
            return _("身份证号码是 18 位，现在是 {n} 位。").format(n=len(found.normalised))
        case Reason.CHARSET:
            return _("第 {n} 位不对：前 17 位是数字，最后一位是数字或 X。").format(n=found.position)
        case Reason.DATE:
            born = found.normalised[6:14]
            day = f"{born[:4]}-{born[4:6]}-{born[6:]}"
            return _("出生日期 {day} 不存在，请检查第 7 到 14 位。").format(day=day)
        case Reason.FUTURE:
            return _("出生日期还没有到，请检查第 7 到 14 位。")
        case _:
            return _("校验位对不上，请从头核对一遍。")


@dataclass(slots=True)
class LoginForm:
    """What was typed, kept when something was wrong; ``wrong`` has a sentence per field, empty when it is fine."""

    uscc: str = ""
    enterprise_name: str = ""
    person_name: str = ""
    id_no: str = ""
    error: str = ""
    wrong: dict[str, str] = field(default_factory=lambda: {"uscc": "", "id_no": ""})

    @classmethod
    def read(cls, posted: QueryDict) -> "LoginForm":
        """The posted values in normal form: groups joined, full width made narrow."""
        return cls(
            normalise(posted.get("uscc", "")),
            posted.get("enterprise_name", "").strip(),
            posted.get("person_name", "").strip(),
            normalise(posted.get("id_no", "")),
        )

    def fits(self, at: datetime) -> bool:
        """Whether the two identifiers can be what they claim to be; fills ``wrong`` when not."""
        code = check_uscc(self.uscc)
        if isinstance(code, Finding):
            self.wrong["uscc"] = _uscc_words(code)
        person = check_resident_id(self.id_no, today=business_day(at))
        # The place is not judged: old numbers carry codes that were given up, demonstrations ones that never were.
        if isinstance(person, Finding) and person.reason is not Reason.DIVISION:
            self.wrong["id_no"] = _id_words(person)
        return not any(self.wrong.values())
