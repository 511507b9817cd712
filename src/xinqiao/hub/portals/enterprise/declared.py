"""自愿填报: what the firm says about itself, by the form in force; every version it said stays to be read."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.catalogue.declared import Form
from xinqiao.domain.catalogue.model import Field, FieldType
from xinqiao.domain.errors import Invalid, NotFound
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.reports import declarations
from xinqiao.hub.apps.reports.declarations import DeclarationRow
from xinqiao.hub.portals.access import Visit, enterprise_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.enterprise.shell import enterprise_frame
from xinqiao.hub.portals.frame import page
from xinqiao.hub.portals.posted import whole_number
from xinqiao.hub.portals.source.findings import rule_step, rule_title
from xinqiao.hub.runtime import runtime
from xinqiao.ui import i18n
from xinqiao.ui.i18n import Language
from xinqiao.ui.i18n import gettext as _
from xinqiao.ui.item_words import field_label

#: Longer than any version number.
_MOST = 10**8


@dataclass(frozen=True, slots=True)
class Ask:
    """One field as the form shows it. ``kind``: ``choice``, ``choices``, ``lines``, else the type of an input."""

    name: str
    label: str
    kind: str
    value: str
    chosen: tuple[str, ...]
    options: tuple[tuple[str, str], ...]
    hint: str
    error: str
    attrs: dict[str, str]


def _english() -> bool:
    return i18n.language() is Language.EN


def _ask(form: Form, one: Field, value: str, rule: str) -> Ask:
    kinds = {FieldType.TEXT: "lines", FieldType.URL: "url", FieldType.INTEGER: "number"}
    kind = kinds.get(one.type, "text")
    codes = form.codes(one)
    english = codes.english if codes and _english() else {}
    if codes is not None:
        kind = "choices" if one.multiple else "choice"
    # who declares at the interface may write labels, as in files; the form knows them by their codes
    known = {word: code for code, word in codes.entries.items()} if codes else {}
    given = tuple(known.get(part, part) for part in map(str.strip, value.replace("；", ";").split(";")))
    value = given[0] if kind == "choice" else value
    attrs = {} if one.max_length is None else {"maxlength": str(one.max_length)}
    if one.type is FieldType.DECIMAL:
        attrs = {"inputmode": "decimal"}
    elif kind == "number":
        bounds = {"min": one.minimum, "max": one.maximum}
        attrs = {name: str(bound) for name, bound in bounds.items() if bound is not None}
    return Ask(
        one.name, field_label(one), kind, value, given,
        tuple((code, english.get(code, word)) for code, word in codes.entries.items()) if codes else (),
        one.note_en if _english() and one.note_en else one.note, " ".join((rule_title(rule), rule_step(rule))) if rule else "", attrs,
    )  # fmt: skip


def _form(
    visit: Visit[EnterpriseActor],
    form: Form,
    latest: DeclarationRow | None,
    typed: dict[str, str],
    *,
    shared: bool,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    wrong = wrong or {}
    fields = {one.name: one for one in form.fields}
    groups = [
        (
            group.title_en if _english() else group.title,
            [_ask(form, fields[name], typed.get(name, ""), wrong.get(name, "")) for name in group.fields],
        )
        for group in form.groups
    ]
    messages = [
        (f"{field_label(fields[name])}{_('：')}{rule_title(rule)}", f"f-{name}")
        for name, rule in wrong.items()
        if name in fields and rule
    ]
    if "commitment" in wrong:
        messages.append((_("请看过承诺再勾选。"), ""))
    if not messages and wrong:
        messages.append((_("至少填一项。"), f"f-{next(iter(wrong))}"))
    context = {
        "latest": latest,
        "groups": groups,
        "errors": messages,
        "shared": shared,
        "commitment": form.commitment_en if _english() else form.commitment,
        "versions": declarations.versions(visit.actor),
    }
    response = page(visit.request, "enterprise/declared.html", enterprise_frame(visit, "report"), context)
    response.status_code = status
    return response


def _open(visit: Visit[EnterpriseActor]) -> Form:
    """The form, for somebody who may fill it in. Raises NotFound where the platform asks for none."""
    require_capacity(visit.actor, AgentScope.OBJECT, visit.at)
    form = runtime.declared_form
    if form is None:
        raise NotFound
    return form


def _typed(request: HttpRequest, form: Form) -> dict[str, str]:
    return {one.name: ";".join(request.POST.getlist(one.name)) for one in form.fields}


def _version(request: HttpRequest) -> int:
    seen = whole_number(request.POST.get("version", ""), 0, _MOST)
    return -1 if seen is None else seen


@require_http_methods(["GET", "POST"])
@enterprise_page
def show(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """The form with what was said last. POST: a new version."""
    form, request = _open(visit), visit.request
    latest = declarations.declared(visit.actor)
    if request.method == "GET":
        texts = latest.texts if latest else {}
        return _form(visit, form, latest, texts, shared=latest.shared if latest else True)
    typed, shared = _typed(request, form), request.POST.get("shared") == "on"
    try:
        declarations.declare(
            actor=visit.actor,
            cells=typed,
            shared=shared,
            committed=request.POST.get("commitment") == "on",
            expected_version=_version(request),
            at=visit.at,
        )
    except Invalid as refused:
        record_refusal(request, refused)
        found = refused.facts.get("findings") or [f"{refused.facts.get('field', '')}:"]
        wrong = dict(one.split(":", 1) for one in found) if isinstance(found, list) else {}
        return _form(visit, form, latest, typed, shared=shared, wrong=wrong, status=refused.status)
    return HttpResponseRedirect(reverse("enterprise:declared"))


@require_POST
@enterprise_page
def take_back(visit: Visit[EnterpriseActor]) -> HttpResponse:
    """Say nothing any more."""
    declarations.take_back(actor=visit.actor, expected_version=_version(visit.request), at=visit.at)
    return HttpResponseRedirect(reverse("enterprise:declared"))


@require_GET
@enterprise_page
def version(visit: Visit[EnterpriseActor], number: int) -> HttpResponse:
    """One version as it was said."""
    require_capacity(visit.actor, AgentScope.OBJECT, visit.at)
    row = declarations.one_version(visit.actor, number)
    facts = [(one.label_en if _english() else one.label, one.text) for one in row.entries]
    context: dict[str, object] = {"row": row, "facts": facts}
    return page(visit.request, "enterprise/declared_version.html", enterprise_frame(visit, "report"), context)
