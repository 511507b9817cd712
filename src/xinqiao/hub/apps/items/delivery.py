"""What a department node answered, judged against what was asked (abuse case C9). Nothing of a bad answer goes on."""

import hashlib
from typing import NoReturn

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, ProviderFault, Unauthenticated
from xinqiao.domain.items import ItemKind, ItemPermit
from xinqiao.domain.verification import Answer
from xinqiao.hub.apps.items.release import ItemDelivered
from xinqiao.trust.jwe import sealed_header
from xinqiao.trust.jws import ArtefactType, Keys, verify_jws

ADDRESS = {ItemKind.INTERFACE: "/node/v1/items", ItemKind.VERIFICATION: "/node/v1/verifications"}


def check_item_delivery(
    body: dict[str, Json], permit: ItemPermit, permit_jws: str, node_keys: Keys
) -> ItemDelivered:
    """Check receipt and answer against the permit.

    Raises:
        ProviderFault: ``PROVIDER_INVALID``: not the node's, about something else, sealed to another key, or neither
            yes nor no.
    """
    receipt, answer = body.get("receipt"), body.get("answer")
    if not isinstance(receipt, str) or not isinstance(answer, str) or not answer.isascii():
        _bad("receipt or answer is missing")
    digest = hashlib.sha256(answer.encode("ascii")).hexdigest()
    about: dict[str, Json] = {
        "iss": permit.node,
        "jti": permit.jti,
        "sub": permit.subject,
        "item": permit.item,
        "claim": permit.claim,
    }
    claims = _read(receipt, ArtefactType.RECEIPT, permit, node_keys)
    _same(
        claims,
        about
        | {
            "aud": permit.hub,
            "kind": str(permit.kind),
            "fields": [*sorted(permit.fields)],
            "request": hashlib.sha256(permit_jws.encode("ascii")).hexdigest(),
            "answer_digest": digest,
        },
    )
    number = claims.get("answer_no")
    if not isinstance(number, str) or not 0 < len(number) <= 40:
        _bad("the receipt has no number")
    result = ""
    if permit.kind is ItemKind.VERIFICATION:
        said = _read(answer, ArtefactType.VERIFICATION, permit, node_keys)
        _same(said, about | {"aud": permit.institution})
        if said.get("answer") not in {str(one) for one in Answer}:
            _bad("neither yes nor no")
        result = str(said["answer"])
    else:
        _sealed_to(answer, permit)
    return ItemDelivered(
        answer=answer,
        answer_digest=digest,
        receipt=receipt,
        receipt_digest=hashlib.sha256(receipt.encode("ascii")).hexdigest(),
        answer_no=number,
        result=result,
    )


def _read(token: str, typ: ArtefactType, permit: ItemPermit, keys: Keys) -> dict[str, Json]:
    try:
        return verify_jws(token, keys, typ=typ, at=permit.issued_at)
    except Unauthenticated:
        _bad(f"the {typ.name.lower()} is not signed by the node")


def _same(claims: dict[str, Json], wanted: dict[str, Json]) -> None:
    wrong = sorted(name for name, value in wanted.items() if claims.get(name) != value)
    if wrong:
        _bad(f"the node speaks of another {wrong[0]}")


def _sealed_to(answer: str, permit: ItemPermit) -> None:
    assert permit.enc_jwk is not None
    try:
        header = sealed_header(answer)
    except Unauthenticated:
        _bad("the answer is not sealed")
    if header.kid != permit.enc_jwk.get("kid", header.kid):
        _bad("the answer is sealed to another key")


def _bad(why: str) -> NoReturn:
    raise ProviderFault(Code.PROVIDER_INVALID, why)
