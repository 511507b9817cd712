"""The signed directory of participants and keys, and the key sets the hub itself believes."""

from datetime import UTC, datetime, timedelta

from django.conf import settings

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict
from xinqiao.hub.apps.identity.models import (
    DeskKey,
    DirectoryVersion,
    Institution,
    InstitutionKey,
    Node,
    NodeKey,
    SourceKey,
)
from xinqiao.hub.node_client import NodeAddress
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import KeyEntry, KeySet, VerifyKey

DIRECTORY_LIFETIME = timedelta(hours=24)


def _seconds(instant: datetime) -> int:
    return int(instant.astimezone(UTC).timestamp())


def _entry(row: InstitutionKey | NodeKey) -> dict[str, Json]:
    return {**row.jwk, "nbf": _seconds(row.not_before), "exp": _seconds(row.not_after)}


def _key_set(rows: list[InstitutionKey] | list[NodeKey] | list[SourceKey] | list[DeskKey]) -> KeySet:
    return KeySet(KeyEntry(VerifyKey.from_jwk(row.jwk), row.not_before, row.not_after) for row in rows)


def institution_keys(institution_id: str) -> KeySet:
    """Active signing keys of an active institution; empty for any other."""
    return _key_set(
        list(
            InstitutionKey.objects.filter(
                institution_id=institution_id, institution__status="active", status="active"
            )
        )
    )


def source_keys(source_id: str) -> KeySet:
    """Active signing keys of an active source; empty for any other."""
    rows = SourceKey.objects.filter(source_id=source_id, source__status="active", status="active")
    return _key_set(list(rows))


def desk_keys(desk_id: str) -> KeySet:
    """The signing key of a system of the platform's desk; empty when it has ended."""
    return _key_set(list(DeskKey.objects.filter(id=desk_id, status="active")))


def node_keys(node_id: str) -> KeySet:
    """Active signing keys of a node."""
    return _key_set(list(NodeKey.objects.filter(node_id=node_id, status="active")))


def node_address(node_id: str) -> NodeAddress:
    """Where and in which keys an active node is called.

    Raises:
        Conflict: ``PROVIDER_UNAVAILABLE`` when it is suspended or unknown.
    """
    node = Node.objects.filter(id=node_id, status="active").first()
    if node is None:
        raise Conflict(Code.PROVIDER_UNAVAILABLE, "the node is not connected now")
    return NodeAddress(node.id, node.base_url, node_keys(node.id))


def directory_version() -> int:
    """The version the next directory will carry."""
    return DirectoryVersion.objects.filter(id=1).values_list("version", flat=True).first() or 1


def directory(*, at: datetime) -> str:
    """The directory as a token signed by the hub: hub, active nodes and active institutions with their keys."""
    nodes: list[Json] = [
        {
            "id": node.id,
            "institution": node.institution_id,
            "name": node.name,
            "base_url": node.base_url,
            "keys": [_entry(key) for key in node.keys.all() if key.status == "active"],
        }
        for node in Node.objects.filter(status="active").order_by("id").prefetch_related("keys")
    ]
    institutions: list[Json] = [
        {
            "id": institution.id,
            "name": institution.name,
            "keys": [_entry(key) for key in institution.keys.all() if key.status == "active"],
        }
        for institution in Institution.objects.filter(status="active").order_by("id").prefetch_related("keys")
    ]
    claims: dict[str, Json] = {
        "iss": settings.XINQIAO_HUB_ID,
        "iat": _seconds(at),
        "exp": _seconds(at + DIRECTORY_LIFETIME),
        "version": directory_version(),
        "hub": {
            "id": settings.XINQIAO_HUB_ID,
            "name": settings.XINQIAO_HUB_NAME,
            "keys": [*runtime.hub_public_jwks()],
        },
        "nodes": nodes,
        "institutions": institutions,
    }
    return sign_jws(claims, runtime.hub_key, ArtefactType.DIRECTORY)


def anchor() -> dict[str, Json]:
    """The anchor file a node is given out of band: ``{"id", "name", "keys"}``."""
    return {
        "id": settings.XINQIAO_HUB_ID,
        "name": settings.XINQIAO_HUB_NAME,
        "keys": [*runtime.hub_public_jwks()],
    }
