"""The offline verifier for parts of a log: a party's own ledger, and the bundle behind one report.

Both prove single leaves by inclusion under a signed head. What they cannot prove is completeness: that no
leaf was left out is seen by comparing counts with the periodic statement leaf, or from a full log.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from typing import BinaryIO, Final, NamedTuple

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.findings import Finding, Findings, VerifyReport
from xinqiao.trust.jws import ArtefactType, signer_of, verify_jws
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.merkle import leaf_hash, verify_consistency, verify_inclusion
from xinqiao.trust.order import BusinessOrder
from xinqiao.trust.verify import (
    Head,
    Owner,
    Owners,
    Role,
    bounded_lines,
    check_heads,
    of_platform,
    open_header,
    read_canonical,
    read_keys,
    report,
    text_list,
    unb64_hashes,
)

_LEDGER: Final = frozenset({"format", "version", "origin", "keys", "checkpoints", "consistency", "party"})
_BUNDLE: Final = frozenset(
    {"format", "version", "origin", "keys", "checkpoints", "consistency", "artefacts", "product", "leaves"}
)
_NEVER: Final = datetime.min.replace(tzinfo=UTC)
#: Whose word an artefact is; all others are the platform's.
_WORD_OF: Final = {
    ArtefactType.QUERY: Role.INSTITUTION,
    ArtefactType.PRODUCT: Role.NODE,
    ArtefactType.RECEIPT: Role.NODE,
    ArtefactType.ITEM_QUERY: Role.INSTITUTION,
    ArtefactType.ITEM_ANSWER: Role.NODE,
    ArtefactType.VERIFICATION: Role.NODE,
}
#: An opened answer of an item holds its records, so it is larger than a statement about something.
_MAX_ARTEFACT: Final = 2 * 1024 * 1024
_ENTRY: Final = frozenset({"i", "leaf", "proof", "size"})


class _Artefact(NamedTuple):
    number: int
    token: str
    typ: str
    claims: dict[str, Json]
    digest: str


class _Prover:
    """Judges single leaves under heads that were found good."""

    def __init__(self, origin: str, heads: Sequence[Head], findings: Findings) -> None:
        self.origin = origin
        self.roots = {head.checkpoint.size: head.checkpoint.root for head in heads}
        self.findings = findings
        self.order = BusinessOrder(findings, complete=False)
        self.last = -1
        for head in heads:  # two heads of one size must be one head
            if self.roots[head.checkpoint.size] != head.checkpoint.root:
                findings.add(Finding.FORK, None, f"two roots for {head.checkpoint.size} leaves")

    def consistency(self, proofs: Json) -> None:
        """Every head must be shown to continue the next smaller one. Raises ValueError on a malformed list."""
        if not isinstance(proofs, list):
            raise ValueError("consistency is a list")
        shown: set[tuple[int, int]] = set()
        for item in proofs:
            if not isinstance(item, dict) or item.keys() != {"from", "to", "proof"}:
                raise ValueError("a consistency proof has from, to and proof")
            old, new = item["from"], item["to"]
            if type(old) is not int or type(new) is not int:
                raise ValueError("from and to are sizes")
            proof = unb64_hashes(item["proof"])
            if (
                old in self.roots
                and new in self.roots
                and verify_consistency(old, new, self.roots[old], self.roots[new], proof)
            ):
                shown.add((old, new))
            else:
                self.findings.add(Finding.CONSISTENCY, None, f"from {old} to {new}")
        sizes = sorted(self.roots)
        for pair in pairwise(sizes):
            if pair not in shown:
                self.findings.add(
                    Finding.CONSISTENCY, None, f"nothing shows {pair[0]} continued by {pair[1]}"
                )

    def leaf(self, entry: dict[str, Json], party: str | None) -> None:
        """Judge one entry. Raises ValueError on a malformed one."""
        index, text, size = entry.get("i"), entry.get("leaf"), entry.get("size")
        if entry.keys() != _ENTRY or type(index) is not int or type(size) is not int:
            raise ValueError("members do not fit an entry")
        if not isinstance(text, str):
            raise ValueError("leaf is text")
        data = text.encode("utf-8")
        proof = unb64_hashes(entry["proof"])
        root = self.roots.get(size)
        if root is None or not verify_inclusion(index, size, leaf_hash(data), proof, root):
            self.findings.add(Finding.INCLUSION, index, "not under a signed head")
        leaf = read_canonical(data)
        ids, facts = leaf.get("ids"), leaf.get("facts")
        if not isinstance(ids, dict) or not isinstance(facts, dict):
            raise ValueError("ids or facts are no object")
        if leaf.get("i") != index or index <= self.last:
            self.findings.add(Finding.INDEX_GAP, index, "entries are in the order of the log, each once")
        if leaf.get("log") != self.origin:
            self.findings.add(Finding.WRONG_LOG, index)
        if party is not None and party not in ids.values():
            self.findings.add(Finding.NOT_CONCERNED, index, "the leaf does not concern this party")
        self.last = index
        self.order.feed(index, str(leaf.get("t")), str(leaf.get("type")), ids, facts)


def verify_ledger(
    source: BinaryIO,
    header: dict[str, Json],
    findings: Findings,
    trusted: Sequence[VerifyKey] | None,
    known: Sequence[str],
) -> VerifyReport:
    """Verify a party's own ledger: each leaf with its inclusion proof to one of the heads in the header."""
    opened = open_header(header, _LEDGER, findings, trusted, known)
    party = header.get("party")
    if opened is None or not isinstance(party, str):
        findings.add(Finding.MALFORMED, None, "header")
        return report(findings, "ledger", 0, 0, keys_from_file=trusted is None)
    origin, heads, _ = opened
    in_file = [head for head in heads if head.from_file]
    if not in_file:
        findings.add(Finding.NO_CHECKPOINT, None, "no signed head: nothing proves these leaves")
    prover = _Prover(origin, in_file, findings)
    for head in heads:
        if prover.roots.get(head.checkpoint.size, head.checkpoint.root) != head.checkpoint.root:
            findings.add(
                Finding.FORK, None, f"a head of {head.checkpoint.size} leaves kept from before differs"
            )
    count = 0
    try:
        prover.consistency(header["consistency"])
    except ValueError as error:
        findings.add(Finding.MALFORMED, None, str(error)[:200])
    for line, whole in bounded_lines(source):
        count += 1
        try:
            if not whole:
                raise ValueError("line too long, or without its end")
            prover.leaf(read_canonical(line), party)
        except ValueError as error:
            findings.add(Finding.MALFORMED, prover.last + 1, str(error)[:200])
    return report(findings, "ledger", count, len(heads), keys_from_file=trusted is None)


def verify_bundle(
    rest: BinaryIO,
    header: dict[str, Json],
    findings: Findings,
    trusted: Sequence[VerifyKey] | None,
    owners: Owners | None = None,
) -> VerifyReport:
    """Verify a report bundle: the artefacts that led to a product, the product's digest, and their leaves.

    Checked: every signature; an append names the digest of what it was appended to; a permit names
    authorisation and entrustment by digests that are here; the product statement names the permit and the
    digest of the product text; every leaf is under a signed head.
    """
    if rest.read(1):
        findings.add(Finding.MALFORMED, None, "a bundle is one line")
    heads: list[Head] = []
    count = 0
    try:
        artefacts, leaves, product = header.get("artefacts"), header.get("leaves"), header.get("product")
        if not isinstance(artefacts, list) or not isinstance(leaves, list) or header.keys() != _BUNDLE:
            raise ValueError("members do not fit a bundle")
        if product is not None and not isinstance(product, str):
            raise ValueError("product is text")
        keys = read_keys(header["keys"], trusted, findings)
        _check_artefacts(_open_artefacts(artefacts, keys, owners, findings), product, findings)
        count = len(artefacts) + len(leaves)
        origin, notes = header["origin"], text_list(header["checkpoints"])
        if not isinstance(origin, str):
            raise ValueError("origin is text")
        if leaves or notes:
            heads = check_heads(notes, origin, of_platform(keys, owners), findings, from_file=True)
            if not heads:
                findings.add(Finding.CHECKPOINT_SIGNATURE, None, "no signed head is good")
            prover = _Prover(origin, heads, findings)
            prover.consistency(header["consistency"])
            for entry in leaves:
                if not isinstance(entry, dict):
                    raise ValueError("an entry is an object")
                prover.leaf(entry, None)
    except ValueError as error:
        findings.add(Finding.MALFORMED, None, str(error)[:200])
    return report(findings, "bundle", count, len(heads), keys_from_file=trusted is None)


def _open_artefacts(
    tokens: Sequence[Json], keys: Sequence[VerifyKey], owners: Owners | None, findings: Findings
) -> list[_Artefact]:
    by_kid = {key.kid: key for key in keys}
    opened: list[_Artefact] = []
    for number, token in enumerate(tokens):
        try:
            if not isinstance(token, str):
                raise ValueError("an artefact is text")
            kid, typ = signer_of(token, max_bytes=_MAX_ARTEFACT)
            # The keys are a plain mapping, vouched for by the caller: the instant plays no part.
            claims = verify_jws(token, by_kid, typ=ArtefactType(typ), at=_NEVER, max_bytes=_MAX_ARTEFACT)
            if owners is not None and not _is_word_of(owners.get(kid, ()), ArtefactType(typ), claims):
                raise ValueError("signed by somebody whose word this is not")
            opened.append(_Artefact(number, token, typ, claims, digest_hex(claims)))
        except (XinqiaoError, ValueError) as error:
            findings.add(Finding.ARTEFACT_SIGNATURE, None, f"artefact {number}: {error}"[:200])
    return opened


def _is_word_of(owners: Collection[Owner], typ: ArtefactType, claims: Mapping[str, Json]) -> bool:
    role = _WORD_OF.get(typ, Role.PLATFORM)
    return any(owner.role is role and owner.id == claims.get("iss") for owner in owners)


def _find(known: Mapping[str, _Artefact], name: Json) -> _Artefact | None:
    # A claim may be any JSON value, and a list or an object cannot even be looked up.
    return known.get(name) if isinstance(name, str) else None


def _check_artefacts(artefacts: Sequence[_Artefact], product: str | None, findings: Findings) -> None:
    digests = {item.digest: item for item in artefacts}
    permits = {
        name: item
        for item in artefacts
        if item.typ in (ArtefactType.PERMIT, ArtefactType.ITEM_PERMIT)
        and isinstance(name := item.claims.get("jti"), str)
    }
    text = sha256((product or "").encode("utf-8")).hexdigest()
    stated = False

    def broken(item: _Artefact, why: str) -> None:
        findings.add(Finding.ARTEFACT_CHAIN, None, f"artefact {item.number}: {why}")

    for item in artefacts:
        claims = item.claims
        match item.typ:
            case ArtefactType.AUTHORISATION | ArtefactType.ITEM_AUTHORISATION:
                before = claims.get("predecessor")
                if before is not None and _find(digests, before) is None:
                    broken(item, "its predecessor is not here")
            case ArtefactType.PERMIT | ArtefactType.ITEM_PERMIT:
                for member in ("authorisation", "entrustment"):
                    named = claims.get(member)
                    if isinstance(named, dict) and _find(digests, named.get("digest")) is None:
                        broken(item, f"{member} is another one")
            case ArtefactType.PRODUCT:
                if _find(permits, claims.get("permit")) is None:
                    broken(item, "its permit is not here")
                stated = stated or claims.get("digest") == text
            case ArtefactType.RECEIPT:
                permit = _find(permits, claims.get("jti"))
                if permit is None:
                    broken(item, "its permit is not here")
                elif claims.get("request") != sha256(permit.token.encode("ascii")).hexdigest():
                    broken(item, "it answers another permit token")
                elif "iss" in claims and claims["iss"] != permit.claims.get("aud"):
                    broken(item, "its permit is for another node")
                # the sealed text as it travelled, or the opened content in canonical form
                digests_stated = ("product_digest", "content_digest", "answer_digest")
                stated = stated or text in [claims.get(name) for name in digests_stated]
            case ArtefactType.ITEM_ANSWER | ArtefactType.VERIFICATION:
                permit = _find(permits, claims.get("jti"))
                if permit is None or any(
                    claims.get(one) != permit.claims.get(one) for one in ("sub", "item")
                ):
                    broken(item, "it answers another permit")
            case _:
                pass
    if product is not None and not stated:
        findings.add(
            Finding.DIGEST_MISMATCH, None, "no statement of the node names the digest of this product"
        )
