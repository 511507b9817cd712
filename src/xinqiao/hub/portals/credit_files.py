"""A credit report as a file to take away. Made from memory, sent once, kept nowhere."""

import json

from django.http import HttpResponse

from xinqiao.hub.apps.reports.services import Issued
from xinqiao.hub.portals.files import attachment
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, sign_jws


def credit_json(issued: Issued) -> HttpResponse:
    """The document in clear beside the platform's signature over the same, and where its leaf is."""
    bundle = {
        "report": issued.document,
        "signed": sign_jws(issued.document, runtime.hub_key, ArtefactType.CREDIT_REPORT),
        "digest": issued.digest,
        "leaf": {"index": issued.leaf_index, "hash": issued.leaf_hash},
    }
    content = json.dumps(bundle, ensure_ascii=False, indent=1)
    return attachment(content, "application/json", f"{issued.head.number}.json")
