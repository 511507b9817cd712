"""The handler of sessions: one signed request, and for a few minutes many that only carry a tag."""

from datetime import timedelta

from django.conf import settings
from pydantic import BaseModel

from xinqiao.hub.apps.fundflow.protocol import Refused
from xinqiao.hub.apps.fundflow.sessions import OpenSessionJob
from xinqiao.hub.gateway import schemas
from xinqiao.hub.gateway.http import Reply
from xinqiao.hub.gateway.operations import Call
from xinqiao.trust.jwe import seal
from xinqiao.trust.keys import SealKey
from xinqiao.trust.mac import SESSION_TYPE, session_keys


async def open_session(call: Call) -> BaseModel | Reply:
    """``POST /api/v1/sessions``: the secret goes out once, sealed to the caller's one-time key."""
    body, caller = call.body, call.caller
    assert isinstance(body, schemas.SessionRequest)
    assert caller is not None
    assert caller.key is not None
    to = SealKey.from_jwk(body.one_time_key.model_dump(exclude_none=True))
    seconds = int(settings.ACCESS_TOKEN_SECONDS)
    job = OpenSessionJob(caller.holder_id, caller.key.kid, caller.nonce, timedelta(seconds=seconds))
    opened = await call.gateway.writer.do(job)
    if isinstance(opened, Refused):
        raise call.gateway.recorded(opened)
    return schemas.SessionOpened(
        id=opened.id,
        sealed=seal(opened.secret, to, typ=SESSION_TYPE, facts={"session": opened.id}),
        alg=session_keys(opened.id, caller.key.suite, opened.secret).request.http_alg,
        expires_in=seconds,
        operations=[*call.gateway.tagged],
    )
