"""From records to an answer: sealed records of an interface item, or a yes or no in one size. Permits are consumed already."""

import hashlib
import secrets
from datetime import datetime, timedelta

import orjson

from xinqiao.clock import SHANGHAI
from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.keys import canonical_text
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.catalogue.rows import check_row
from xinqiao.domain.period import format_instant
from xinqiao.domain.verification import Answer
from xinqiao.provider.config import NodeConfig
from xinqiao.provider.items.gate import AdmittedItem
from xinqiao.provider.items.store import MOST_ROWS, Row
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey

#: An institution keeps an answer until the authorisation ends, at most this long (credit rules 8, proposed).
KEEP = timedelta(days=30)


def records_json(
    catalogue: Catalogue, admitted: AdmittedItem, rows: list[Row], *, now: datetime
) -> dict[str, Json]:
    """The records with the authorised fields only, in canonical text.

    A row that breaks a rule of the catalogue is not given but counted (``withheld``): the department hears of it from
    its own figures, the institution is not handed something wrong.
    """
    fields = admitted.permit.fields
    given: list[Json] = []
    withheld = 0
    for row in rows[:MOST_ROWS]:
        if not row.cells:
            continue
        verdict = check_row(catalogue, admitted.item, row.cells, received_on=now.astimezone(SHANGHAI).date())
        if not verdict.ok:
            withheld += 1
            continue
        values: dict[str, Json] = {
            name: canonical_text(value) for name, value in verdict.values.items() if name in fields
        }
        given.append({"values": values, "objected": row.objected})
    return {"records": given, "withheld": withheld, "truncated": len(rows) > MOST_ROWS}


def item_answer(
    config: NodeConfig,
    key: SigningKey,
    admitted: AdmittedItem,
    records: dict[str, Json],
    *,
    as_of: str | None,
    now: datetime,
) -> tuple[dict[str, Json], str]:
    """The sealed answer of an interface item with its receipt, and its number."""
    permit = admitted.permit
    assert admitted.seal_key is not None
    number = _number("IA", now)
    keep_until = min(admitted.authorisation.valid_to, now + KEEP)
    inner: dict[str, Json] = {
        "iss": config.id, "aud": permit.institution, "iat": int(now.timestamp()), "jti": permit.jti,
        "sub": permit.subject, "item": permit.item, "item_version": admitted.item.version,
        "fields": [*sorted(permit.fields)], "purpose": str(permit.purpose), "answer_no": number,
        "source": config.name, "demo": config.demo, "data_as_of": as_of, "keep_until": format_instant(keep_until),
        **records,
    }  # fmt: skip
    signed = sign_jws(inner, key, ArtefactType.ITEM_ANSWER)
    sealed = seal(
        signed.encode("ascii"), admitted.seal_key, typ=ArtefactType.ITEM_ANSWER, facts={"jti": permit.jti}
    )
    receipt = _receipt(config, key, admitted, sealed, number, now)
    return {"receipt": receipt, "answer": sealed}, number


def verification_answer(
    config: NodeConfig,
    key: SigningKey,
    admitted: AdmittedItem,
    answer: Answer,
    *,
    asked_at: datetime,
    size: int,
    now: datetime,
) -> tuple[dict[str, Json], str]:
    """The signed yes or no, filled up to ``size`` bytes, whatever it says and whatever it is about.

    Raises:
        ValueError: ``size`` is too small for the answer.
    """
    permit = admitted.permit
    number = _number("VF", now)
    claims: dict[str, Json] = {
        "iss": config.id, "aud": permit.institution, "iat": int(now.timestamp()), "jti": permit.jti,
        "sub": permit.subject, "item": permit.item, "claim": permit.claim, "verification_no": number,
        "requested_at": format_instant(asked_at), "verified_at": format_instant(now), "answer": str(answer),
    }  # fmt: skip
    result = sign_jws(claims, key, ArtefactType.VERIFICATION)
    receipt = _receipt(config, key, admitted, result, number, now)
    body: dict[str, Json] = {"receipt": receipt, "answer": result, "pad": ""}
    short = size - len(orjson.dumps(body))
    if short < 0:
        raise ValueError("answer_bytes is too small")
    return body | {"pad": "0" * short}, number


def _receipt(
    config: NodeConfig, key: SigningKey, admitted: AdmittedItem, answer: str, number: str, now: datetime
) -> str:
    permit = admitted.permit
    receipt: dict[str, Json] = {
        "iss": config.id, "aud": permit.hub, "iat": int(now.timestamp()), "jti": permit.jti, "sub": permit.subject,
        "item": permit.item, "kind": str(permit.kind), "claim": permit.claim, "fields": [*sorted(permit.fields)],
        "request": admitted.permit_digest, "answer_digest": hashlib.sha256(answer.encode("ascii")).hexdigest(),
        "answer_no": number, "item_version": admitted.item.version, "answered_at": format_instant(now),
    }  # fmt: skip
    return sign_jws(receipt, key, ArtefactType.RECEIPT)


def _number(prefix: str, now: datetime) -> str:
    return f"{prefix}-{now.astimezone(SHANGHAI):%Y%m%d}-{secrets.token_hex(6).upper()}"
