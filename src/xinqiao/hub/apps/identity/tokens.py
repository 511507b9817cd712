"""What is kept of tokens, and forgetting what has had its time: nonces, tokens, confirmations nobody went on with.

Nonces and tokens are written where they are judged, in the gateway's own transactions.
"""

import hashlib
from datetime import datetime

from xinqiao.hub.apps.identity.models import AccessToken, SecondFactor, SeenNonce


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def sweep_tokens(*, at: datetime) -> int:
    """Delete what can no longer be presented; returns how many rows went."""
    nonces, _ = SeenNonce.objects.filter(expires_at__lt=at).delete()
    tokens, _ = AccessToken.objects.filter(expires_at__lt=at).delete()
    # A page that could sign something starts one each time it is shown; a used one is evidence and stays.
    factors, _ = SecondFactor.objects.filter(expires_at__lt=at, used_at__isnull=True).delete()
    return nonces + tokens + factors
