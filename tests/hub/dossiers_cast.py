"""Records of two collected items in a real lake, for tests about dossiers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
from tests.hub.cast import OWNER_USCC
from tests.lake.store.synthetic import fill

from xinqiao.domain.items import ItemGrant
from xinqiao.lake.store import Lake

POWER, GAS = "electricity_fee", "gas_fee"
CANARY, SECRET_CANARY = Decimal("31415.92"), "金丝雀供电所-5a7c"
GRANT = ItemGrant(POWER, frozenset({"period", "billed_amount"}))
_SCHEMA = pa.schema(
    [
        ("_subject", pa.string()), ("period", pa.string()), ("billed_amount", pa.decimal128(18, 2)),
        ("meter_no", pa.string()), ("_row", pa.int64()), ("_batch", pa.string()), ("_source", pa.string()),
        ("_as_of", pa.date32()), ("_received", pa.timestamp("us")), ("_status", pa.string()), ("_seq", pa.int64()),
        ("_digest", pa.uint64()), ("_key", pa.string()),
    ]
)  # fmt: skip


def collect(
    lake: Lake,
    batch: str,
    rows: Sequence[Mapping[str, object]],
    *,
    item: str = POWER,
    subject: str = OWNER_USCC,
) -> None:
    """Publish a batch about one firm; ``period`` is the key."""
    seq = lake.next_seq(item)
    full = [
        {
            "_subject": subject, "period": f"2026-{place:02d}", "billed_amount": CANARY, "meter_no": SECRET_CANARY,
            "_row": place, "_batch": batch, "_source": "power-co", "_as_of": date(2026, 10, 31),
            "_received": datetime(2026, 11, 1, 8), "_status": "valid", "_seq": seq, "_digest": place,
            "_key": f"2026-{place:02d}", **row,
        }
        for place, row in enumerate(rows, start=1)
    ]  # fmt: skip
    with lake.begin(item, batch, seq, key=("period",)) as draft:
        fill(draft, pa.Table.from_pylist(full, schema=_SCHEMA), lake.buckets)
        lake.publish(draft, facts={"digest": f"sha256:{batch}"})


def new_lake(folder: Path) -> Lake:
    """An empty lake of one bucket."""
    return Lake.open(folder, create=True, buckets=1)
