"""What is kept of tokens, and forgetting confirmations nobody went on with.

Nonces and tokens are written, judged and forgotten in the gateway's own transactions.
"""

import hashlib
from datetime import datetime

from xinqiao.hub.apps.identity.models import SecondFactor


def token_hash(token: str) -> str:
    """What is stored of a token. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def sweep_confirmations(*, at: datetime) -> int:
    """Delete second factors that can no longer be used; returns how many.

    A page that could sign something starts one each time it is shown; a used one is evidence and stays.
    """
    return SecondFactor.objects.filter(expires_at__lt=at, used_at__isnull=True).delete()[0]
