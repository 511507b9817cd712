"""What the forms by which an institution asks a firm have alike: numbers in bounds, and where a refusal belongs."""

from xinqiao.domain.errors import Code, XinqiaoError
from xinqiao.hub.portals.posted import whole_number
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

#: Which field of the form a service means when it names one.
_FIELDS = {
    "subject_uscc": "uscc",
    "uscc": "uscc",
    "months_back": "months",
    "valid_days": "days",
    "max_queries": "queries",
}


class AskingForm:
    """Base of the forms; ``errors`` by field, those of no field under ``form``."""

    __slots__ = ()
    errors: dict[str, str]

    def check_numbers(self, *limits: tuple[str, str, int]) -> None:
        """Blame the fields whose text is no whole number from 1 to its limit: (field, text, limit)."""
        for name, text, top in limits:
            if whole_number(text, 1, top) is None:
                self.errors[name] = _("请填 1 到 {n} 之间的整数。").format(n=top)

    def blame(self, refused: XinqiaoError) -> None:
        """Put the service's refusal beside the field it is about."""
        said, items = words(refused.code), refused.facts.get("items")
        if refused.code is Code.CEILING_EXCEEDED and isinstance(items, list):
            for item in items:
                top = refused.facts.get(f"max_{item}")
                self.errors[_FIELDS[item]] = _("超过这个用途的上限，最多 {n}。").format(n=top)
        elif refused.facts.get("reason") == "NO_DATA_ACCOUNT":
            self.errors["uscc"] = _("这家企业还没有数据账户，先邀请它登录。")
        elif refused.code is Code.CONFLICT_DUPLICATE:
            self.errors["business_ref"] = _("这笔业务已有一件等答复的申请。")
        else:
            named = str(refused.facts.get("field", ""))
            coded = refused.code in (Code.USCC_FORMAT, Code.USCC_CHECKSUM)
            name = "uscc" if coded else _FIELDS.get(named, named)
            self.errors[name or "form"] = f"{said.title}{_('。')}{said.step}"

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The list at the top of the form: text and the field it leads to."""
        return [(text, "" if name == "form" else f"f-{name}") for name, text in self.errors.items()]
