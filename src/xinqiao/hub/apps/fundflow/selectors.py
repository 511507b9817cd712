"""Questions about queries, for a given actor: records of uses and refusals, one query, verification, public figures."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Max, OuterRef, Q

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Product
from xinqiao.domain.errors import Code, Invalid, NotFound, TooMany, Unauthenticated
from xinqiao.hub.actors import Actor, EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.audit.models import Checkpoint
from xinqiao.hub.apps.consents.models import Authorisation, History
from xinqiao.hub.apps.consents.summary import product_words
from xinqiao.hub.apps.fundflow.models import Query, Statement
from xinqiao.hub.apps.identity.services import node_keys
from xinqiao.hub.rate import PerMinute
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.jws import ArtefactType, verify_jws

#: Lookups of verification codes by one visitor in one minute (abuse case E11: lookup is rate-limited).
LOOKUPS_PER_MINUTE = 30
_lookups = PerMinute(LOOKUPS_PER_MINUTE)


@dataclass(frozen=True, slots=True)
class QueryRow:
    """One query as a ledger shows it: who, what, why, how it ended, and where the proof is. Never content.

    ``operator_name`` is empty where the viewer may not know it: a provider sees the institution and the department.
    ``leaf_index`` is the leaf of its end (USE, SELF_USE, DENY, FAIL), ``permit_leaf`` that of its permit.
    """

    id: str
    kind: str
    via: str
    state: str
    code: str
    reason: str
    nearest: dict[str, Json] | None
    product: Product
    months: int
    purpose: str
    reader: str
    enterprise_id: str | None
    enterprise_name: str
    uscc: str
    institution_id: str | None
    institution_name: str
    account_id: str | None
    account_masked: str
    bank_name: str
    node_id: str | None
    authorisation_id: str | None
    authorisation_no: str
    operator_name: str
    department: str
    asked_at: datetime
    answered_at: datetime | None
    report_no: str
    verify_code: str
    uses_left: int | None
    permit_leaf: int | None
    leaf_index: int | None
    leaf_hash: str
    product_digest: str
    receipt: str
    permit: str


def _row(query: Query, actor: Actor) -> QueryRow:
    named = not isinstance(actor, InstitutionActor) or query.institution_id == actor.institution_id
    enterprise, institution, binding = query.enterprise, query.institution, query.binding
    authorisation = query.authorisation
    return QueryRow(
        id=query.id,
        kind=query.kind,
        via=query.via,
        state=query.state,
        code=query.code,
        reason=query.reason,
        nearest=query.nearest,
        product=Product(query.product),
        months=query.months,
        purpose=query.purpose,
        reader=query.reader,
        enterprise_id=query.enterprise_id,
        enterprise_name=enterprise.name if enterprise else "",
        uscc=enterprise.uscc if enterprise else "",
        institution_id=query.institution_id,
        institution_name=institution.name if institution else "",
        account_id=query.binding_id,
        account_masked=binding.masked if binding else "",
        bank_name=(binding.bank_name or binding.node.name) if binding else "",
        node_id=query.node_id,
        authorisation_id=query.authorisation_id,
        authorisation_no=(authorisation.authorisation_no or authorisation.request_no)
        if authorisation
        else "",
        operator_name=query.operator_name if named else "",
        department=query.operator_department,
        asked_at=query.asked_at,
        answered_at=query.answered_at,
        report_no=query.report_no,
        verify_code=query.verify_code or "",
        uses_left=query.uses_left,
        permit_leaf=query.permit_leaf,
        leaf_index=query.end_leaf,
        leaf_hash=query.end_leaf_hash,
        product_digest=query.product_digest,
        receipt=query.receipt,
        permit=query.permit,
    )


_JOINED = ("enterprise", "institution", "binding__node", "authorisation")


def records(
    actor: Actor,
    *,
    kind: str | None = None,
    state: str | None = None,
    institution_id: str | None = None,
    authorisation_id: str | None = None,
    enterprise_id: str | None = None,
    operator: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str = "",
    limit: int = 50,
) -> list[QueryRow]:
    """Uses and refusals the actor may see, newest first.

    Args:
        kind: ``institution`` or ``self``. state: ``released``, ``denied``, ``failed`` or ``permitted``.
        operator: only what one person asked, by name.
        since, until: half-open period of the asking.
        after: id of the last row of the page before (a foreign or absent id gives an empty list).
    """
    rows = Query.objects.for_viewer(actor).asked_by(actor, operator)
    rows = rows.select_related(*_JOINED).defer("cipher")
    wanted: dict[str, object] = {
        "kind": kind,
        "state": state,
        "institution_id": institution_id,
        "authorisation_id": authorisation_id,
        "enterprise_id": enterprise_id,
        "asked_at__gte": since,
        "asked_at__lt": until,
    }
    rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
    if after:
        last = Query.objects.for_viewer(actor).filter(id=after).values_list("asked_at", flat=True).first()
        if last is None:
            return []
        rows = rows.filter(Q(asked_at__lt=last) | Q(asked_at=last, id__lt=after))
    return [_row(query, actor) for query in rows.order_by("-asked_at", "-id")[:limit]]


def askers(*, enterprise_id: str, since: datetime) -> Counter[str]:
    """How often each institution asked about an enterprise, refusals included; for counts, never for names."""
    rows = Query.objects.filter(enterprise_id=enterprise_id, kind="institution", asked_at__gte=since)
    return Counter(dict(rows.values_list("institution_id").annotate(times=Count("id")).order_by()))


def query(actor: Actor, query_id: str) -> QueryRow:
    """One query. Raises NotFound for an absent or foreign one."""
    found = (
        Query.objects.for_viewer(actor).select_related(*_JOINED).defer("cipher").filter(id=query_id).first()
    )
    if found is None:
        raise NotFound
    return _row(found, actor)


@dataclass(frozen=True, slots=True)
class Verification:
    """What anybody may learn about a report: whether it was released here, and when. No content, no names.

    ``digest_matches`` is ``None`` when no digest was given.
    """

    authentic: bool
    report_no: str = ""
    product: Product | None = None
    released_at: datetime | None = None
    leaf_index: int | None = None
    digest_matches: bool | None = None

    @property
    def product_name(self) -> str:
        """The product in words."""
        return product_words(self.product) if self.product else ""


def verify_product(
    *,
    at: datetime,
    visitor: str,
    verify_code: str | None = None,
    receipt: str | None = None,
    digest: str | None = None,
) -> Verification:
    """Say whether a report was released by this platform (abuse case E11).

    Args:
        visitor: the network address, for the limit on lookups.
        verify_code: the random code printed on the report; or
        receipt: the node's signed receipt.
        digest: SHA-256 of the sealed product, as printed on the report and in the receipt, to compare.

    Raises:
        TooMany: ``RATE_LIMITED``. Invalid: neither a code nor a receipt was given.
    """
    _limit(visitor, at)
    if receipt is not None:
        found = _by_receipt(receipt)
    elif verify_code is not None:
        found = Query.objects.filter(verify_code=verify_code.strip().upper(), state="released").first()
    else:
        raise Invalid(Code.INVALID, "a code or a receipt", facts={"field": "verify_code"})
    if found is None:
        return Verification(authentic=False)
    matches = None if not digest else digest.strip().lower() == found.product_digest
    return Verification(
        authentic=matches is not False,
        report_no=found.report_no,
        product=Product(found.product),
        released_at=found.answered_at,
        leaf_index=found.end_leaf,
        digest_matches=matches,
    )


def _by_receipt(receipt: str) -> Query | None:
    """The release a receipt speaks of: it must be the stored one and signed by the node."""
    jti = _jti_of(receipt)
    rows = (
        Query.objects.filter(permit_jti=jti, receipt=receipt, state="released")
        if jti
        else Query.objects.none()
    )
    found = rows.defer("cipher").first()
    if found is None or found.node_id is None:
        return None
    try:
        verify_jws(receipt, node_keys(found.node_id), typ=ArtefactType.RECEIPT, at=found.asked_at)
    except Unauthenticated:
        return None
    return found


def _jti_of(receipt: str) -> str:
    """Which permit a receipt says it is of, before anything is believed: there is an index of permits, none of receipts."""
    try:
        jti = strict_object(unb64(receipt.split(".")[1])).get("jti")
    except (IndexError, ValueError):
        return ""
    return jti if isinstance(jti, str) and jti.isprintable() else ""


def _limit(visitor: str, at: datetime) -> None:
    if not _lookups.allows(visitor, at):
        raise TooMany(Code.RATE_LIMITED, "too many lookups", facts={"retry_after": 60})


@dataclass(frozen=True, slots=True)
class PublicFigures:
    """What the home page says about the platform itself, counted from its records."""

    confirmed: int
    partly: int
    released: int
    denied: int
    withdrawn: int
    used_after_withdrawal: int
    as_of: datetime
    checkpoint: int | None


def public_figures(*, since: datetime, at: datetime) -> PublicFigures:
    """What happened in ``[since, at)``: grants, uses by institutions, refusals, withdrawals.

    ``used_after_withdrawal`` counts, over all time, uses whose leaf stands after the withdrawal's; it must be 0.
    """
    grants = Authorisation.objects.filter(valid_from__gte=since, valid_from__lt=at).aggregate(
        all=Count("id"), partly=Count("id", filter=Q(partly=True))
    )
    asked = Query.objects.filter(kind="institution", asked_at__gte=since, asked_at__lt=at).aggregate(
        released=Count("id", filter=Q(state="released")), denied=Count("id", filter=Q(state="denied"))
    )
    withdrawals = History.objects.filter(object_kind="authorisation", event="withdraw")
    ended = withdrawals.filter(object_id=OuterRef("authorisation_id"), leaf_index__lt=OuterRef("end_leaf"))
    # Of the withdrawn ones only, by the index: every visitor of the home page asks this.
    used = Query.objects.filter(authorisation_id__in=withdrawals.values("object_id"))
    late = used.filter(Exists(ended), kind="institution", state="released").count()
    return PublicFigures(
        confirmed=grants["all"],
        partly=grants["partly"],
        released=asked["released"],
        denied=asked["denied"],
        withdrawn=withdrawals.filter(at__gte=since, at__lt=at).count(),
        used_after_withdrawal=late,
        as_of=at,
        checkpoint=Checkpoint.objects.aggregate(top=Max("size"))["top"],
    )


@dataclass(frozen=True, slots=True)
class StatementRow:
    """A statement of an enterprise, about its data or about one account."""

    id: int
    text: str
    account_id: str | None
    account_masked: str
    created_at: datetime
    withdrawn_at: datetime | None


def statements(actor: EnterpriseActor, *, live_only: bool = False) -> list[StatementRow]:
    """The actor's own statements, newest first."""
    rows = Statement.objects.for_viewer(actor).select_related("binding").order_by("-created_at")
    if live_only:
        rows = rows.filter(withdrawn_at__isnull=True)
    return [_statement(row) for row in rows]


def statements_on_report(*, enterprise_id: str, account_id: str) -> list[StatementRow]:
    """Live statements that a report of this account carries (fund-flow rules 8)."""
    rows = Statement.objects.filter(
        Q(binding_id=account_id) | Q(binding__isnull=True),
        enterprise_id=enterprise_id,
        withdrawn_at__isnull=True,
    ).select_related("binding")
    return [_statement(row) for row in rows.order_by("created_at")]


def live_statements(*, enterprise_id: str) -> list[StatementRow]:
    """Everything an enterprise says about its data and accounts at the moment, newest first: a credit report carries it."""
    rows = Statement.objects.filter(enterprise_id=enterprise_id, withdrawn_at__isnull=True)
    return [_statement(row) for row in rows.select_related("binding").order_by("-created_at")]


def _statement(row: Statement) -> StatementRow:
    return StatementRow(
        id=row.pk,
        text=row.text,
        account_id=row.binding_id,
        account_masked=row.binding.masked if row.binding else "",
        created_at=row.created_at,
        withdrawn_at=row.withdrawn_at,
    )
