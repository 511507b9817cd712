"""A dossier as the institution gets it: what the platform collected about a firm, checked against the platform's word."""

import hashlib
from typing import Literal

from pydantic import AwareDatetime

from xinqiao.client.believed import Believed
from xinqiao.client.results import Result
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.errors import Code, ProviderFault, Unauthenticated
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.jws import ArtefactType, verify_jws

#: A statement names every field given; hundreds of them fit.
_MAX_STATEMENT = 65_536


class DossierRecord(Result):
    """One record: the granted fields in canonical form, and where it comes from."""

    values: dict[str, str | int | bool | list[str] | None]
    source: str
    batch: str
    as_of: str | None
    received_at: AwareDatetime
    version: int


class DossierItem(Result):
    """One item. Without records it says whether there is none, or nothing of the item was collected at all."""

    item: str
    item_version: int
    availability: Literal["present", "no_record", "not_collected"]
    fields: list[str]
    records: list[DossierRecord]


class DossierContent(Result):
    """Everything given about one firm."""

    iss: str
    sub: str
    catalogue: str
    items: list[DossierItem]


class UseLeaf(Result):
    """Where the use stands in the audit log."""

    index: int
    hash: str
    log: str


class Dossier(Result):
    """A released dossier with its evidence. ``statement`` proves offline that the platform gave exactly this."""

    id: str
    statement: str
    digest: str
    made_at: AwareDatetime
    use_leaf: UseLeaf
    uses_left: int
    released_at: AwareDatetime
    product: DossierContent


def check_dossier(found: Dossier, body: bytes, believed: Believed) -> Dossier:
    """Hold a dossier against its statement.

    Raises:
        ProviderFault: ``HUB_INVALID``: the statement is not the platform's, or speaks of something else.
    """
    told = strict_object(body).get("product")
    digest = hashlib.sha256(canonical_bytes(told)).hexdigest()
    try:
        claims = verify_jws(
            found.statement, believed.hub_keys, typ=ArtefactType.DOSSIER, at=found.made_at, max_bytes=_MAX_STATEMENT
        )  # fmt: skip
    except Unauthenticated as error:
        raise ProviderFault(Code.HUB_INVALID, "the statement of the dossier is not the platform's") from error
    given: dict[str, Json] = {one.item: [*one.fields] for one in found.product.items}
    wanted: dict[str, Json] = {
        "iss": believed.anchor.id,
        "sub": found.product.sub,
        "digest": digest,
        "items": given,
    }
    if found.digest != digest or any(claims.get(name) != value for name, value in wanted.items()):
        raise ProviderFault(Code.HUB_INVALID, "the dossier is not the one of its statement")
    return found
