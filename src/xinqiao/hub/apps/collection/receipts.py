"""The receipt of a batch as data: what programs of a source read, at the portal and beside a file of its folder."""

from xinqiao.domain.canonical import Json
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.trust.leaf import instant_text


def found_of(row: Batch) -> dict[str, Json] | None:
    """What the pipeline found, with what was counted behind it; ``None`` before there is anything."""
    return None if row.receipt is None else {**row.receipt, "superseding": row.rows_superseding}


def receipt_of(row: Batch) -> dict[str, Json]:
    """Everything the hub says about a batch that is done; values in it are masked by the pipeline already."""
    return {
        "number": row.number,
        "source": row.source.code,
        "item": row.item,
        "item_version": row.item_version,
        "file": row.file_name,
        "sha256": row.digest,
        "bytes": row.size,
        "state": row.state,
        "code": row.code or None,
        "code_facts": row.code_facts,
        "received_at": instant_text(row.received_at),
        "finished_at": instant_text(row.finished_at) if row.finished_at else None,
        "data_as_of": row.data_as_of.isoformat() if row.data_as_of else None,
        "rows": row.rows_read,
        "accepted": row.rows_accepted,
        "duplicate": row.rows_duplicate,
        "refused": row.rows_refused,
        "superseding": row.rows_superseding,
        "leaf": row.finished_leaf,
        "found": found_of(row),
    }
