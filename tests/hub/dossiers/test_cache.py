"""The cache of dossiers: what nobody may read goes, what is too much goes, frames are zstd, views are named by content."""

import hashlib
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from tests.hub.cast import OWNER_USCC, Cast
from tests.hub.dossiers_cast import GRANT, POWER
from tests.hub.items_cast import ItemCast

from xinqiao.catalogue import load
from xinqiao.domain.canonical import canonical_bytes
from xinqiao.hub.apps.dossiers.models import Dossier
from xinqiao.hub.apps.dossiers.product import Shelf, answer, document, made, stored_frame, view_of
from xinqiao.hub.apps.dossiers.services import sweep_dossiers
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.trust.keys import SigningKey

AT = datetime(2026, 11, 21, 2, tzinfo=UTC)


def kept(subject: str, view: str = "v", *, stored: int = 100, used: datetime = AT) -> Dossier:
    return Dossier.objects.create(
        subject=subject, view=view, token="t", content=b"x", size=1, stored=stored, digest="d", statement="s",
        made_at=used, used_at=used,
    )  # fmt: skip


@pytest.fixture
def items(cast: Cast) -> ItemCast:
    return ItemCast(cast)


def granted(items: ItemCast, **changes: object) -> ItemAuthorisation:
    return items.confirm(items.requested(grants=frozenset({GRANT}), **changes))


def test_a_dossier_goes_with_the_last_live_authorisation(items: ItemCast) -> None:
    first, second = granted(items), granted(items)
    kept(OWNER_USCC)
    kept("91140100MA0000000X")
    assert sweep_dossiers(at=items.cast.now) == 1
    assert Dossier.objects.get().subject == OWNER_USCC
    items.withdraw(first)
    assert sweep_dossiers(at=items.cast.now) == 0
    items.withdraw(second)
    assert (sweep_dossiers(at=items.cast.now), sweep_dossiers(at=items.cast.now)) == (1, 0)


def test_an_expired_or_used_up_authorisation_is_not_live(items: ItemCast) -> None:
    row = granted(items, valid_days=1)
    kept(OWNER_USCC)
    assert sweep_dossiers(at=items.cast.now + timedelta(days=1)) == 1
    kept(OWNER_USCC)
    ItemAuthorisation.objects.filter(id=row.id).update(uses=row.max_queries)
    assert sweep_dossiers(at=items.cast.now) == 1


def test_the_longest_unused_goes_first_when_there_is_too_much(items: ItemCast) -> None:
    granted(items)
    for place in range(5):
        kept(OWNER_USCC, f"v{place}", used=AT + timedelta(hours=place))
    assert sweep_dossiers(at=items.cast.now, limit_bytes=500) == 0
    assert sweep_dossiers(at=items.cast.now, limit_bytes=320) == 2
    assert sorted(Dossier.objects.values_list("view", flat=True)) == ["v2", "v3", "v4"]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 4_000, 65_791])
def test_a_stored_frame_is_zstd(size: int) -> None:
    content = bytes(place % 251 for place in range(size))
    frames = stored_frame(content) + stored_frame(b"}")
    assert pa.CompressedInputStream(pa.BufferReader(frames), "zstd").read() == content + b"}"


def test_what_does_not_fit_a_frame_is_refused() -> None:
    with pytest.raises(ValueError, match="one block"):
        stored_frame(bytes(65_792))


def test_a_view_is_named_by_its_items_and_fields() -> None:
    one = {"a": frozenset({"x", "y"}), "b": frozenset({"z"})}
    assert view_of(one) == view_of({"b": frozenset({"z"}), "a": frozenset({"y", "x"})})
    assert (
        len({view_of(one), view_of({"a": frozenset({"x", "y"})}), view_of({**one, "b": frozenset({"y"})})})
        == 3
    )


def test_a_dossier_says_why_there_is_nothing() -> None:
    spec = {POWER: frozenset({"period"}), "gas_fee": frozenset({"period"})}
    told = document(load(), "hub", OWNER_USCC, spec, {}, {POWER})
    power, gas = told["items"]  # type: ignore[misc]
    assert (power["availability"], gas["availability"]) == ("no_record", "not_collected")  # type: ignore[index,call-overload]
    product = made(told, Shelf(OWNER_USCC, view_of(spec), "t"), spec, key=SigningKey.generate(), at=AT)
    text = canonical_bytes(told)
    assert (product.size, product.digest) == (len(text), hashlib.sha256(text).hexdigest())
    assert answer({"id": "q"}, product, zstd=False) == b'{"id":"q","product":' + text + b"}"
    packed = answer({"id": "q"}, product, zstd=True)
    assert pa.CompressedInputStream(pa.BufferReader(packed), "zstd").read() == answer(
        {"id": "q"}, product, zstd=False
    )
