"""The two transactions of an institution's report or portrait, with the locks and the order of the release of items.

First: may it be asked for at all? Then sources are called and records are read, with no lock held. Last: is it still so?
A use is counted for each authorisation it stands on, the digest of the document is in its leaf, and only then anybody
sees the report. Nothing goes to a node for the report itself, so its permit and its use are written together.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Max

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent.decision import refuse
from xinqiao.domain.errors import Code, Stale
from xinqiao.domain.items import ItemDecision, ItemKind, ReportAsk, decide_report
from xinqiao.hub.apps.audit.services import Entry, LeafRef, Refs
from xinqiao.hub.apps.collection.usage import announce_use
from xinqiao.hub.apps.consents.records import next_number
from xinqiao.hub.apps.fundflow.idempotency import finish_key, take_key
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated, new_verify_code
from xinqiao.hub.apps.fundflow.release import count_use, deny_release, plain_denial, rendered, seen_before
from xinqiao.hub.apps.fundflow.rows import remember_nonce
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.items.rows import Held, held, source_of
from xinqiao.hub.apps.items.scopes import REPORT_PRODUCT, all_terms
from xinqiao.hub.apps.redress.rows import standing_held
from xinqiao.hub.apps.reports.declarations import newest_version
from xinqiao.hub.apps.reports.models import CreditReport, ReportKind, ReportQuery
from xinqiao.hub.apps.reports.own import LETTERS
from xinqiao.hub.apps.reports.protocol import CallWanted, Numbered, Opened, ReportRequest
from xinqiao.hub.ids import Prefix, new_id


@dataclass(frozen=True, slots=True)
class Sealed:
    """A report that is in the log: it may be shown now."""

    numbered: Numbered
    document: dict[str, Json] = field(repr=False)
    digest: str
    leaf: LeafRef
    uses_left: int


_PRODUCTS = {ReportKind.REPORT: REPORT_PRODUCT, ReportKind.PORTRAIT: ReportKind.PORTRAIT.value}


def product_of(kind: ReportKind) -> str:
    """What a leaf and a record of queries call it."""
    return _PRODUCTS[kind]


type OpenResult = Opened | Refused | Repeated
type Loaded = Sequence[Held | None]


def _judge(
    tx: Tx, ask: ReportRequest, grants: Loaded, calls: Sequence[CallWanted]
) -> tuple[ItemDecision, Held | None]:
    """Every authorisation by itself; the first that says no is the answer."""
    for name, grant in zip(ask.authorisations, grants, strict=True):
        value = grant.value if grant else None
        question = ReportAsk(
            authorisation_id=name,
            subject=value.subject if value else "",
            institution=ask.institution_id,
            purpose=ask.purpose,
            calls=frozenset(one.item for one in calls if one.authorisation_id == name),
        )
        decision = decide_report(question, authorisation=value, at=tx.at)
        if not decision.allowed:
            return decision, grant
    first = grants[0]
    if any(grant is None or first is None or grant.enterprise_id != first.enterprise_id for grant in grants):
        return ItemDecision.of(refuse(Code.CONSENT_MISSING, "of_different_subjects")), first
    return ItemDecision(allowed=True), first


def _wanted(tx: Tx, ask: ReportRequest, grants: Loaded) -> list[CallWanted]:
    """The calls of a report. What was named and nobody granted goes to the first authorisation, which refuses it."""
    found: dict[str, CallWanted] = {}
    for grant in grants:
        for part in sorted(grant.value.scope.grants) if grant else ():
            asked = ask.calls is None or part.item in ask.calls
            terms = all_terms().get(part.item)
            if not asked or terms is None or terms.kind is not ItemKind.INTERFACE:
                continue
            source = source_of(tx, part.item)
            if source is not None and source.active and grant is not None:
                found.setdefault(part.item, CallWanted(part.item, grant.value.id, part.fields & terms.fields))
    granted = {part.item for grant in grants if grant for part in grant.value.scope.grants}
    strange = sorted((ask.calls or frozenset()) - granted)
    return [*found.values(), *(CallWanted(item, ask.authorisations[0], frozenset()) for item in strange)]


def _facts(ask: ReportRequest) -> dict[str, Json]:
    return {"product": product_of(ask.kind), "purpose": str(ask.purpose)}


def _refs(ask: ReportRequest, grant: Held | None) -> Refs:
    return Refs(
        subject=grant.enterprise_id if grant else None,
        institution=ask.institution_id,
        authorisation=grant.value.id if grant else None,
        query=ask.query_id,
    )


def _record(ask: ReportRequest, grant: Held | None, at: datetime, leaf: LeafRef, **columns: object) -> None:
    own = grant if grant and grant.value.institution == ask.institution_id else None
    ReportQuery.objects.create(
        id=ask.query_id,
        enterprise_id=grant.enterprise_id if grant else None,
        institution_id=ask.institution_id,
        authorisation_id=own.value.id if own else None,
        via=ask.via,
        kind=ask.kind.value,
        purpose=ask.purpose.value,
        operator_name=ask.operator_name,
        operator_department=ask.department,
        asked_at=at,
        leaf_index=leaf.index,
        leaf_hash=leaf.hash,
        **columns,
    )


def _gone(_tx: Tx, query_id: str) -> Code:
    """Why a report that was handed out cannot be had again."""
    withdrawn = ReportQuery.objects.filter(id=query_id, authorisation__withdrawn_at__isnull=False)
    return Code.GONE_REVOKED if withdrawn.exists() else Code.GONE_EXPIRED


@dataclass(frozen=True, slots=True)
class OpenReport:
    """Nonce, idempotency key, decision: what may be called and read, or a DENY leaf. For Django's own connection."""

    ask: ReportRequest

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisations named by the ask, as far as they can be some."""
        return tuple(name for name in self.ask.authorisations if name.startswith("ita-"))

    def run(self, tx: Tx) -> Step[OpenResult]:
        """Decide; see the class."""
        ask = self.ask
        if ask.nonce is not None and not remember_nonce(tx, ask.nonce):
            return (
                yield from plain_denial(
                    tx, Code.REPLAYED, "nonce_seen", product_of(ask.kind), ask.institution_id
                )
            )
        if tx.audit_failing:
            return Refused(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint", {"retry_after": 10})
        if ask.idempotency is not None:
            seen = take_key(tx, ask.idempotency, ask.query_id)
            if seen is not None:
                # a report went out once and was not kept
                return (
                    yield from seen_before(
                        tx, seen, _gone, "never_stored", product_of(ask.kind), ask.institution_id
                    )
                )
        grants = [held(tx, name) for name in ask.authorisations]
        calls = _wanted(tx, ask, grants)
        decision, grant = _judge(tx, ask, grants, calls)
        if not decision.allowed:
            return (yield from self._deny(tx, decision, grant))
        assert grant is not None
        return Opened(ask, grant.enterprise_id, tuple(one.value for one in grants if one), tuple(calls))

    def _deny(self, tx: Tx, decision: ItemDecision, grant: Held | None) -> Step[OpenResult]:
        ask = self.ask
        assert decision.code is not None
        facts: dict[str, Json] = {**_facts(ask), "code": str(decision.code), "act": product_of(ask.kind)}
        (leaf,) = yield [Entry("DENY", tx.at, facts, _refs(ask, grant))]
        _record(ask, grant, tx.at, leaf, state="denied", code=str(decision.code), reason=decision.reason[:60])
        refused = Refused(decision.code, decision.reason, decision.facts, None, leaf, ask.query_id)
        return rendered(tx, ask.idempotency, refused)


@dataclass(frozen=True, slots=True)
class SealReport:
    """Decide again with the present instant; number, USE leaves, counted uses and the record, or a DENY leaf.

    ``write`` makes the document once it has its number; ``coverage``, ``catalogue`` and ``shown``, the items with the
    sources of what is shown, are of the report; so are ``standing`` and ``declared``, the versions it was made from;
    what holds nothing declared has no such version.
    """

    opened: Opened
    write: Callable[[Numbered], tuple[dict[str, Json], str, datetime]] = field(repr=False)
    coverage: dict[str, Json]
    catalogue: str
    shown: Mapping[str, Iterable[str]] = field(default_factory=dict)
    uscc: str = ""
    standing: int = 0
    declared: int | None = 0

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisations the report stands on."""
        return self.opened.ask.authorisations

    def run(self, tx: Tx) -> Step[Sealed | Refused]:
        """Decide again; see the class. Raises Stale, and nothing is written: a record was repaired or disputed, or the firm declared
        something else, meanwhile.
        """
        ask = self.opened.ask
        grants = [held(tx, name) for name in ask.authorisations]
        if tx.audit_failing:
            decision, grant = (
                ItemDecision.of(refuse(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint")),
                grants[0],
            )
        else:
            decision, grant = _judge(tx, ask, grants, ())
        if not decision.allowed:
            return (yield from self._deny(tx, decision, grant))
        standing = [one for one in grants if one]
        numbered = self._number(tx)
        if self.uscc and standing_held(tx, self.uscc)[0] != self.standing:
            raise Stale("the standing of a record changed while the report was made")
        if self.declared is not None and newest_version(self.opened.enterprise_id) != self.declared:
            raise Stale("the firm declared something else while the report was made")
        document, digest, valid_until = self.write(numbered)
        report_id = new_id(Prefix.CREDIT_REPORT)
        leaves = yield self._entries(tx, standing, numbered, digest, report_id)
        first = leaves[1]
        left = min(one.value.max_queries - one.value.uses - 1 for one in standing)
        CreditReport.objects.create(
            id=report_id,
            number=numbered.number,
            kind=ask.kind.value,
            enterprise_id=self.opened.enterprise_id,
            institution_id=ask.institution_id,
            version=numbered.version,
            reader="institution",
            catalogue=self.catalogue,
            generated_at=numbered.at,
            valid_until=valid_until,
            digest=digest,
            verify_code=numbered.verify_code,
            coverage=self.coverage,
            leaf_index=first.index,
            leaf_hash=first.hash,
        )
        calls = sorted(one.item for one in self.opened.calls)
        _record(
            ask, standing[0], tx.at, first, state="released", report_id=report_id, calls=calls, uses_left=left
        )
        announce_use(kind="report", shown=self.shown, at=tx.at, institution_id=ask.institution_id)
        if ask.idempotency is not None:
            finish_key(tx, ask.idempotency, status=201, object_id=ask.query_id)
        return Sealed(numbered, document, digest, first, left)

    def _number(self, tx: Tx) -> Numbered:
        # The lock under which versions are counted.
        firm = Enterprise.objects.select_for_update().get(id=self.opened.enterprise_id)
        ask = self.opened.ask
        ours = CreditReport.objects.filter(
            enterprise=firm, institution_id=ask.institution_id, kind=ask.kind.value
        )
        newest = ours.aggregate(newest=Max("version"))["newest"] or 0
        return Numbered(next_number(LETTERS[ask.kind], tx.at), newest + 1, new_verify_code(), tx.at)

    def _entries(
        self, tx: Tx, grants: Sequence[Held], numbered: Numbered, digest: str, report_id: str
    ) -> list[Entry]:
        """A permit and its use for each authorisation, and the uses counted: the last of a number is taken once."""
        ask, entries = self.opened.ask, []
        for grant in grants:
            count_use(tx, "items_itemauthorisation", grant.value.id)
            refs = Refs(
                subject=grant.enterprise_id,
                institution=ask.institution_id,
                authorisation=grant.value.id,
                query=ask.query_id,
                permit=f"prm-{secrets.token_hex(16)}",
                object=report_id,
            )
            entries.append(Entry("PERMIT", tx.at, _facts(ask), refs))
            facts: dict[str, Json] = {
                **_facts(ask),
                "number": numbered.number,
                "digest": digest,
                "coverage": self.coverage,
                "uses": grant.value.uses + 1,
            }
            entries.append(Entry("USE", tx.at, facts, refs))
        return entries

    def _deny(self, tx: Tx, decision: ItemDecision, grant: Held | None) -> Step[Sealed | Refused]:
        ask, calls = self.opened.ask, sorted(one.item for one in self.opened.calls)

        def recorded(
            tx: Tx, query_id: str, *, state: str, code: str, reason: str, permit: str, leaf: LeafRef
        ) -> None:
            _record(ask, grant, tx.at, leaf, state=state, code=code, reason=reason[:60], calls=calls)

        return (yield from deny_release(tx, ask, decision, _facts(ask), _refs(ask, grant), "", recorded))
