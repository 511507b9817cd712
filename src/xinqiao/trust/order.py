"""The order of business in the audit log: what may stand after what.

Here: the rules the offline verifier applies to leaves one by one (grant before use, none after withdrawal,
one end for each permit; abuse case A14, invariants I3 and I6). It believes nothing but the leaves. The engine
that decides before the fact is ``domain.consent``; the two are written apart on purpose, so that a mistake in
one shows in the other.

Members the rules read (docs/protocol/audit-log.md): ``ids.authorisation``, ``ids.permit``,
``ids.entrustment``, ``ids.institution``; in GRANT and APPEND ``facts.valid_from``, ``facts.valid_to`` (leaf
instants), ``facts.max_uses``, ``facts.products``; in PERMIT, USE ``facts.product``, or ``facts.products`` of what gave
several at once.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from xinqiao.trust.findings import Finding, Findings

#: A permit lives 30 s and its outcome is settled within 60 s of recovery (I5); older open ones are an
#: omission.
OPEN_PERMIT_GRACE_SECONDS: Final = 300


class _Grant(NamedTuple):
    place: int
    institution: str
    valid_from: str
    valid_to: str
    max_uses: int
    products: frozenset[str]
    uses: int
    revoked: int  # index of the REVOKE leaf, -1 while alive


class _Permit(NamedTuple):
    place: int
    at: str
    authorisation: str
    institution: str
    products: frozenset[str]


def _products(facts: Mapping[str, object]) -> frozenset[str]:
    """What a permit or a use is of. Never empty, so that nothing is not a part of every grant."""
    several = facts.get("products")
    if isinstance(several, list) and several and "product" not in facts:
        return frozenset(str(one) for one in several)
    return frozenset({str(facts.get("product", ""))})


def _seconds_of(at: str) -> float:
    """Unix seconds of a leaf instant; 0 when its digits make no date."""
    try:
        return datetime.fromisoformat(at).timestamp()
    except ValueError:
        return 0.0


class BusinessOrder:
    """Feeds on leaves in log order; ``complete`` is False for a party's own ledger, which holds some leaves only."""

    __slots__ = ("_complete", "_ended", "_entrustments", "_findings", "_grants", "_permits", "last_at")

    def __init__(self, findings: Findings, *, complete: bool = True) -> None:
        self._findings = findings
        self._complete = complete
        self._grants: dict[str, _Grant] = {}
        self._permits: dict[str, _Permit] = {}  # open ones
        self._ended: dict[str, int] = {}
        self._entrustments: dict[str, int] = {}  # -1 alive, else index of UNBIND
        self.last_at = ""

    def fork(self, findings: Findings) -> "BusinessOrder":
        """An independent copy at the same leaf; cheap, because the records are immutable."""
        other = BusinessOrder(findings, complete=self._complete)
        other._grants = self._grants.copy()
        other._permits = self._permits.copy()
        other._ended = self._ended.copy()
        other._entrustments = self._entrustments.copy()
        other.last_at = self.last_at
        return other

    def feed(
        self, index: int, at: str, kind: str, ids: Mapping[str, object], facts: Mapping[str, object]
    ) -> None:
        """Judge one leaf whose form was already found good."""
        self.last_at = at
        match kind:
            case "GRANT" | "APPEND":
                self._grant(index, kind, ids, facts)
            case "REVOKE":
                self._revoke(index, ids)
            case "BIND":
                self._entrustments[str(ids.get("entrustment"))] = -1
            case "UNBIND":
                self._entrustments[str(ids.get("entrustment"))] = index
            case "PERMIT":
                self._permit(index, at, ids, facts)
            case "USE":
                self._use(index, at, ids, facts)
            case "DENY" | "FAIL" | "SELF_USE":
                if "permit" in ids:
                    self._end(index, str(ids["permit"]))
            case _:
                pass

    def finish(self) -> None:
        """Judge what is still open when the log ends."""
        if not self._complete:
            return
        end = _seconds_of(self.last_at)
        for permit in self._permits.values():
            if end - _seconds_of(permit.at) > OPEN_PERMIT_GRACE_SECONDS:
                self._findings.add(Finding.PERMIT_WITHOUT_END, permit.place, "no USE, DENY or FAIL")

    def _grant(self, index: int, kind: str, ids: Mapping[str, object], facts: Mapping[str, object]) -> None:
        name, uses, products = ids.get("authorisation"), facts.get("max_uses"), facts.get("products")
        start, end = facts.get("valid_from"), facts.get("valid_to")
        if not (
            isinstance(name, str)
            and type(uses) is int
            and isinstance(products, list)
            and isinstance(start, str)
            and isinstance(end, str)
        ):
            self._findings.add(Finding.MEMBER_MISSING, index, "what was granted is not stated")
            return
        old = self._grants.get(name)
        if kind == "GRANT" and old is not None:
            self._findings.add(Finding.GRANT_TWICE, index, "", old.place)
            return
        if kind == "APPEND" and old is None and self._complete:
            self._findings.add(Finding.CHANGE_WITHOUT_GRANT, index, "appended to nothing")
        if old is not None and old.revoked >= 0:
            self._findings.add(Finding.CHANGE_AFTER_REVOKE, index, "", old.revoked)
            return
        self._grants[name] = _Grant(
            place=old.place if old else index,
            institution=str(ids.get("institution")),
            valid_from=start,
            valid_to=end,
            max_uses=uses,
            products=frozenset(str(p) for p in products),
            uses=old.uses if old else 0,
            revoked=-1,
        )

    def _revoke(self, index: int, ids: Mapping[str, object]) -> None:
        name = str(ids.get("authorisation"))
        old = self._grants.get(name)
        if old is None:
            if self._complete:
                self._findings.add(Finding.CHANGE_WITHOUT_GRANT, index, "withdrew nothing")
        elif old.revoked < 0:
            self._grants[name] = old._replace(revoked=index)

    def _permit(self, index: int, at: str, ids: Mapping[str, object], facts: Mapping[str, object]) -> None:
        name = ids.get("permit")
        if not isinstance(name, str):
            self._findings.add(Finding.MEMBER_MISSING, index, "the permit has no id")
            return
        seen = self._permits[name].place if name in self._permits else self._ended.get(name)
        if seen is not None:
            self._findings.add(Finding.PERMIT_TWICE, index, "", seen)
            return
        self._permits[name] = _Permit(
            index,
            at,
            str(ids.get("authorisation", "")),
            str(ids.get("institution", "")),
            _products(facts),
        )

    def _end(self, index: int, name: str) -> _Permit | None:
        permit = self._permits.pop(name, None)
        if permit is None:
            if name in self._ended:
                self._findings.add(Finding.PERMIT_ENDED_TWICE, index, "", self._ended[name])
            elif self._complete:
                self._findings.add(Finding.USE_WITHOUT_PERMIT, index, "no such permit before")
        self._ended[name] = index
        return permit

    def _use(self, index: int, at: str, ids: Mapping[str, object], facts: Mapping[str, object]) -> None:
        add = self._findings.add
        name, permit_name = ids.get("authorisation"), ids.get("permit")
        if not isinstance(name, str) or not isinstance(permit_name, str):
            add(Finding.MEMBER_MISSING, index, "a use names its authorisation and its permit")
            return
        institution, products = str(ids.get("institution", "")), _products(facts)
        permit = self._end(index, permit_name)
        if permit is not None and (name, institution, products) != permit[2:]:
            add(
                Finding.USE_OUTSIDE_PERMIT,
                index,
                "another authorisation, institution or product",
                permit.place,
            )
        ended = self._entrustments.get(str(ids.get("entrustment", "")))
        if ended is not None and ended >= 0:
            add(Finding.USE_OUTSIDE_ENTRUSTMENT, index, "after the account was unbound", ended)
        grant = self._grants.get(name)
        if grant is None:
            if self._complete:
                add(Finding.USE_BEFORE_GRANT, index, "no grant before this use")
            return
        if grant.revoked >= 0:
            add(Finding.USE_AFTER_REVOKE, index, "", grant.revoked)
        elif not grant.valid_from <= at < grant.valid_to:
            add(Finding.USE_OUTSIDE_GRANT, index, "outside its period", grant.place)
        elif institution != grant.institution or not products <= grant.products:
            add(Finding.USE_OUTSIDE_GRANT, index, "another institution or product", grant.place)
        elif grant.uses >= grant.max_uses:
            add(Finding.USE_OUTSIDE_GRANT, index, "more uses than granted", grant.place)
        self._grants[name] = grant._replace(uses=grant.uses + 1)
