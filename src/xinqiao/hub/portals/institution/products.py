"""Products of the institution: the list, the form, the review, on and off offer."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import PENDING, PRODUCT, STANDING, VersionEvent, VersionState
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.market import selectors, services
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.product_form import ProductForm, choices, problem
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.posted import seen_version
from xinqiao.hub.portals.product_cards import ProductCard, changes, told
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.i18n import gettext as _

_WRITING = {VersionEvent.SUBMIT, VersionEvent.RECALL, VersionEvent.DROP}


def may_write(actor: InstitutionActor) -> bool:
    """Whether buttons of writing are shown; the services decide."""
    return InstitutionRole.PRODUCT_MANAGER in actor.roles


def may_review(actor: InstitutionActor) -> bool:
    """Whether buttons of deciding are shown; the services decide."""
    return may_write(actor) or InstitutionRole.INSTITUTION_ADMIN in actor.roles


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """What is on offer, what is being made, what waits for a second person."""
    rows = selectors.products(visit.actor)
    context = {
        "rows": [(row, ProductCard.of(row.shown)) for row in rows],
        "waiting": selectors.in_review(visit.actor),
        "may_write": may_write(visit.actor),
    }
    return desk_page(visit, "institution/products.html", "products", context)


def _form_page(
    visit: Visit[InstitutionActor], form: ProductForm, row: ProductVersion | None, key: str
) -> HttpResponse:
    context: dict[str, object] = {
        "form": form, "row": row, "key": key, "choices": choices(), "padded": form.padded(),
        "kept_lines": told_condition(row) if row and form.kept is not None else (),
    }  # fmt: skip
    return desk_page(
        visit, "institution/product_form.html", "products", context, status=422 if form.errors else 200
    )


def told_condition(row: ProductVersion) -> tuple[str, ...]:
    """The conditions of a version in words."""
    return next((one.lines for one in told(selectors.terms_of(row)) if one.key == "condition"), ())


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Design a product."""
    if not may_write(visit.actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "no product manager")
    if visit.request.method == "GET":
        return _form_page(visit, ProductForm(), None, f"form-{secrets.token_hex(12)}")
    form, key = ProductForm.read(visit.request.POST), visit.request.POST.get("key", "")
    try:
        row = services.create_product(actor=visit.actor, terms=form.terms(), key=key, at=visit.at)
    except Invalid as refused:
        record_refusal(visit.request, refused)
        form.refuse(refused)
        return _form_page(visit, form, None, key)
    return _to(row)


@require_http_methods(["GET", "POST"])
@institution_page
def edit(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """Write a draft anew."""
    row = selectors.version(visit.actor, version_id)
    if not may_write(visit.actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "no product manager")
    stored = ProductForm.of(row.terms)
    if visit.request.method == "GET":
        if row.state != VersionState.DRAFT.value:
            return _to(row)
        return _form_page(visit, stored, row, "")
    form = ProductForm.read(visit.request.POST, stored.kept)
    try:
        services.save_draft(
            actor=visit.actor, version_id=row.id, terms=form.terms(), at=visit.at,
            expected_revision=seen_version(visit.request, row.revision),
        )  # fmt: skip
    except Invalid as refused:
        record_refusal(visit.request, refused)
        form.refuse(refused)
        return _form_page(visit, form, row, "")
    return _to(row)


def _to(row: ProductVersion) -> HttpResponse:
    return HttpResponseRedirect(reverse("institution:product_version", args=[row.id]))


@require_GET
@institution_page
def version(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """One version in both languages, what changed, what may be done with it."""
    return _version_page(visit, selectors.version(visit.actor, version_id))


def _version_page(
    visit: Visit[InstitutionActor], row: ProductVersion, *, error: str = "", status: int = 200
) -> HttpResponse:
    terms = selectors.terms_of(row)
    versions = selectors.versions(visit.actor, row.product_id)
    before = next((one for one in versions if one.no < row.no and one.published_at), None)
    with use_language(Language.ZH):
        chinese = told(terms)
    with use_language(Language.EN):
        english = told(terms)
    standing = [one for one in versions if VersionState(one.state) in STANDING]
    pending = [one for one in versions if VersionState(one.state) in PENDING]
    context = {
        "row": row, "chinese": chinese, "english": english, "versions": versions, "before": before,
        "changes": changes(selectors.terms_of(before), terms) if before else [],
        "events": _events(visit.actor, row), "wrote": visit.actor.user_id in row.writers,
        "may_revise": may_write(visit.actor) and row in standing and not pending,
        "key": f"form-{secrets.token_hex(12)}", "story": _story(row), "error": error,
    }  # fmt: skip
    return desk_page(visit, "institution/product.html", "products", context, status=status)


def _events(actor: InstitutionActor, row: ProductVersion) -> list[str]:
    """What the actor may do now; the services decide."""
    found = []
    for event in PRODUCT.allowed(VersionState(row.state), Role.INSTITUTION):
        if event in {VersionEvent.PUBLISH, VersionEvent.REFUSE}:
            may = may_review(actor) and actor.user_id not in row.writers
        else:
            may = may_write(actor) if event in _WRITING else may_review(actor)
        if may:
            found.append(event.value)
    return found


def _story(row: ProductVersion) -> list[tuple[str, str, str, selectors.StepRow]]:
    """What happened, with its words: class, icon, sentence."""
    said = {
        "write": ("", "pencil", _("写下这个版本的内容")),
        "submit": ("ask", "send", _("提交复核")),
        "recall": ("", "arrow-back-up", _("收回修改")),
        "drop": ("", "x", _("作废")),
        "refuse": ("", "circle-x", _("复核不通过")),
        "publish": ("give", "circle-check", _("复核通过，对外在售")),
        "supersede": ("", "history", _("新版本发布，这个版本停用")),
        "suspend": ("", "player-pause", _("停售")),
        "resume": ("give", "player-play", _("恢复在售")),
        "withdraw": ("", "arrow-back-up", _("下架")),
    }
    return [(*said[one.event], one) for one in selectors.steps(row)]


@require_POST
@institution_page
def act(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """Submit, take back, decide, stop, resume, withdraw."""
    row = selectors.version(visit.actor, version_id)
    words = visit.request.POST.get("words", "")
    verbs: Mapping[str, Callable[..., ProductVersion]] = {
        "submit": services.submit_version,
        "recall": services.recall_version,
        "drop": services.drop_version,
        "publish": services.publish_version,
        "refuse": partial(services.refuse_version, reason=words),
        "suspend": partial(services.suspend_product, reason=words),
        "resume": services.resume_product,
        "withdraw": partial(services.withdraw_product, reason=words),
    }
    verb = verbs.get(visit.request.POST.get("act", ""))
    if verb is None:
        raise NotFound
    try:
        verb(
            actor=visit.actor, version_id=row.id, at=visit.at,
            expected_revision=seen_version(visit.request, row.revision),
        )  # fmt: skip
    except (Invalid, Conflict) as refused:
        record_refusal(visit.request, refused)
        said = _("写 1 到 500 个字的理由。") if refused.facts.get("field") == "reason" else problem(refused)
        return _version_page(visit, row, error=said, status=refused.status)
    return _to(row)


@require_POST
@institution_page
def revise(visit: Visit[InstitutionActor], product_id: str) -> HttpResponse:
    """Begin the next version and go to its form."""
    row = services.revise_product(
        actor=visit.actor, product_id=product_id, key=visit.request.POST.get("key", ""), at=visit.at
    )
    return HttpResponseRedirect(reverse("institution:product_edit", args=[row.id]))
