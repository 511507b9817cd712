"""The handler of dossiers: what was collected, to whom the firm authorised. Nothing is sealed, because the platform holds
what it gives; the answer is signed, and so is the statement about the dossier in it.
"""

from functools import lru_cache

from pydantic import BaseModel

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Unavailable
from xinqiao.domain.period import format_instant
from xinqiao.hub.apps.dossiers.jobs import DossierJob, DossierReleased, DossierRequest, Wanted
from xinqiao.hub.apps.dossiers.product import Shelf, answer
from xinqiao.hub.apps.fundflow.idempotency import Idempotency
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.services import refusal
from xinqiao.hub.gateway import schemas_items
from xinqiao.hub.gateway.handlers_query import leaf_json, refused_query
from xinqiao.hub.gateway.http import Incoming, Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.hub.gateway.problems import PROBLEM
from xinqiao.hub.ids import Prefix, new_id

#: The lake may change while a dossier is made, and is then made anew; more often than this nobody waits for it.
_TRIES = 4


#: A transaction's answers carry one instant, and a dossier is asked for again.
_text = lru_cache(maxsize=1024)(format_instant)


async def query_dossier(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/dossiers/queries``: decided, recorded and released in one transaction."""
    ask = _ask(call)
    job = DossierJob(ask, shelf=call.gateway.shelves.where(ask.authorisation_id, ask.items))
    for _ in range(_TRIES):
        result = await call.gateway.writer.do(job)
        match result:
            case DossierReleased():
                return _released(call, result)
            case Refused():
                return _refused(call, result)
            case Repeated(status, stored):
                return Reply(status, stored.encode(), PROBLEM)
            case Wanted():
                job = await _made(call, ask, result)
    raise Unavailable(Code.AUDIT_UNAVAILABLE, "the dossier changes too fast", facts={"retry_after": 1})


async def _made(call: Call, ask: DossierRequest, wanted: Wanted) -> DossierJob:
    gateway = call.gateway
    gateway.shelves.remember(ask.authorisation_id, ask.items, wanted.subject, wanted.spec)
    await gateway.sync_point("before_making", ask.query_id)
    found = await gateway.in_thread(
        lambda: gateway.shelves.make(wanted.subject, wanted.spec, clock=gateway.clock)
    )
    return DossierJob(ask, shelf=found) if isinstance(found, Shelf) else DossierJob(ask, made=found)


def _ask(call: Call) -> DossierRequest:
    body = call.body
    assert isinstance(body, schemas_items.DossierQuery)
    assert call.caller is not None
    assert call.idempotency_key is not None

    def render(refused: Refused) -> tuple[int, str]:
        reply = refused_query(call, refused)
        return reply.status, reply.body.decode()

    session = call.caller.session
    return DossierRequest(
        query_id=new_id(Prefix.ITEM_QUERY),
        institution_id=call.institution_id,
        authorisation_id=body.authorisation_id,
        items=frozenset(body.items),
        purpose=body.purpose,
        operator_name=body.operator.name,
        department=body.operator.department,
        # no node needs a statement of its own: the message is signed, and this is its body
        request_digest=call.fingerprint,
        idempotency=Idempotency(
            call.institution_id,
            call.operation.id,
            call.idempotency_key,
            call.fingerprint,
            render,
            nonce=call.caller.message.nonce if session is not None else "",
        ),
        nonce=call.caller.nonce,
        session=session.id if session is not None else None,
    )


def _released(call: Call, released: DossierReleased) -> Reply:
    product = released.product
    head: dict[str, Json] = {
        "id": released.query_id,
        "state": "released",
        "statement": product.statement,
        "digest": product.digest,
        "made_at": _text(product.made_at),
        "use_leaf": leaf_json(released.leaf.index, released.leaf.hash),
        "uses_left": released.uses_left,
        "released_at": _text(released.leaf.at),
    }
    zstd = takes_zstd(call.request)
    coded = (("Content-Encoding", "zstd"),) if zstd else ()
    return Reply(200, answer(head, product, zstd=zstd), headers=(*coded, ("Vary", "Accept-Encoding")))


def takes_zstd(request: Incoming) -> bool:
    """Whether the caller takes zstd (RFC 9110, 12.5.3): named, and not with a weight of nothing."""
    wanted = request.header("accept-encoding")
    for part in (wanted or "").lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "zstd":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def _refused(call: Call, refused: Refused) -> Reply:
    if refused.body is not None:
        return Reply(refusal(refused).status, refused.body.encode(), PROBLEM)
    return refused_query(call, refused)
