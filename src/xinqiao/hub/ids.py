"""Opaque identifiers of the hub's objects: ``<prefix>-<32 hex>`` from 128 random bits.

Random and long, so that trying identifiers finds nothing (reliability case B1). Human numbers such as
``AR-20261121-0007`` are for display only and open nothing.
"""

import secrets
from enum import StrEnum


class Prefix(StrEnum):
    """What kind of object an identifier names."""

    ENTERPRISE = "ent"
    INSTITUTION = "ins"
    NODE = "nod"
    ACCOUNT = "acc"
    ENTRUSTMENT = "etr"
    AUTHORISATION = "aut"
    ARTEFACT = "art"
    QUERY = "qry"
    USER = "usr"
    PERSON = "per"
    FACTOR = "fac"
    PASSKEY = "pky"
    EVENT = "evt"
    NOTICE = "ntc"
    INVITATION = "inv"
    SOURCE = "src"
    BATCH = "bat"
    UPLOAD = "upl"
    CREDIT_REPORT = "crp"
    ITEM_AUTHORISATION = "ita"
    ITEM_QUERY = "itq"
    OBJECTION = "obj"
    REPAIR = "rep"
    EVIDENCE = "evd"
    SUPPRESSION = "sup"
    TICKET = "tkt"
    QUALITY_REPORT = "qrp"


ID_LENGTH = 40


def new_id(prefix: Prefix) -> str:
    """A new identifier with 128 random bits."""
    return f"{prefix}-{secrets.token_hex(16)}"
