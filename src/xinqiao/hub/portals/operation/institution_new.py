"""Letting an institution in: what it is called, in which capacity it takes part, who runs its side."""

import secrets
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from xinqiao.domain.errors import Conflict, Invalid
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.identity.services import admit_institution
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.operation.institutions import show
from xinqiao.hub.portals.operation.shell import Staff, needs, staff_page
from xinqiao.ui.error_words import words
from xinqiao.ui.i18n import gettext as _

#: What the columns hold.
_LENGTHS = {"name": 120, "short_name": 40, "display_name": 80, "username": 80, "department": 80}
_TAKES_PART = ("user", "provider")


@dataclass
class InstitutionForm:
    """What was typed, kept when something was wrong; ``errors`` by field."""

    name: str = ""
    short_name: str = ""
    uscc: str = ""
    takes_part: list[str] = field(default_factory=lambda: ["user"])
    display_name: str = ""
    username: str = ""
    department: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "InstitutionForm":
        """The posted values, and what is missing or too long."""
        post = request.POST
        texts = {name: post.get(name, "").strip() for name in ("uscc", *_LENGTHS)}
        form = cls(takes_part=[one for one in post.getlist("takes_part") if one in _TAKES_PART])
        for name, text in texts.items():
            setattr(form, name, text)
            if not text and name != "department":
                form.errors[name] = _("请填写。")
            elif len(text) > (longest := _LENGTHS.get(name, len(text))):
                form.errors[name] = _("最多 {n} 个字。").format(n=longest)
        if not form.takes_part:
            form.errors["takes_part"] = _("至少选一项。")
        return form

    def blame(self, refused: Invalid | Conflict) -> None:
        """Put the service's refusal beside the field it is about."""
        named = str(refused.facts.get("field", "uscc"))
        if isinstance(refused, Invalid):
            said = words(refused.code)
            self.errors[named] = f"{said.title}{_('。')}{said.step}"
        elif named == "username":
            self.errors[named] = _("这个登录名已经有人用，换一个。")
        else:
            self.errors["uscc"] = _("这家机构已经登记过。")

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The list at the top of the form: text and the field it leads to."""
        return [(text, f"f-{name}") for name, text in self.errors.items()]


@require_http_methods(["GET", "POST"])
@operator_page
def new(visit: Visit[Staff]) -> HttpResponse:
    """Let an institution in. POST leads to its page, with the first password, which is stored as a hash only."""
    actor = needs(visit, OperatorRole.ADMIN)
    if visit.request.method == "GET":
        return _form_page(visit, InstitutionForm())
    form = InstitutionForm.read(visit.request)
    if form.errors:
        return _form_page(visit, form)
    password = secrets.token_urlsafe(12)
    try:
        member = admit_institution(
            actor=actor,
            uscc=form.uscc,
            name=form.name,
            short_name=form.short_name,
            is_user="user" in form.takes_part,
            is_provider="provider" in form.takes_part,
            username=form.username,
            password=password,
            display_name=form.display_name,
            department=form.department,
            at=visit.at,
        )
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        form.blame(refused)
        return _form_page(visit, form)
    return show(visit, member.institution_id, made=(form.username, password))


def _form_page(visit: Visit[Staff], form: InstitutionForm) -> HttpResponse:
    context = {
        "form": form,
        "parts": [
            ("user", _("使用信息"), _("经企业授权，查询资金流信用信息")),
            ("provider", _("提供信息"), _("企业的账户在它那里，由它的节点计算")),
        ],
    }
    status = 422 if form.errors else 200
    return staff_page(visit, "operation/institution_new.html", "institutions", context, status=status)
