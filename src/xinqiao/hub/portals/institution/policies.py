"""Policies of a department: the list, the form, the review, open and closed; applications are in ``policy_claims``."""

import secrets
from collections.abc import Callable, Mapping
from functools import partial

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound
from xinqiao.domain.machine import Role
from xinqiao.domain.market.product import PENDING, STANDING, VersionEvent, VersionState
from xinqiao.domain.period import business_day
from xinqiao.domain.policies.example import worked
from xinqiao.domain.policies.policy import POLICY
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.policies import selectors, services
from xinqiao.hub.apps.policies.models import PolicyStep, PolicyVersion
from xinqiao.hub.portals.access import Visit, institution_page
from xinqiao.hub.portals.denials import record_refusal
from xinqiao.hub.portals.institution.policy_form import PolicyForm, choices
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.policy_cards import PolicyCard, example_lines, problem, told
from xinqiao.hub.portals.posted import seen_version
from xinqiao.ui.i18n import Language, use_language
from xinqiao.ui.i18n import gettext as _

_WRITING = {VersionEvent.SUBMIT, VersionEvent.RECALL, VersionEvent.DROP}


def _may_write(actor: InstitutionActor) -> bool:
    return InstitutionRole.POLICY_OFFICER in actor.roles


def _may_review(actor: InstitutionActor) -> bool:
    return _may_write(actor) or InstitutionRole.INSTITUTION_ADMIN in actor.roles


@require_GET
@institution_page
def listing(visit: Visit[InstitutionActor]) -> HttpResponse:
    """What is in force with its fund, what is being made, which applications wait."""
    day = business_day(visit.at)
    rows = selectors.policies(visit.actor)
    claims = selectors.claims(visit.actor)
    context = {
        "rows": [(row, PolicyCard.of(row.shown, day, row.fund)) for row in rows],
        "waiting": [row.pending for row in rows if row.pending and row.pending.state == VersionState.IN_REVIEW.value],
        "claims": [row for row in claims if row.state in ("applied", "accepted", "reviewed", "payable")][:20],
        "may_write": _may_write(visit.actor), "is_department": selectors.is_department(visit.actor.institution_id),
    }  # fmt: skip
    return desk_page(visit, "institution/policies.html", "policies", context)


def _form_page(
    visit: Visit[InstitutionActor], form: PolicyForm, row: PolicyVersion | None, key: str
) -> HttpResponse:
    kept = told(selectors.terms_of(row)) if row and form.who.kept is not None else []
    context: dict[str, object] = {
        "form": form, "row": row, "key": key, "choices": choices(), "padded": form.who.padded(),
        "kept_lines": next((one.lines for one in kept if one.key == "condition"), ()),
    }  # fmt: skip
    return desk_page(
        visit, "institution/policy_form.html", "policies", context, status=422 if form.errors else 200
    )


@require_http_methods(["GET", "POST"])
@institution_page
def new(visit: Visit[InstitutionActor]) -> HttpResponse:
    """Write a policy."""
    if not _may_write(visit.actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "no policy officer")
    if visit.request.method == "GET":
        return _form_page(visit, PolicyForm(), None, f"form-{secrets.token_hex(12)}")
    form, key = PolicyForm.read(visit.request.POST), visit.request.POST.get("key", "")
    try:
        row = services.create_policy(actor=visit.actor, terms=form.terms(), key=key, at=visit.at)
    except Invalid as refused:
        record_refusal(visit.request, refused)
        form.refuse(refused)
        return _form_page(visit, form, None, key)
    return _to(row)


@require_http_methods(["GET", "POST"])
@institution_page
def edit(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """Write a draft anew."""
    row = selectors.policy_version(visit.actor, version_id)
    if not _may_write(visit.actor):
        raise Forbidden(Code.ROLE_FORBIDDEN, "no policy officer")
    stored = PolicyForm.of(row.terms)
    if visit.request.method == "GET":
        return _form_page(visit, stored, row, "") if row.state == VersionState.DRAFT.value else _to(row)
    form = PolicyForm.read(visit.request.POST, stored.who.kept)
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


def _to(row: PolicyVersion) -> HttpResponse:
    return HttpResponseRedirect(reverse("institution:policy_version", args=[row.id]))


@require_GET
@institution_page
def version(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """One version in both languages, its example in numbers, the fund, what may be done with it."""
    return _version_page(visit, selectors.policy_version(visit.actor, version_id))


def _version_page(
    visit: Visit[InstitutionActor], row: PolicyVersion, *, error: str = "", status: int = 200
) -> HttpResponse:
    terms = selectors.terms_of(row)
    versions = selectors.policy_versions(visit.actor, row.policy_id)
    with use_language(Language.ZH):
        chinese = told(terms)
    with use_language(Language.EN):
        english = told(terms)
    example = worked(terms, business_day(visit.at))
    line = selectors.fund(row.policy_id)
    standing = any(VersionState(one.state) in STANDING and one.id == row.id for one in versions)
    context = {
        "row": row, "chinese": chinese, "english": english, "versions": versions,
        "example": example_lines(terms, example) if example else (), "events": _events(visit.actor, row),
        "wrote": visit.actor.user_id in row.writers, "line": line, "entries": selectors.entries(line) if line else (),
        "may_revise": _may_write(visit.actor) and standing and not any(VersionState(one.state) in PENDING for one in versions),
        "key": f"form-{secrets.token_hex(12)}", "story": _story(row), "error": error,
    }  # fmt: skip
    return desk_page(visit, "institution/policy.html", "policies", context, status=status)


def _events(actor: InstitutionActor, row: PolicyVersion) -> list[str]:
    """What the actor may do now; the services decide."""
    found = []
    for event in POLICY.allowed(VersionState(row.state), Role.DEPARTMENT):
        if event in {VersionEvent.PUBLISH, VersionEvent.REFUSE}:
            may = _may_review(actor) and actor.user_id not in row.writers
        else:
            may = _may_write(actor) if event in _WRITING else _may_review(actor)
        if may:
            found.append(event.value)
    return found


def _story(row: PolicyVersion) -> list[tuple[str, str, str, PolicyStep]]:
    """What happened, with its words: class, icon, sentence."""
    said = {
        "write": ("", "pencil", _("写下这个版本的内容")),
        "submit": ("ask", "send", _("提交复核")),
        "recall": ("", "arrow-back-up", _("收回修改")),
        "drop": ("", "x", _("作废")),
        "refuse": ("", "circle-x", _("复核不通过")),
        "publish": ("give", "circle-check", _("复核通过，发布，资金池设定")),
        "supersede": ("", "history", _("新版本发布，这个版本停用")),
        "suspend": ("", "player-pause", _("暂停受理")),
        "resume": ("give", "player-play", _("恢复受理")),
        "withdraw": ("", "arrow-back-up", _("停办")),
    }
    return [(*said[one.event], one) for one in selectors.policy_steps(row)]


@require_POST
@institution_page
def act(visit: Visit[InstitutionActor], version_id: str) -> HttpResponse:
    """Submit, take back, decide, stop, resume, end."""
    row = selectors.policy_version(visit.actor, version_id)
    words = visit.request.POST.get("words", "")
    verbs: Mapping[str, Callable[..., PolicyVersion]] = {
        "submit": services.submit_version,
        "recall": services.recall_version,
        "drop": services.drop_version,
        "publish": services.publish_version,
        "refuse": partial(services.refuse_version, reason=words),
        "suspend": partial(services.suspend_policy, reason=words),
        "resume": services.resume_policy,
        "withdraw": partial(services.withdraw_policy, reason=words),
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
def revise(visit: Visit[InstitutionActor], policy_id: str) -> HttpResponse:
    """Begin the next version and go to its form."""
    row = services.revise_policy(
        actor=visit.actor, policy_id=policy_id, key=visit.request.POST.get("key", ""), at=visit.at
    )
    return HttpResponseRedirect(reverse("institution:policy_edit", args=[row.id]))
