"""The same work the usual way: FastAPI, SQLAlchemy objects, a response model. ``python -m bench._twin FOLDER PORT``.

For each query: token, key, message signature (the same functions), nonce and idempotency key in tables, the authorisation
with its items and fields, its period and uses, two leaves of a hash chain, the counted use and the record, one durable
commit (SQLite, WAL, synchronous FULL); then the records of five tables as objects, through a Pydantic response model,
and the signed answer. No seals and no shortcuts that are not in the other; what it lacks (the Merkle tree, the signed
refusals, checkpoints) makes it lighter, not heavier.
"""

import hashlib
import json
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic
from fastapi import FastAPI, Request, Response
from sqlalchemy import ForeignKey, create_engine, event, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, sessionmaker

from bench._province import ITEMS, records_of, uscc_of
from xinqiao.catalogue import load
from xinqiao.domain.catalogue.model import FieldType
from xinqiao.trust.httpsig import sign_response, verify_request
from xinqiao.trust.keys import SigningKey, VerifyKey

CATALOGUE = load()
_PYTHON: dict[FieldType, Any] = {
    FieldType.DATE: date, FieldType.DECIMAL: Decimal, FieldType.INTEGER: int, FieldType.BOOLEAN: bool,
}  # fmt: skip


class Base(DeclarativeBase):
    """Tables of the twin."""


class Institution(Base):
    __tablename__ = "institution"
    id: Mapped[str] = mapped_column(primary_key=True)
    jwk: Mapped[str]
    status: Mapped[str]


class Token(Base):
    __tablename__ = "token"
    hash: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str] = mapped_column(ForeignKey("institution.id"))
    expires_at: Mapped[datetime]
    institution: Mapped[Institution] = relationship()


class Granted(Base):
    __tablename__ = "granted"
    id: Mapped[int] = mapped_column(primary_key=True)
    authorisation_id: Mapped[str] = mapped_column(ForeignKey("authorisation.id"), index=True)
    item: Mapped[str]
    fields: Mapped[str]


class Authorisation(Base):
    __tablename__ = "authorisation"
    id: Mapped[str] = mapped_column(primary_key=True)
    institution_id: Mapped[str]
    subject: Mapped[str]
    purpose: Mapped[str]
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    max_queries: Mapped[int]
    uses: Mapped[int]
    items: Mapped[list[Granted]] = relationship()


class Nonce(Base):
    __tablename__ = "nonce"
    nonce: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime]


class Key(Base):
    __tablename__ = "idempotency"
    key: Mapped[str] = mapped_column(primary_key=True)
    query_id: Mapped[str]


class Leaf(Base):
    __tablename__ = "leaf"
    id: Mapped[int] = mapped_column(primary_key=True)
    type: Mapped[str]
    body: Mapped[str]
    hash: Mapped[str]


class Query(Base):
    __tablename__ = "query"
    id: Mapped[str] = mapped_column(primary_key=True)
    authorisation_id: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    operator: Mapped[str]
    leaf: Mapped[int]
    asked_at: Mapped[datetime]


def _record_class(name: str) -> Any:
    columns: dict[str, Any] = {
        "__tablename__": f"record_{name}",
        "id": mapped_column(primary_key=True),
        "subject": mapped_column(index=True),
        "source": mapped_column(),
        "batch": mapped_column(),
        "received_at": mapped_column(),
        "__annotations__": {
            "id": Mapped[int], "subject": Mapped[str], "source": Mapped[str], "batch": Mapped[str],
            "received_at": Mapped[datetime],
        },
    }  # fmt: skip
    for field in CATALOGUE.items[name].fields:
        columns[f"f_{field.name}"] = mapped_column(nullable=True)
        columns["__annotations__"][f"f_{field.name}"] = Mapped[_PYTHON.get(field.type, str)]
    return type(f"Record_{name}", (Base,), columns)


RECORDS = {name: _record_class(name) for name in ITEMS}


class RecordOut(pydantic.BaseModel):
    """One record of the answer."""

    values: dict[str, str | int | bool | None]
    source: str
    batch: str
    received_at: datetime


class ItemOut(pydantic.BaseModel):
    """One item of the answer."""

    item: str
    fields: list[str]
    records: list[RecordOut]


class DossierOut(pydantic.BaseModel):
    """The answer."""

    id: str
    state: str
    subject: str
    uses_left: int
    leaf: int
    leaf_hash: str
    items: list[ItemOut]


class Asked(pydantic.BaseModel):
    """The question."""

    authorisation_id: str
    purpose: str
    operator: dict[str, str]


def sessions(folder: Path) -> sessionmaker[Session]:
    """The twin's own database."""
    engine = create_engine(f"sqlite:///{folder / 'twin.sqlite3'}", connect_args={"timeout": 20})

    @event.listens_for(engine, "connect")
    def settings(connection: Any, _: object) -> None:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=20000"):
            connection.execute(f"PRAGMA {pragma}")

    Base.metadata.create_all(engine)
    return sessionmaker(engine)


def fill(
    folder: Path, *, firms: int, ids: list[str], institution: str, jwk: dict[str, object], token: str
) -> None:
    """The same firms, records and authorisations as rows."""
    now = datetime.now(UTC).replace(tzinfo=None)
    with sessions(folder)() as session:
        session.add(Institution(id=institution, jwk=json.dumps(jwk), status="active"))
        session.add(
            Token(
                hash=hashlib.sha256(token.encode()).hexdigest(), institution_id=institution,
                expires_at=now + timedelta(days=1),
            )
        )  # fmt: skip
        for firm in range(firms):
            session.add(
                Authorisation(
                    id=ids[firm], institution_id=institution, subject=uscc_of(firm), purpose="loan_application",
                    valid_from=now, valid_to=now + timedelta(days=365), max_queries=1_000_000, uses=0,
                    items=[
                        Granted(item=name, fields=",".join(field.name for field in CATALOGUE.items[name].fields))
                        for name in ITEMS
                    ],
                )
            )  # fmt: skip
            for name in ITEMS:
                for record in records_of(CATALOGUE.items[name], firm):
                    values = {
                        f"f_{key}": ",".join(value) if isinstance(value, list) else value
                        for key, value in record.items()
                    }
                    session.add(
                        RECORDS[name](
                            subject=uscc_of(firm), source="bench", batch="B1", received_at=now, **values
                        )
                    )
        session.commit()


def application(folder: Path, public_url: str, key: SigningKey) -> FastAPI:
    """The web application."""
    app, maker = FastAPI(), sessions(folder)

    @app.post("/api/v1/dossiers/queries", response_model=DossierOut)
    def query(asked: Asked, request: Request, response: Response) -> DossierOut:
        now = datetime.now(UTC)
        with maker() as session:
            holder = session.get(
                Token, hashlib.sha256(request.headers["authorization"][7:].encode()).hexdigest()
            )
            if holder is None or holder.expires_at <= now.replace(tzinfo=None):
                raise PermissionError("token")
            known = VerifyKey.from_jwk(json.loads(holder.institution.jwk))
            message = verify_request(
                "POST", f"{public_url}{request.url.path}", request.headers.items(), request.state.raw,
                lambda kid: known, now,
            )  # fmt: skip
            session.add(Nonce(nonce=message.nonce, expires_at=now.replace(tzinfo=None)))
            query_id = hashlib.sha256(message.nonce.encode()).hexdigest()[:32]
            session.add(Key(key=request.headers["idempotency-key"], query_id=query_id))
            row = session.scalars(
                select(Authorisation).where(Authorisation.id == asked.authorisation_id).with_for_update()
            ).one()
            moment = now.replace(tzinfo=None)
            if (
                row.institution_id != holder.institution_id
                or row.withdrawn_at
                or not row.valid_from <= moment < row.valid_to
                or row.purpose != asked.purpose
                or row.uses >= row.max_queries
            ):
                raise PermissionError("consent")
            row.uses += 1
            items = [_item(session, row.subject, one) for one in row.items]
            last = session.scalars(select(Leaf).order_by(Leaf.id.desc()).limit(1)).first()
            previous = last.hash if last else ""
            for kind in ("PERMIT", "USE"):
                body = json.dumps({"type": kind, "query": query_id, "at": now.isoformat(), "prev": previous})
                previous = hashlib.sha256(body.encode()).hexdigest()
                leaf = Leaf(type=kind, body=body, hash=previous)
                session.add(leaf)
                session.flush()
            session.add(
                Query(
                    id=query_id, authorisation_id=row.id, subject=row.subject, operator=asked.operator["name"],
                    leaf=leaf.id, asked_at=moment,
                )
            )  # fmt: skip
            answer = DossierOut(
                id=query_id, state="released", subject=row.subject, uses_left=row.max_queries - row.uses,
                leaf=leaf.id, leaf_hash=leaf.hash, items=items,
            )  # fmt: skip
            session.commit()
        return answer

    @app.middleware("http")
    async def signed(request: Request, call_next: Any) -> Response:
        request.state.raw = await request.body()
        answer = await call_next(request)
        body = b"".join([part async for part in answer.body_iterator])
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        sign_response(answer.status_code, headers, body, key, datetime.now(UTC), request_signature=None)
        return Response(body, answer.status_code, headers)

    return app


def _item(session: Session, subject: str, granted: Granted) -> ItemOut:
    kind, fields = RECORDS[granted.item], granted.fields.split(",")
    rows = session.scalars(select(kind).where(kind.subject == subject)).all()
    return ItemOut(
        item=granted.item,
        fields=fields,
        records=[
            RecordOut(
                values={name: _plain(getattr(row, f"f_{name}")) for name in fields},
                source=row.source,
                batch=row.batch,
                received_at=row.received_at,
            )
            for row in rows
        ],
    )


def _plain(value: object) -> str | int | bool | None:
    return value if value is None or isinstance(value, str | int) else str(value)


if __name__ == "__main__":
    from granian.constants import Interfaces
    from granian.server.embed import Server

    folder, port, public = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    server = Server(
        application(folder, public, SigningKey.generate()), address="127.0.0.1", port=port, interface=Interfaces.ASGI
    )  # fmt: skip
    import asyncio

    asyncio.run(server.serve())
