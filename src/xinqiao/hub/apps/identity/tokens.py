"""Nonces seen once, and the short-lived tokens of institutions, bound to the key that signs their requests."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection

from xinqiao.domain.errors import Code, Unauthenticated
from xinqiao.hub.apps.identity.models import AccessToken, SeenNonce


def remember_nonce(*, scope: str, nonce: str, expires_at: datetime) -> None:
    """Accept a nonce once, durably, whoever else tries at the same moment.

    Raises:
        Unauthenticated: ``REPLAYED`` at the second sight.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO identity_seennonce (scope, nonce, expires_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
            [scope, nonce, connection.ops.adapt_datetimefield_value(expires_at)],
        )
        fresh = cursor.rowcount == 1
    if not fresh:
        raise Unauthenticated(Code.REPLAYED, "this message was received before")


@dataclass(frozen=True, slots=True)
class TokenHolder:
    """Who a token belongs to and the thumbprint of the key it is bound to."""

    institution_id: str
    jkt: str
    expires_at: datetime


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def issue_token(*, institution_id: str, jkt: str, at: datetime) -> tuple[str, int]:
    """A new token and its lifetime in seconds. Only its hash is kept."""
    token = secrets.token_urlsafe(32)
    lifetime = int(settings.ACCESS_TOKEN_SECONDS)
    AccessToken.objects.create(
        token_hash=token_hash(token),
        institution_id=institution_id,
        jkt=jkt,
        expires_at=at + timedelta(seconds=lifetime),
    )
    return token, lifetime


def token_holder(*, token: str, at: datetime) -> TokenHolder:
    """Look a presented token up.

    Raises:
        Unauthenticated: ``UNAUTHENTICATED`` for an unknown or expired token, or a suspended institution.
    """
    row = AccessToken.objects.filter(
        token_hash=token_hash(token), expires_at__gt=at, institution__status="active"
    ).first()
    if row is None:
        raise Unauthenticated(Code.UNAUTHENTICATED, "the token is not valid")
    return TokenHolder(row.institution_id, row.jkt, row.expires_at)


def sweep_tokens(*, at: datetime) -> int:
    """Delete what can no longer be presented; returns how many rows went."""
    nonces, _ = SeenNonce.objects.filter(expires_at__lt=at).delete()
    tokens, _ = AccessToken.objects.filter(expires_at__lt=at).delete()
    return nonces + tokens
