"""Credit reports of the fake platform: one authorisation of items, and a small signed document."""

from datetime import datetime, timedelta

from tests.client.ids import AUTHORISATION, HUB, INSTITUTION, LOG, USCC

from xinqiao.domain.canonical import Json, digest_hex
from xinqiao.domain.period import format_instant
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import SigningKey

ITEMS = "ita-" + "7" * 32
ASKED = "crq-" + "8" * 32
ARREARS = "98,765.43"


def item_authorisation(now: datetime, uses: int) -> dict[str, Json]:
    """What the bank was granted: arrears called at their source, water bills collected, and reports of them."""
    granted: list[Json] = [
        {"item": "historical_tax_arrears", "fields": ["arrears_amount", "status"]},
        {"item": "water_fee", "fields": ["arrears_amount"]},
    ]
    return {
        "id": ITEMS, "request_no": "IR-1", "authorisation_no": "IU-20261121-0001", "subject_uscc": USCC,
        "subject_name": "金丝雀家具有限公司（演示）", "purpose": "loan_application", "business_ref": "SX-1",
        "state": "active", "items": ["historical_tax_arrears", "water_fee"], "report": True,
        "requested_at": format_instant(now), "request_expires_at": format_instant(now + timedelta(days=15)),
        "max_queries": 6, "uses": uses, "asked_items": granted, "asked_claims": [], "asked_valid_days": 30,
        "asked_max_queries": 6, "granted_items": granted, "granted_claims": [], "partly": False,
        "valid_from": format_instant(now), "valid_to": format_instant(now + timedelta(days=30)),
        "decided_at": format_instant(now), "refusal_reason": None, "withdrawn_at": None, "artefacts": [],
        "allowed_actions": ["query"],
    }  # fmt: skip


def document(now: datetime) -> dict[str, Json]:
    """A report with one line, one item that was not called, and one fund-flow authorisation."""
    section: dict[str, Json] = {
        "item": "water_fee", "item_version": 1, "title": "用水信息", "mode": "local_collected",
        "availability": "shown", "sources": ["演示水务"], "as_of": "2026-10-31",
        "fields": [{"name": "arrears_amount", "label": "欠费金额"}],
        "lines": [{
            "cells": [{"text": ARREARS, "value": "98765.43", "masked": False}], "source": "演示水务", "batch": "B-1",
            "as_of": "2026-10-31", "received_at": format_instant(now), "version": 1, "objected": True,
            "disputed": [], "statements": [],
        }],
        "more": 0,
    }  # fmt: skip
    idle: dict[str, Json] = section | {
        "item": "x_local_item", "title": "某地方事项", "mode": "national_interface_authorised",
        "availability": "not_called", "fields": [], "lines": [], "as_of": None,
    }  # fmt: skip
    held: dict[str, Json] = {
        "authorisation_no": "AU-20261121-0047", "authorisation_id": AUTHORISATION, "accounts": ["6217 **** 3017"],
        "products": ["FLOW_REPORT"], "valid_to": None, "report_no": None, "product_digest": None, "verify_code": None,
        "as_of": None, "mode": "sealed_product",
    }  # fmt: skip
    return {
        "artefact": "credit_report", "v": 3, "number": "CR-20261121-0001", "version": 1, "verify_code": "AAAA-BBBB",
        "iss": HUB, "catalogue": "2024", "subject": {"name": "金丝雀家具有限公司（演示）", "uscc": USCC},
        "reader": "institution", "institution": {"id": INSTITUTION, "name": "远山银行"}, "purpose": "loan_application",
        "operator": "林知远", "authorisations": [ITEMS], "generated_at": format_instant(now),
        "valid_until": format_instant(now + timedelta(days=30)), "coverage": {"shown": 1},
        "chapters": [{"id": "utilities", "title": "水电气费", "sections": [section, idle]}], "verifications": [],
        "calls": [], "fundflow": [held], "statements": [], "own_fundflow": None,
        "self_declared": {
            "availability": "no_record", "version": None, "as_of": None, "verified": False, "mode": "self_declared",
            "fields": [],
        },
        "query_record": {"scope": "own", "since": None, "lines": [], "more": 0, "others": None, "institutions": None},
    }  # fmt: skip


def portrait(now: datetime) -> dict[str, Json]:
    """A portrait with a figure that is known here, one that was not granted, and one of a later platform."""
    nothing: dict[str, Json] = {
        "id": "P01", "version": 1, "key": "insured_count", "theme": "people", "label": "参保人数", "unit": "persons",
        "formula": "", "items": ["medical_insurance_basic"], "value": None, "null_reason": "NOT_AUTHORISED",
        "month": "2026-10", "as_of": None, "year_before": None, "change": None,
        "coverage": {"items_used": 0, "items": 1}, "sources": [], "objected": False, "months": [], "quarters": [],
        "peers": None,
    }  # fmt: skip
    known = nothing | {
        "id": "P09", "key": "utility_arrears", "theme": "utilities", "unit": "yuan", "value": "876.54",
        "null_reason": None, "sources": ["演示水务"], "objected": True,
    }  # fmt: skip
    later = nothing | {"id": "P99", "key": "later", "label": "以后的数", "theme": "utilities"}
    return {
        "artefact": "portrait", "v": 3, "number": "EP-20261121-0001", "version": 1, "verify_code": "CCCC-DDDD",
        "valid_until": format_instant(now + timedelta(days=30)), "iss": HUB, "catalogue": "2024",
        "subject": {"name": "金丝雀家具有限公司（演示）", "uscc": USCC}, "reader": "institution",
        "institution": {"id": INSTITUTION, "name": "远山银行"}, "purpose": "loan_application", "operator": "林知远",
        "authorisations": [ITEMS], "generated_at": format_instant(now), "month": "2026-10", "is_score": False,
        "place": None, "figures": [nothing, known, later], "since": None, "not_stored": ["tax_basic"],
    }  # fmt: skip


def portrait_answer(now: datetime, key: SigningKey, said: dict[str, Json]) -> dict[str, Json]:
    """The answer that hands a portrait out."""
    return answer(now, key, said) | {
        "number": "EP-20261121-0001", "verify_code": "CCCC-DDDD", "report": "",
        "portrait": sign_jws(said, key, ArtefactType.PORTRAIT),
    }  # fmt: skip


def answer(now: datetime, key: SigningKey, said: dict[str, Json]) -> dict[str, Json]:
    """The answer that hands a document out."""
    return {
        "id": ASKED, "number": "CR-20261121-0001", "version": 1, "verify_code": "AAAA-BBBB",
        "digest": digest_hex(said), "report": sign_jws(said, key, ArtefactType.CREDIT_REPORT),
        "use_leaf": {"index": 51, "hash": "00", "log": LOG}, "uses_left": 4, "generated_at": format_instant(now),
        "valid_until": format_instant(now + timedelta(days=30)),
    }  # fmt: skip
