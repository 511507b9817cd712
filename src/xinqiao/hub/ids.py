"""Opaque identifiers of the hub's objects: ``<prefix>-<32 hex>`` from 128 random bits.

Random and long, so that trying identifiers finds nothing (reliability case B1). Human numbers such as
``AR-20261121-0007`` are for display only and open nothing.
"""

import os
import threading
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
    REPORT_QUERY = "crq"
    ITEM_AUTHORISATION = "ita"
    ITEM_QUERY = "itq"
    OBJECTION = "obj"
    REPAIR = "rep"
    EVIDENCE = "evd"
    SUPPRESSION = "sup"
    TICKET = "tkt"
    QUALITY_REPORT = "qrp"
    DECLARATION = "dcl"
    DESK = "dsk"
    REPAIR_IMPORT = "rim"
    SESSION = "ses"
    PRODUCT = "prd"
    PRODUCT_VERSION = "pvr"
    NEED = "ned"
    MATCH_RUN = "mrn"
    CASE = "cas"
    CASE_ACTION = "cac"
    CASE_FILE = "cfl"
    CASE_MESSAGE = "cms"
    COMPLAINT = "cpl"
    LOAN = "lon"
    LOAN_FILE = "lfl"
    GUARANTEE = "gua"
    DISPUTE = "dsp"
    GUARANTEE_AGREEMENT = "gag"
    GUARANTEE_CLAIM = "gcl"
    POLICY = "pol"
    POLICY_VERSION = "plv"
    POLICY_CLAIM = "plc"
    POLICY_HIT = "plh"


ID_LENGTH = 40

_DRAWN = 4096
_pool = threading.local()


def token_hex() -> str:
    """128 random bits as hex, from a pool of this thread that the system's generator fills: to ask it each time is a call
    that hands the interpreter's lock away. A forked child draws its own.
    """
    drawn: bytearray | None = getattr(_pool, "drawn", None)
    if not drawn or _pool.process != os.getpid():
        drawn = _pool.drawn = bytearray(os.urandom(_DRAWN))
        _pool.process = os.getpid()
    found = drawn[-16:].hex()
    del drawn[-16:]
    return found


def new_id(prefix: Prefix) -> str:
    """A new identifier with 128 random bits."""
    return f"{prefix}-{token_hex()}"
