"""A product on the institution's side: opened with the one-time key, checked against everything, held in memory.

:func:`open_answer` believes nothing: permit (platform), receipt and product (node), one-time key, query statement and
digests must all speak of the same occasion. A :class:`Report` goes to disk only when its holder says so.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from xinqiao.client.believed import Believed, Party
from xinqiao.client.results import Operator, QueryAnswer, UseLeaf
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.consent import Permit, Product, Purpose, QueryKind, Reader
from xinqiao.domain.errors import Code, Invalid, ProviderFault, Unauthenticated, XinqiaoError
from xinqiao.trust.export import ConsistencyProof, ProvenLeaf, bundle_bytes
from xinqiao.trust.jwe import MAX_PLAINTEXT_BYTES, open_sealed
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keyfile import write_private
from xinqiao.trust.keys import OpenKey, VerifyKey
from xinqiao.trust.packing import unpack

#: Clocks of platform and institution may differ by this much.
SKEW = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, with the key that alone opens the answer. Lives as long as the query."""

    institution_id: str
    authorisation_id: str
    account: str
    product: Product
    months: int
    purpose: Purpose
    operator: Operator
    statement: str = field(repr=False)
    key: OpenKey = field(repr=False)
    institution_key: VerifyKey
    asked_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """One opened product and everything that proves it.

    Attributes:
        kind: which product; ``product`` is its JSON (docs/reference/report.md).
        signed: the node's own signature over the product (JWS of type ``xq-product+jwt``).
        artefacts: authorisations (and the entrustment, where the platform gives it) that led here.
        keys: every key that signed something of it.
    """

    id: str
    report_no: str
    verify_code: str
    authorisation_id: str
    account: str
    subject: str
    kind: Product
    months: int
    purpose: Purpose
    node: str
    node_name: str
    uses_left: int
    released_at: datetime
    use_leaf: UseLeaf
    product: dict[str, Json] = field(repr=False)
    signed: str = field(repr=False)
    sealed: str = field(repr=False)
    statement: str = field(repr=False)
    permit: str = field(repr=False)
    receipt: str = field(repr=False)
    product_digest: str
    content_digest: str | None
    artefacts: tuple[str, ...] = field(repr=False, default=())
    keys: tuple[VerifyKey, ...] = field(repr=False, default=())

    def bundle(
        self,
        *,
        notes: tuple[str, ...] = (),
        consistency: tuple[ConsistencyProof, ...] = (),
        leaves: tuple[ProvenLeaf, ...] = (),
    ) -> bytes:
        """The file ``xinqiao verify`` checks offline, with the product readable in it.

        A node whose receipt states no digest of the opened content proves the sealed text only: then that is in the file.
        Heads and leaves come from the institution's own ledger (:func:`~.ledger.proof_of`).
        """
        text = canonical_bytes(self.product).decode("utf-8") if self.content_digest else self.sealed
        return bundle_bytes(
            self.use_leaf.log,
            self.keys,
            (*self.artefacts, self.statement, self.permit, self.receipt),
            product=text,
            notes=notes,
            consistency=consistency,
            leaves=leaves,
        )

    def save(self, path: Path) -> Path:
        """Write :meth:`bundle` to ``path``, readable by the owner only. Raises FileExistsError."""
        write_private(path, self.bundle())
        return path


def invalid(code: Code, why: str) -> ProviderFault:
    """An answer that does not fit: the fault of the platform or of the node, by the code."""
    return ProviderFault(code, why)


def differing(claims: dict[str, Json], wanted: dict[str, Json]) -> str | None:
    """The first member that says something else than wanted."""
    return next((name for name in sorted(wanted) if claims.get(name) != wanted[name]), None)


def sha(text: str) -> str:
    """Hex SHA-256 of a token."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def open_answer(
    answer: QueryAnswer, question: Question, believed: Believed, *, subject: str | None, at: datetime
) -> Report:
    """Open and check a released product.

    Args:
        subject: the code of the enterprise the authorisation is of, when known; the permit must name it.
        at: the present instant.

    Raises:
        ProviderFault: ``HUB_INVALID`` when the platform's part is wrong, ``PROVIDER_INVALID`` when the node's is.
    """
    permit = _permit(answer, question, believed, subject=subject, at=at)
    node = believed.directory.nodes.get(permit.node) if believed.directory else None
    if node is None:
        raise invalid(Code.PROVIDER_INVALID, "the node is not in the directory")
    receipt = _receipt(answer, permit, node)
    signed, product = _product(answer, question, permit, node)
    content = hashlib.sha256(canonical_bytes(product)).hexdigest()
    stated = receipt.get("content_digest")
    if stated is not None and stated != content:
        raise invalid(Code.PROVIDER_INVALID, "the receipt speaks of another content")
    keys = {key.kid: key for key in believed.hub_verify_keys()}
    keys |= {entry.key.kid: entry.key for entry in node.keys} | {
        question.institution_key.kid: question.institution_key
    }
    return Report(
        id=answer.id,
        report_no=answer.report_no,
        verify_code=answer.verify_code,
        authorisation_id=question.authorisation_id,
        account=permit.account,
        subject=permit.subject,
        kind=permit.product,
        months=permit.months,
        purpose=question.purpose,
        node=node.id,
        node_name=node.name,
        uses_left=answer.uses_left,
        released_at=answer.released_at,
        use_leaf=answer.use_leaf,
        product=product,
        signed=signed,
        sealed=answer.product,
        statement=question.statement,
        permit=answer.permit,
        receipt=answer.receipt,
        product_digest=sha(answer.product),
        content_digest=content if stated is not None else None,
        keys=tuple(keys.values()),
    )


def _permit(
    answer: QueryAnswer, question: Question, believed: Believed, *, subject: str | None, at: datetime
) -> Permit:
    try:
        claims = verify_jws(answer.permit, believed.hub_keys, typ=ArtefactType.PERMIT, at=at)
        permit = Permit.from_claims(claims)
    except (Unauthenticated, Invalid) as error:
        raise invalid(Code.HUB_INVALID, "the permit is not the platform's") from error
    said = {
        "hub": (permit.hub, believed.anchor.id),
        "query_kind": (permit.query_kind, QueryKind.INSTITUTION),
        "reader": (permit.reader, Reader.INSTITUTION_KEY),
        "institution": (permit.institution, question.institution_id),
        "authorisation": (permit.authorisation_id, question.authorisation_id),
        "account": (permit.account, question.account),
        "product": (permit.product, question.product),
        "months": (permit.months, question.months),
        "purpose": (permit.purpose, question.purpose),
        "enc_jwk": (
            permit.enc_jwk,
            {name: str(value) for name, value in question.key.public.to_jwk().items()},
        ),
        "request_digest": (permit.request_digest, sha(question.statement)),
        "subject": (permit.subject, subject or permit.subject),
    }
    wrong = next((name for name, (found, wanted) in said.items() if found != wanted), None)
    if wrong is not None:
        raise invalid(Code.HUB_INVALID, f"the permit is for another {wrong}")
    if not question.asked_at - SKEW <= permit.issued_at <= at + SKEW:
        raise invalid(Code.HUB_INVALID, "the permit is of another time")
    return permit


def _receipt(answer: QueryAnswer, permit: Permit, node: Party) -> dict[str, Json]:
    try:
        claims = verify_jws(answer.receipt, node.keys, typ=ArtefactType.RECEIPT, at=permit.issued_at)
    except Unauthenticated as error:
        raise invalid(Code.PROVIDER_INVALID, "the receipt is not signed by the node") from error
    if not answer.product.isascii():
        raise invalid(Code.PROVIDER_INVALID, "the product is not sealed")
    wanted: dict[str, Json] = {
        "iss": permit.node,
        "aud": permit.hub,
        "jti": permit.jti,
        "sub": permit.subject,
        "account": permit.account,
        "product": str(permit.product),
        "months": permit.months,
        "request": sha(answer.permit),
        "product_digest": sha(answer.product),
        "report_no": answer.report_no,
    }
    wrong = differing(claims, wanted)
    if wrong is not None:
        raise invalid(Code.PROVIDER_INVALID, f"the receipt speaks of another {wrong}")
    return claims


def _product(
    answer: QueryAnswer, question: Question, permit: Permit, node: Party
) -> tuple[str, dict[str, Json]]:
    try:
        opened = open_sealed(
            answer.product, question.key, typ=ArtefactType.PRODUCT, facts={"jti": permit.jti}
        )
        signed = unpack(opened, max_bytes=MAX_PLAINTEXT_BYTES)
        claims = verify_jws(
            signed,
            node.keys,
            typ=ArtefactType.PRODUCT,
            at=permit.issued_at,
            max_bytes=2 * MAX_PLAINTEXT_BYTES,
        )
    except XinqiaoError as error:
        raise invalid(Code.PROVIDER_INVALID, "the product does not open, or is not the node's") from error
    wanted: dict[str, Json] = {
        "iss": node.id,
        "aud": question.institution_id,
        "jti": permit.jti,
        "sub": permit.subject,
        "account": permit.account,
        "kind": str(permit.product),
        "months": permit.months,
        "report_no": answer.report_no,
    }
    wrong = differing(claims, wanted)
    product = claims.get("product")
    if wrong is not None or not isinstance(product, dict):
        raise invalid(Code.PROVIDER_INVALID, f"the product is about another {wrong or 'thing'}")
    head = product.get("head")
    if not isinstance(head, dict) or head.get("uscc") != permit.subject:
        raise invalid(Code.PROVIDER_INVALID, "the product's head names another enterprise")
    return signed, product
