"""An answer about an item on the institution's side: opened, checked against everything, held in memory.

As :mod:`.report`: permit (platform), receipt and answer (department), one-time key, statement and digests must all speak
of the same occasion. Nothing of an answer is kept on the way, so what is not saved here is asked for again.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from xinqiao.client.believed import Believed, Party
from xinqiao.client.item_results import ItemReleased
from xinqiao.client.report import SKEW, differing, invalid, sha
from xinqiao.client.results import Operator, UseLeaf
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose
from xinqiao.domain.errors import Code, Invalid, Unauthenticated, XinqiaoError
from xinqiao.domain.items import ItemKind, ItemPermit
from xinqiao.domain.verification import Answer
from xinqiao.trust.export import ConsistencyProof, ProvenLeaf, bundle_bytes
from xinqiao.trust.jwe import MAX_PLAINTEXT_BYTES, open_sealed
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.trust.keys import OpenKey, VerifyKey


@dataclass(frozen=True, slots=True)
class ItemQuestion:
    """What was asked; ``key`` alone opens the answer of an interface item, ``claim`` is the digest of a claim."""

    institution_id: str
    authorisation_id: str
    item: str
    fields: tuple[str, ...]
    claim: str | None
    purpose: Purpose
    operator: Operator
    statement: str = field(repr=False)
    key: OpenKey | None = field(repr=False)
    institution_key: VerifyKey
    asked_at: datetime

    @property
    def kind(self) -> ItemKind:
        """A claim is verified, without one the item is called."""
        return ItemKind.INTERFACE if self.claim is None else ItemKind.VERIFICATION


@dataclass(frozen=True, slots=True)
class ItemRecord:
    """One record of an interface item: canonical text by field; ``objected``: the enterprise objects to it."""

    values: dict[str, str] = field(repr=False)
    objected: bool


@dataclass(frozen=True, slots=True)
class ItemAnswer:
    """One opened answer and everything that proves it.

    Attributes:
        records: of an interface item, in the department's order; empty for a verification and where there is none.
        withheld: records that broke a rule of the catalogue and were not given; ``truncated``: there are more.
        result: of a verification, ``yes`` or ``not``; nobody of that name is ``not``, too.
        signed: the department's own signed word (``xq-item-answer+jwt`` or ``xq-verification+jwt``).
    """

    id: str
    answer_no: str
    kind: ItemKind
    authorisation_id: str
    item: str
    item_version: int
    fields: tuple[str, ...]
    claim: str | None
    subject: str
    purpose: Purpose
    node: str
    node_name: str
    records: tuple[ItemRecord, ...]
    withheld: int
    truncated: bool
    result: Literal["yes", "not"] | None
    data_as_of: str | None
    keep_until: str | None
    uses_left: int
    released_at: datetime
    use_leaf: UseLeaf
    signed: str = field(repr=False)
    sealed: str = field(repr=False)
    statement: str = field(repr=False)
    permit: str = field(repr=False)
    receipt: str = field(repr=False)
    artefacts: tuple[str, ...] = field(repr=False, default=())
    keys: tuple[VerifyKey, ...] = field(repr=False, default=())

    def bundle(
        self,
        *,
        notes: tuple[str, ...] = (),
        consistency: tuple[ConsistencyProof, ...] = (),
        leaves: tuple[ProvenLeaf, ...] = (),
    ) -> bytes:
        """The file ``xinqiao verify`` checks offline, with the department's signed word readable in it."""
        return bundle_bytes(
            self.use_leaf.log,
            self.keys,
            (*self.artefacts, self.statement, self.permit, self.receipt, self.signed),
            product=self.sealed,
            notes=notes,
            consistency=consistency,
            leaves=leaves,
        )


def open_item_answer(
    answer: ItemReleased, question: ItemQuestion, believed: Believed, *, subject: str | None, at: datetime
) -> ItemAnswer:
    """Open and check a released answer.

    Args:
        subject: the code of the enterprise the authorisation is of, when known; the permit must name it.
        at: the present instant.

    Raises:
        ProviderFault: ``HUB_INVALID`` when the platform's part is wrong, ``PROVIDER_INVALID`` when the department's is.
    """
    permit = _permit(answer, question, believed, subject=subject, at=at)
    node = believed.directory.nodes.get(permit.node) if believed.directory else None
    if node is None:
        raise invalid(Code.PROVIDER_INVALID, "the node is not in the directory")
    receipt = _receipt(answer, permit, node)
    signed, claims = _word(answer, question, permit, node)
    keys = {key.kid: key for key in believed.hub_verify_keys()}
    keys |= {entry.key.kid: entry.key for entry in node.keys}
    keys[question.institution_key.kid] = question.institution_key
    records = _records(claims, question) if question.kind is ItemKind.INTERFACE else ()
    said = claims.get("answer")
    return ItemAnswer(
        id=answer.id,
        answer_no=answer.answer_no,
        kind=question.kind,
        authorisation_id=question.authorisation_id,
        item=permit.item,
        item_version=_count(receipt.get("item_version")),
        fields=question.fields,
        claim=permit.claim,
        subject=permit.subject,
        purpose=question.purpose,
        node=node.id,
        node_name=node.name,
        records=records,
        withheld=_count(claims.get("withheld")),
        truncated=claims.get("truncated") is True,
        result=None if question.claim is None else "yes" if said == Answer.YES else "not",
        data_as_of=_text_or_none(claims.get("data_as_of")),
        keep_until=_text_or_none(claims.get("keep_until")),
        uses_left=answer.uses_left,
        released_at=answer.released_at,
        use_leaf=answer.use_leaf,
        signed=signed,
        sealed=answer.answer,
        statement=question.statement,
        permit=answer.permit,
        receipt=answer.receipt,
        keys=tuple(keys.values()),
    )


def _permit(
    answer: ItemReleased, question: ItemQuestion, believed: Believed, *, subject: str | None, at: datetime
) -> ItemPermit:
    try:
        claims = verify_jws(answer.permit, believed.hub_keys, typ=ArtefactType.ITEM_PERMIT, at=at)
        permit = ItemPermit.from_claims(claims)
    except (Unauthenticated, Invalid) as error:
        raise invalid(Code.HUB_INVALID, "the permit is not the platform's") from error
    sealed_to = None if question.key is None else {n: str(v) for n, v in question.key.public.to_jwk().items()}
    said = {
        "hub": (permit.hub, believed.anchor.id),
        "kind": (permit.kind, question.kind),
        "institution": (permit.institution, question.institution_id),
        "authorisation": (permit.authorisation_id, question.authorisation_id),
        "item": (permit.item, question.item),
        "fields": (permit.fields, frozenset(question.fields)),
        "claim": (permit.claim, question.claim),
        "purpose": (permit.purpose, question.purpose),
        "enc_jwk": (permit.enc_jwk, sealed_to),
        "request_digest": (permit.request_digest, sha(question.statement)),
        "subject": (permit.subject, subject or permit.subject),
    }
    wrong = next((name for name, (found, wanted) in said.items() if found != wanted), None)
    if wrong is not None:
        raise invalid(Code.HUB_INVALID, f"the permit is for another {wrong}")
    if not question.asked_at - SKEW <= permit.issued_at <= at + SKEW:
        raise invalid(Code.HUB_INVALID, "the permit is of another time")
    return permit


def _receipt(answer: ItemReleased, permit: ItemPermit, node: Party) -> dict[str, Json]:
    if not answer.answer.isascii():
        raise invalid(Code.PROVIDER_INVALID, "the answer is no token")
    try:
        claims = verify_jws(answer.receipt, node.keys, typ=ArtefactType.RECEIPT, at=permit.issued_at)
    except Unauthenticated as error:
        raise invalid(Code.PROVIDER_INVALID, "the receipt is not signed by the node") from error
    wrong = differing(
        claims,
        _about(permit)
        | {
            "aud": permit.hub,
            "kind": str(permit.kind),
            "fields": [*sorted(permit.fields)],
            "claim": permit.claim,
            "request": sha(answer.permit),
            "answer_digest": sha(answer.answer),
            "answer_no": answer.answer_no,
        },
    )
    if wrong is not None:
        raise invalid(Code.PROVIDER_INVALID, f"the receipt speaks of another {wrong}")
    return claims


def _about(permit: ItemPermit) -> dict[str, Json]:
    return {"iss": permit.node, "jti": permit.jti, "sub": permit.subject, "item": permit.item}


def _word(
    answer: ItemReleased, question: ItemQuestion, permit: ItemPermit, node: Party
) -> tuple[str, dict[str, Json]]:
    """The department's own signed word, opened where it is sealed."""
    wanted = _about(permit) | {"aud": question.institution_id}
    try:
        if question.key is None:
            signed, typ = answer.answer, ArtefactType.VERIFICATION
            wanted |= {"claim": permit.claim, "verification_no": answer.answer_no}
        else:
            typ = ArtefactType.ITEM_ANSWER
            opened = open_sealed(answer.answer, question.key, typ=typ, facts={"jti": permit.jti})
            signed = opened.decode("ascii")
            wanted |= {
                "fields": [*question.fields],
                "purpose": str(permit.purpose),
                "answer_no": answer.answer_no,
            }
        claims = verify_jws(
            signed, node.keys, typ=typ, at=permit.issued_at, max_bytes=2 * MAX_PLAINTEXT_BYTES
        )
    except (XinqiaoError, UnicodeDecodeError) as error:
        raise invalid(Code.PROVIDER_INVALID, "the answer does not open, or is not the node's") from error
    wrong = differing(claims, wanted)
    if wrong is not None:
        raise invalid(Code.PROVIDER_INVALID, f"the answer is about another {wrong}")
    if question.key is None and claims.get("answer") not in {str(one) for one in Answer}:
        raise invalid(Code.PROVIDER_INVALID, "neither yes nor no")
    return signed, claims


def _records(claims: dict[str, Json], question: ItemQuestion) -> tuple[ItemRecord, ...]:
    """The records, with nothing in them that was not asked for."""
    given = claims.get("records")
    found = []
    for one in given if isinstance(given, list) else [None]:
        values = one.get("values") if isinstance(one, dict) else None
        if (
            not isinstance(one, dict)
            or not isinstance(values, dict)
            or not set(values) <= set(question.fields)
        ):
            raise invalid(Code.PROVIDER_INVALID, "the answer has another shape")
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        if len(texts) != len(values):
            raise invalid(Code.PROVIDER_INVALID, "a value is text")
        found.append(ItemRecord(texts, one.get("objected") is True))
    return tuple(found)


def _count(value: Json | None) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _text_or_none(value: Json | None) -> str | None:
    return value if isinstance(value, str) else None
