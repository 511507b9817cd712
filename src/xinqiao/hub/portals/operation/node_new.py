"""Connecting a provider's node: its address and its first public key, as the bank's own program printed them."""

from dataclasses import dataclass, field

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from xinqiao.domain.errors import Code, Conflict, Invalid
from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import Institution
from xinqiao.hub.apps.identity.node_address import check_node_id, node_base_url
from xinqiao.hub.apps.identity.services import register_node
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.operation.shell import Staff, needs, staff_page
from xinqiao.hub.portals.pasted_key import KeyForm
from xinqiao.ui.i18n import gettext as _

_NAME_LENGTH = 120


@dataclass
class NodeForm:
    """What was typed, kept when something was wrong; ``errors`` by field, those of the key among them."""

    key: KeyForm
    name: str = ""
    base_url: str = ""
    node_id: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, request: HttpRequest) -> "NodeForm":
        """The posted values, and what is wrong with them."""
        post = request.POST
        form = cls(
            key=KeyForm.read(request),
            name=post.get("name", "").strip(),
            base_url=post.get("base_url", "").strip(),
            node_id=post.get("node_id", "").strip(),
        )
        for name in ("name", "base_url"):
            if not getattr(form, name):
                form.errors[name] = _("请填写。")
        if len(form.name) > _NAME_LENGTH:
            form.errors["name"] = _("最多 {n} 个字。").format(n=_NAME_LENGTH)
        try:  # the service asks again; asked here so that everything wrong is said at once
            if form.base_url:
                node_base_url(form.base_url)
            if form.node_id:
                check_node_id(form.node_id)
        except Invalid as refused:
            form.blame(refused)
        return form

    def blame(self, refused: Invalid | Conflict) -> None:
        """Put the service's refusal beside the field it is about."""
        named = str(refused.facts.get("field", ""))
        if named == "base_url":
            self.errors[named] = (
                _("要用 https。http 只用于本机。")
                if refused.facts.get("reason") == "NO_TLS"
                else _("写成 https://node.bank.example，不带问号和井号。")
            )
        elif named == "node_id":
            self.errors[named] = (
                _("这个编号已经登记过。")
                if isinstance(refused, Conflict)
                else _("编号是小写字母、数字和横线，3 到 40 个字符。")
            )
        else:
            self.key.known()

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The list at the top of the form: text and the field it leads to."""
        return [(text, f"f-{name}") for name, text in (*self.errors.items(), *self.key.errors.items())]


@require_http_methods(["GET", "POST"])
@operator_page
def new(visit: Visit[Staff], institution_id: str) -> HttpResponse:
    """Connect a node of an institution that provides information. POST leads to the node's own page."""
    actor = needs(visit, OperatorRole.ADMIN)
    institution = identity.institution(institution_id)
    if not institution.is_provider:
        raise Conflict(Code.CONFLICT_STATE, "the institution is no provider")
    if visit.request.method == "GET":
        return _form_page(visit, institution, NodeForm(KeyForm.fresh(visit.at), institution.short_name))
    form = NodeForm.read(visit.request)
    if form.messages:
        return _form_page(visit, institution, form)
    try:
        node = register_node(
            actor=actor,
            institution_id=institution_id,
            name=form.name,
            base_url=form.base_url,
            jwk=form.key.jwk,
            not_before=form.key.days["not_before"],
            not_after=form.key.days["not_after"],
            at=visit.at,
            node_id=form.node_id or None,
        )
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        form.blame(refused)
        return _form_page(visit, institution, form)
    return HttpResponseRedirect(reverse("operator:node", args=[node.id]))


def _form_page(visit: Visit[Staff], institution: Institution, form: NodeForm) -> HttpResponse:
    context = {
        "institution": institution,
        "form": form,
        # What the bank gives to ``xinqiao provider init``: read out from here, so that nothing is looked up elsewhere.
        "told": [
            ("--institution", institution.id),
            ("--hub-id", settings.XINQIAO_HUB_ID),
            ("--hub-url", settings.XINQIAO_PUBLIC_URL),
        ],
    }
    status = 422 if form.messages else 200
    return staff_page(visit, "operation/node_new.html", "institutions", context, status=status)
