"""The release of a dossier: one transaction, because the platform itself holds what is asked for.

Under the lock of the authorisation: nonce, key, decision, PERMIT and USE leaf, the counted use, the record. Only after
the durable commit does anybody see a byte. The log gets a permit as for everything else, so that the offline verifier
holds a dossier to the same rules as a product. What is not in the cache is made outside, with no lock held; the job is
then run again and decides again.
"""

import json
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code
from xinqiao.domain.items import ItemAsk, ItemDecision, ItemKind, decide_again, decide_item
from xinqiao.domain.period import business_day
from xinqiao.hub.apps.audit.services import Entry, LeafRef, Refs
from xinqiao.hub.apps.dossiers import cache
from xinqiao.hub.apps.dossiers.gathered import Gathered
from xinqiao.hub.apps.dossiers.product import Product, Shelf, Spec, stamp_of, view_of
from xinqiao.hub.apps.dossiers.rows import Before, insert, released_before
from xinqiao.hub.apps.fundflow.idempotency import Idempotency, Seen, finish_key
from xinqiao.hub.apps.fundflow.protocol import Nonce, Refused, Repeated
from xinqiao.hub.apps.fundflow.release import rendered
from xinqiao.hub.apps.fundflow.transaction import Step, Tx
from xinqiao.hub.apps.items.rows import Held
from xinqiao.hub.apps.items.scopes import all_terms
from xinqiao.hub.apps.redress.rows import standing_held
from xinqiao.hub.ids import token_hex
from xinqiao.hub.runtime import runtime


@dataclass(frozen=True, slots=True)
class DossierRequest:
    """One query as it arrived, already authenticated. ``items``: some of those granted; all of them when empty.

    ``session``: in which it was asked, ``None`` when it was signed; the nonce then stands beside the key.
    """

    query_id: str
    institution_id: str
    authorisation_id: str
    items: frozenset[str]
    purpose: Purpose
    operator_name: str
    department: str
    request_digest: str
    idempotency: Idempotency
    nonce: Nonce
    session: str | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Allowed, but not ready: make this view of this subject and ask again. Nothing was written."""

    subject: str
    spec: Spec


@dataclass(frozen=True, slots=True)
class DossierReleased:
    """A use, durable in the log."""

    query_id: str
    product: Product = field(repr=False)
    leaf: LeafRef
    uses_left: int


type DossierResult = DossierReleased | Wanted | Refused | Repeated


@dataclass(frozen=True, slots=True)
class View:
    """What of an authorisation a query is about, in the forms it is needed in."""

    spec: Spec
    name: str
    items: tuple[str, ...]
    fields: str  # of the record, as JSON

    @classmethod
    def of(cls, spec: Spec) -> "View":
        """See the class."""
        names = sorted(f"{item}.{name}" for item, fields in spec.items() for name in fields)
        return cls(spec, view_of(spec), tuple(sorted(spec)), json.dumps(names))


_views: OrderedDict[tuple[str, frozenset[str], Purpose, int], View] = OrderedDict()
_VIEWS = 20_000


def _judge(tx: Tx, ask: DossierRequest, grant: Held | None) -> tuple[ItemDecision, View | None]:
    """Every item by itself, with the fields that were granted of it; the first that says no is the answer.

    What follows from the artefact alone (scope, purpose, persons) is the same every time, so after one yes only the rest
    is asked again: time, withdrawal and number of uses do not depend on the item.
    """
    terms = all_terms()
    place = (grant.value.artefact_digest, ask.items, ask.purpose, id(terms)) if grant else None
    known = _views.get(place) if place and place[0] else None
    if known is not None and grant is not None:
        return decide_again(
            _question(ask, grant, known.items[0], known.spec), authorisation=grant.value, at=tx.at
        ), known
    granted = {
        one.item: one.fields & terms[one.item].fields
        for one in (grant.value.scope.grants if grant else ())
        if one.item in terms and terms[one.item].kind is ItemKind.COLLECTED
    }
    found: dict[str, frozenset[str]] = {}
    for item in sorted(ask.items or granted) or ("",):
        asked = _question(ask, grant, item, granted)
        decision = decide_item(
            asked, authorisation=grant.value if grant else None, terms=terms.get(item), at=tx.at
        )
        if not decision.allowed:
            return decision, None
        found[item] = granted[item]
    assert place is not None
    view = _views[place] = View.of(found)
    if len(_views) > _VIEWS:
        _views.popitem(last=False)
    return ItemDecision(allowed=True), view


def _question(ask: DossierRequest, grant: Held | None, item: str, granted: Spec) -> ItemAsk:
    # of what was not granted something is asked for all the same: the rule itself then says no
    fields = granted.get(item)
    if not fields:
        known = all_terms().get(item)
        fields = known.fields if known else frozenset({""})
    return ItemAsk(
        authorisation_id=ask.authorisation_id,
        subject=grant.value.subject if grant else "",
        institution=ask.institution_id,
        item=item,
        fields=fields,
        purpose=ask.purpose,
        held=True,
    )


def _refs(ask: DossierRequest, grant: Held | None, permit: str | None) -> Refs:
    return Refs(
        subject=grant.enterprise_id if grant else None,
        institution=ask.institution_id,
        authorisation=grant.value.id if grant else None,
        query=ask.query_id,
        permit=permit,
    )


@dataclass(frozen=True, slots=True)
class DossierJob:
    """See the module. ``shelf``: where an up-to-date dossier should lie; ``made``: one just made, to be kept."""

    ask: DossierRequest
    shelf: Shelf | None = None
    made: Product | None = None

    @property
    def locks(self) -> tuple[str, ...]:
        """The authorisation named by the ask, if it can be one."""
        return (self.ask.authorisation_id,) if self.ask.authorisation_id.startswith("ita-") else ()

    def run(self, tx: Tx) -> Step[DossierResult]:
        """Decide and release; see the module."""
        ask, product, read = self.ask, None, tx.shared(Gathered)
        if ask.session is not None and ask.session not in read.sessions:
            return (yield from self._plain_denial(tx, Code.UNAUTHENTICATED, "session_ended"))
        grant = read.grant(ask.authorisation_id)
        decision, view = _judge(tx, ask, grant)
        if decision.allowed and not tx.audit_failing:
            assert grant is not None
            assert view is not None
            product = self._ready(tx, read, grant.value.subject, view)
            if product is None:
                return Wanted(grant.value.subject, view.spec)
        if not read.fresh(ask.nonce, ask.idempotency, tagged=ask.session is not None):
            return (yield from self._plain_denial(tx, Code.REPLAYED, "nonce_seen"))
        if tx.audit_failing:
            return Refused(Code.AUDIT_UNAVAILABLE, "no_recent_checkpoint", {"retry_after": 10})
        ready = product is not None and read.take_done(ask.idempotency, ask.query_id)
        seen = None if ready else read.take(tx, ask.idempotency, ask.query_id)
        if seen is not None:
            return (yield from self._seen(tx, seen, grant))
        if product is None or grant is None or view is None:
            return (yield from self._deny(tx, decision, grant))
        result = yield from self._release(tx, read, grant, view, product)
        if not ready:  # a key that was left behind, taken over
            finish_key(tx, ask.idempotency, status=200, object_id=ask.query_id)
        return result

    @classmethod
    def gather(cls, tx: Tx, jobs: Sequence["DossierJob"]) -> Gathered:
        """Read for all of a transaction at once."""
        return Gathered.of(tx, jobs)

    def _ready(self, tx: Tx, read: Gathered, subject: str, view: View) -> Product | None:
        standing, _ = read.standing(subject)
        stamp = stamp_of(runtime.catalogue, view.spec, standing, business_day(tx.at))
        made = self.made
        if made is not None and made.shelf == replace(
            made.shelf, subject=subject, view=view.name, stamp=stamp
        ):
            return made
        if self.shelf is None or (self.shelf.subject, self.shelf.view) != (subject, view.name):
            return None
        found = read.products.get((subject, view.name))
        wanted = replace(self.shelf, stamp=stamp)
        return found if found is not None and found.shelf.token == wanted.kept_as else None

    def _release(
        self, tx: Tx, read: Gathered, grant: Held, view: View, product: Product
    ) -> Step[DossierResult]:
        ask = self.ask
        permit = f"prm-{token_hex()}"
        refs = _refs(ask, grant, permit)
        uses = read.count(grant)
        facts: dict[str, Json] = {"products": [*view.items], "view": view.name, "purpose": str(ask.purpose)}
        given: dict[str, Json] = {**facts, "dossier": product.digest, "uses": uses}
        permitted, leaf = yield [Entry("PERMIT", tx.at, facts, refs), Entry("USE", tx.at, given, refs)]
        left = grant.value.max_queries - uses
        insert(
            tx,
            ask,
            grant,
            view.fields,
            leaf,
            permit_leaf=permitted,
            product=product,
            left=left,
        )
        if product is self.made:
            cache.keep(tx, product)
        return DossierReleased(ask.query_id, product, leaf, left)

    def _seen(self, tx: Tx, seen: Seen, grant: Held | None) -> Step[DossierResult]:
        match seen.code:
            case None if not seen.object_id:
                return Repeated(seen.status, seen.body)
            case None:
                again = self._again(tx, seen.object_id, grant)
                if isinstance(again, DossierReleased):
                    return again
                return (yield from self._plain_denial(tx, again, "no_longer_available"))
            case Code.IDEMPOTENCY_IN_FLIGHT:
                return (yield from self._plain_denial(tx, seen.code, "idempotency_key"))
            case code:
                return Refused(code, "idempotency_key")

    def _again(self, tx: Tx, query_id: str, grant: Held | None) -> DossierReleased | Code:
        """The same answer once more, byte for byte: while the authorisation lives and the dossier is still that one."""
        before = released_before(tx, query_id)
        if grant is None or grant.value.withdrawn_at is not None:
            return Code.GONE_REVOKED
        if before is None or tx.at >= grant.value.valid_to:
            return Code.GONE_EXPIRED
        product = cache.find(tx, grant.value.subject, before.view)
        if (
            product is None
            or product.digest != before.digest
            or not _still_so(tx, grant.value.subject, product, before)
        ):
            return Code.GONE_EXPIRED
        return DossierReleased(query_id, product, before.leaf, before.uses_left)

    def _plain_denial(self, tx: Tx, code: Code, reason: str) -> Step[DossierResult]:
        """A no about the message rather than about the consent: a leaf without a query row."""
        facts: dict[str, Json] = {"code": str(code), "act": "dossier"}
        (leaf,) = yield [Entry("DENY", tx.at, facts, Refs(institution=self.ask.institution_id))]
        return Refused(code, reason, leaf=leaf)

    def _deny(self, tx: Tx, decision: ItemDecision, grant: Held | None) -> Step[DossierResult]:
        ask = self.ask
        assert decision.code is not None
        facts: dict[str, Json] = {
            "products": [*sorted(ask.items)],
            "purpose": str(ask.purpose),
            "code": str(decision.code),
            "act": "dossier",
        }
        (leaf,) = yield [Entry("DENY", tx.at, facts, _refs(ask, grant, None))]
        insert(tx, ask, grant, json.dumps(sorted(ask.items)), leaf, denied=decision)
        refused = Refused(
            decision.code, decision.reason, decision.facts, decision.nearest, leaf, ask.query_id
        )
        return rendered(tx, ask.idempotency, refused)


def _still_so(tx: Tx, subject: str, product: Product, before: Before) -> bool:
    """Whether nothing was marked or hidden since a dossier was made, and no term can have ended."""
    _, changed_at = standing_held(tx, subject)
    items = runtime.catalogue.items
    terms = any(items[name].adverse is not None for name in before.items if name in items)
    same_day = business_day(product.made_at) == business_day(tx.at)
    return (changed_at is None or changed_at < product.made_at) and (same_day or not terms)
