"""What data sources send and receive at the interface: files of records, and what became of them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from xinqiao.domain.canonical import Json
from xinqiao.domain.collection import BatchState
from xinqiao.hub.gateway.schemas import Answer, Digest, Id, Instant, Request

type ItemId = Annotated[str, StringConstraints(strict=True, pattern=r"^[a-z][a-z0-9_]{0,63}$")]
type FileName = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=160)]
type Day = Annotated[
    str, StringConstraints(strict=True, pattern=r"^\d{4}-\d{2}-\d{2}$"), Field(json_schema_extra={"format": "date"})
]  # fmt: skip


class BatchParams(Request):
    """Parameters of a file sent whole. ``data_as_of``: the day the facts are true for; ``corrects``: a batch of ours."""

    item: ItemId
    file_name: FileName
    data_as_of: Day | None = None
    corrects: Id | None = None


class UploadRequest(Request):
    """Announces a file that comes in pieces. The same ``key`` and ``size`` again find its beginning."""

    item: ItemId
    file_name: FileName
    size: Annotated[int, Field(ge=1, le=10**13)]
    key: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=64)]
    data_as_of: Day | None = None
    corrects: Id | None = None


class UploadView(Answer):
    """How far a file has come: the next piece begins at ``received`` and has at most ``piece_bytes``."""

    id: str
    item: str
    size: int
    received: int
    piece_bytes: int


class PieceParams(Request):
    """Where a piece belongs."""

    offset: Annotated[int, Field(ge=0, le=10**13)]


class BatchView(Answer):
    """One batch. Counts are null until the file was judged; ``receipt`` is the receipt once there is one.

    ``superseding``: accepted rows that replaced an earlier value; counted a little later, null until then.

    ``repeated``: this very file had been received before, and nothing was done again.
    """

    id: str
    number: str
    item: str
    file_name: str
    size: int
    digest: Digest
    state: BatchState
    received_at: Instant
    finished_at: Instant | None
    data_as_of: str | None
    rows: int | None
    accepted: int | None
    duplicate: int | None
    refused: int | None
    superseding: int | None
    code: str | None
    corrects: str | None
    repeated: bool = False
    receipt: dict[str, Json] | None = None


class BatchList(Answer):
    """A page of batches, newest first."""

    items: list[BatchView]
    next_cursor: str | None


class BatchListParams(Request):
    """Filters of the list; ``cursor`` is the last answer's ``next_cursor``."""

    item: ItemId | None = None
    cursor: Annotated[str, StringConstraints(pattern=r"^\d{1,18}$")] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
