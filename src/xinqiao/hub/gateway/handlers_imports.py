"""Handlers of repair results that came from other platforms: read a file, look at it, apply it, take a row back. No rules.

The same bytes are the same file, so handing one in needs no idempotency key: the digest is one.
"""

from dataclasses import asdict

from pydantic import BaseModel

from xinqiao.domain.errors import Code, Invalid, Stale
from xinqiao.hub.actors import OperatorActor
from xinqiao.hub.apps.redress import import_selectors as imports
from xinqiao.hub.apps.redress import services as verbs
from xinqiao.hub.apps.redress.import_selectors import ImportRow, ResultView
from xinqiao.hub.gateway import schemas_desk as schemas
from xinqiao.hub.gateway.handlers_consent import text, text_or_none
from xinqiao.hub.gateway.handlers_desk import decided
from xinqiao.hub.gateway.handlers_redress import Reading, reading
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call


def _view(
    row: ImportRow, results: list[ResultView] | None = None, *, repeated: bool = False
) -> schemas.ImportView:
    return schemas.ImportView(
        id=row.id, number=row.number, platform=row.platform, file_name=row.file_name, digest=row.digest,
        read_at=text(row.read_at), applied_at=text_or_none(row.applied_at), version=row.version, rows=row.rows,
        matched=row.matched, applied=row.applied, listed=row.listed, repeated=repeated,
        results=None
        if results is None
        else [schemas.ImportedRow.model_validate(asdict(one)) for one in results],
    )  # fmt: skip


async def read_import(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/repair-imports``."""
    params = call.params
    assert isinstance(params, schemas.ImportParams)

    def work(actor: OperatorActor) -> BaseModel:
        done = verbs.read_results(
            actor=actor, platform=params.platform, file_name=params.file_name, chunks=iter((call.raw,)),
            at=call.gateway.clock.now(),
        )  # fmt: skip
        return _view(*imports.repair_import(actor, done.row.id), repeated=done.repeated)

    return await decided(call, params.operator, work)


async def list_imports(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/desk/repair-imports``."""
    params = call.params
    assert isinstance(params, schemas.ImportListParams)

    def work(actor: Reading) -> BaseModel:
        rows = imports.repair_imports(actor, limit=params.limit)
        return schemas.ImportList(items=[_view(row) for row in rows])

    return await reading(call, work)


async def get_import(call: Call) -> BaseModel | Reply:
    """``GET /api/v1/desk/repair-imports/{id}``."""
    return await reading(call, lambda actor: _view(*imports.repair_import(actor, call.path_params["id"])))


async def handle_import(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/desk/repair-imports/{id}``."""
    body, import_id = call.body, call.path_params["id"]
    assert isinstance(body, schemas.ImportHandling)
    at = call.gateway.clock.now()

    def work(actor: OperatorActor) -> BaseModel:
        if body.act == "apply":
            verbs.apply_results(actor=actor, import_id=import_id, expected_version=body.version, at=at)
        else:
            _undo(actor, import_id, body)
        return _view(*imports.repair_import(actor, import_id))

    def _undo(actor: OperatorActor, import_id: str, body: schemas.ImportHandling) -> None:
        if body.line is None:
            raise Invalid(Code.INVALID, "which row?", facts={"field": "line"})
        if imports.repair_import(actor, import_id)[0].version != body.version:
            raise Stale("changed since it was shown")
        verbs.undo_result(actor=actor, import_id=import_id, line=body.line, reason=body.text, at=at)

    return await decided(call, body.operator, work)
