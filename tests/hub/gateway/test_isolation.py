"""Abuse cases B1, B2 and B4: foreign objects, members that do not belong, and paths with two meanings."""

import json
import random

import pytest
from tests.hub.cast import STRANGER_USCC
from tests.hub.gateway.conftest import World
from tests.hub.gateway.desk import QUERIES

from xinqiao.domain.errors import Malformed
from xinqiao.hub.apps.consents.models import Authorisation
from xinqiao.hub.gateway.operations import Security
from xinqiao.hub.gateway.paths import canonical_path
from xinqiao.hub.gateway.table import TABLE
from xinqiao.hub.ids import Prefix, new_id


def _without_trace(content: bytes) -> dict[str, object]:
    found = json.loads(content)
    found.pop("trace_id")
    return found


def test_b1_a_foreign_object_answers_byte_for_byte_like_an_absent_one(world: World) -> None:
    released = world.bank.query(world.granted, world.account).json()
    for base, foreign, prefix in (
        ("/api/v1/authorisations/", world.granted.id, Prefix.AUTHORISATION),
        (f"{QUERIES}/", released["id"], Prefix.QUERY),
    ):
        before = len(world.leaves("DENY"))
        theirs, absent = (world.outsider.get(base + one) for one in (foreign, new_id(prefix)))
        assert theirs.status_code == absent.status_code == 404
        assert _without_trace(theirs.content) == _without_trace(absent.content)
        assert len(theirs.content) == len(absent.content)
        names = {name for name in theirs.headers if not name.startswith(("signature", "content-digest"))}
        assert {name: theirs.headers[name] for name in names} == {
            name: absent.headers[name] for name in names
        }
        # both are recorded: a write for one of them only would tell them apart by its time
        assert len(world.leaves("DENY")) == before + 2


def test_b1_lists_and_cursors_never_leave_the_tenant(world: World) -> None:
    released = world.bank.query(world.granted, world.account).json()
    for target in (
        QUERIES,
        f"{QUERIES}?cursor={released['id']}",
        f"{QUERIES}?authorisation_id={world.granted.id}",
        "/api/v1/authorisations",
        f"/api/v1/authorisations?cursor={world.granted.id}",
        f"/api/v1/authorisations?subject_uscc={world.granted.enterprise.uscc}",
    ):
        answer = world.outsider.get(target)
        assert (answer.status_code, answer.json()) == (200, {"items": [], "next_cursor": None})


def test_b1_the_accounts_of_another_firm_cannot_be_asked_for_nor_probed(world: World) -> None:
    foreign = world.cast.bound("6222000077778888", world.cast.stranger)
    answers = [world.bank.query(world.granted, one) for one in (foreign, new_id(Prefix.ACCOUNT))]
    shapes = []
    for answer in answers:
        found = answer.json()
        assert (answer.status_code, found["code"]) == (403, "SCOPE_EXCEEDED")
        shapes.append({name: type(value) for name, value in found.items()} | {"n": found["nearest"]})
    assert shapes[0] == shapes[1]
    assert {leaf.ids["subject"] for leaf in world.leaves("DENY")} == {world.cast.owner.enterprise_id}


REQUEST = {
    "subject_uscc": STRANGER_USCC,
    "purpose": "post_loan",
    "business_ref": "SQ-0100",
    "operator": {"name": "丁一", "department": "公司业务部"},
    "authorization_details": [
        {
            "type": "fundflow_query_v1",
            "datatypes": ["FLOW_REPORT"],
            "data_range": {"months": 12},
            "valid": {"days": 30},
            "frequency": {"max": 3},
            "include_balance": False,
        }
    ],
}


@pytest.mark.parametrize(
    ("member", "code"),
    [
        ("id", "READ_ONLY_FIELD"),
        ("state", "READ_ONLY_FIELD"),
        ("request_no", "READ_ONLY_FIELD"),
        ("tenant", "UNKNOWN_FIELD"),
        ("is_staff", "UNKNOWN_FIELD"),
        ("institution_id", "UNKNOWN_FIELD"),
        ("enterprise__uscc", "UNKNOWN_FIELD"),
        ("_connector", "UNKNOWN_FIELD"),
        ("uses", "UNKNOWN_FIELD"),
        ("created_at", "UNKNOWN_FIELD"),
    ],
)
def test_b2_a_member_that_does_not_belong_is_refused_by_name(world: World, member: str, code: str) -> None:
    before = Authorisation.objects.count()
    answer = world.bank.post("/api/v1/authorisation-requests", REQUEST | {member: "x"}, key="mass-assign-1")
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["facts"]["field"] == member
    assert Authorisation.objects.count() == before


@pytest.mark.parametrize("name", ["_connector", "_negated", "enterprise__uscc", "institution_id", "order_by"])
def test_b2_filter_names_are_an_allow_list(world: World, name: str) -> None:
    answer = world.bank.get(f"/api/v1/authorisations?{name}=OR")
    assert (answer.status_code, answer.json()["code"]) == (422, "UNKNOWN_FIELD")


AMBIGUOUS = [
    "/api/v1/%2e%2e/v1/authorisations",
    "/api/v1/..%2fauthorisations",
    "/api/v1/../v1/authorisations",
    "/api/v1/./authorisations",
    "/api/v1//authorisations",
    "/api/v1/%61uthorisations",
    "/api/v1/authorisations%2F{id}",
    "/api/v1/authorisations%252f{id}",
    "/api/v1/authorisations;x=1",
    "/api/v1/authorisations\\{id}",
    "/api/v1/authorisations.",
    "/api/v1/authorisations/{id}.",
    "/api/v1/authorisations%00",
    "/api/v1/authorisations/%c0%ae",
    "/api/v1/authorisations/%",
]


@pytest.mark.parametrize("path", AMBIGUOUS)
def test_b4_a_path_with_a_second_meaning_is_refused_before_it_is_routed(world: World, path: str) -> None:
    target = path.replace("{id}", world.granted.id)
    # even correctly signed for this very spelling, and even when the other meaning would be allowed
    answer = world.bank.raw("GET", target, world.bank.signed("GET", target), b"")
    assert (answer.status_code, answer.json()["code"]) == (400, "AMBIGUOUS_INPUT")


@pytest.mark.parametrize(
    "path",
    ["/API/V1/AUTHORISATIONS", "/api/v1/authorisations/", "/api/v2/authorisations", "/api/v1/Authorisations"],
)
def test_b4_another_spelling_is_another_address(world: World, path: str) -> None:
    answer = world.bank.raw("GET", path, world.bank.signed("GET", path), b"")
    assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")


def test_b4_twenty_thousand_mutated_paths_never_reach_an_operation_by_another_spelling(world: World) -> None:
    rng = random.Random(20261121)
    router = world.gateway.router
    good = [operation.path.replace("{id}", "aut-1").replace("{uscc}", "X") for operation in TABLE]
    pieces = [
        "%2e",
        "%2f",
        "%252f",
        "..",
        ".",
        "//",
        ";",
        "\\",
        "%00",
        "%c0%af",
        "／",
        "%5c",
        "/",
        "a",
        "%41",
        "~",
        "?",
    ]
    for _ in range(20_000):
        path = rng.choice(good)
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(path) + 1)
            path = path[:place] + rng.choice(pieces) + path[place + rng.randint(0, 2) :]
        raw = path.encode()
        try:
            read = canonical_path(raw)
        except Malformed:
            continue
        if router.find(read) is not None and b"%" in raw:
            # percent-encoding survives only for non-ASCII characters, which no operation has outside its parameter
            assert not read.isascii()
        if read.isascii():
            assert read.encode() == raw, "an ASCII path has one spelling"


def test_b4_duplicates_are_refused_as_ambiguous(world: World) -> None:
    desk = world.bank
    target = "/api/v1/authorisations?limit=1&limit=2"
    assert desk.get(target).json()["code"] == "AMBIGUOUS_INPUT"
    sent = desk.prepare(world.granted, world.account)
    content = json.dumps(sent.body).replace('"months"', '"months": 99, "months"', 1).encode()
    headers = desk.signed("POST", QUERIES, content, idempotency_key=sent.idempotency_key)
    answer = desk.raw("POST", QUERIES, headers, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "AMBIGUOUS_INPUT")
    content = json.dumps(sent.body).encode()
    headers = desk.signed("POST", QUERIES, content, idempotency_key=sent.idempotency_key)
    for name in ("authorization", "idempotency-key", "signature", "content-digest"):
        pairs = [*headers.items(), (name, "x")]
        answer = desk.raw("POST", QUERIES, pairs, content)
        assert answer.status_code in (400, 401)
        assert answer.json()["code"] in ("AMBIGUOUS_INPUT", "SIGNATURE_INVALID")
    both = [*headers.items(), ("Content-Length", str(len(content))), ("Transfer-Encoding", "chunked")]
    assert desk.raw("POST", QUERIES, both, content).json()["code"] == "AMBIGUOUS_INPUT"
    assert world.node.permits == []


def test_b4_a_method_override_is_not_heard(world: World) -> None:
    target = f"/api/v1/authorisations/{world.granted.id}"
    headers = world.bank.signed("GET", target) | {"X-HTTP-Method-Override": "DELETE"}
    assert world.bank.raw("GET", target, headers, b"").status_code == 200
    answer = world.bank.raw("DELETE", target, world.bank.signed("DELETE", target), b"")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


def test_b5_forwarding_headers_are_ignored(world: World) -> None:
    headers = {"Content-Type": "application/json", "X-Forwarded-For": "198.51.100.1", "X-Client-Cert": "bank"}
    body = json.dumps({"verify_code": "AAAA-BBBB-CCCC"}).encode()
    codes = []
    for number in range(31):
        spoofed = headers | {"X-Forwarded-For": f"198.51.100.{number}"}
        codes.append(world.bank.raw("POST", "/api/v1/products/verify", spoofed, body).status_code)
    # the limit counts the socket's address, however often the header changes
    assert codes[-1] == 429


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 400),
        (b"\xef\xbb\xbf{}", 400),
        (b"\xff\xfe{}", 400),
        (b'{"verify_code": "\xed\xa0\x80"}', 400),
        (b'{"verify_code": "\\ud800aaaaaaa"}', 400),
        (b'{"verify_code": "AAAA\\u0000BBBB"}', 400),
        (b'{"verify_code": NaN}', 400),
        (b'{"verify_code": 1.5}', 400),
        (b'{"verify_code": ' + b"9" * 100_000 + b"}", 400),
        (b"[" * 10_000 + b"]" * 10_000, 400),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"verify_code": 12345678}', 422),
        (b"{" + b",".join(b'"k%d":1' % n for n in range(20_000)) + b"}", 422),
        (b" " * (256 * 1024 + 1), 413),
    ],
    ids=lambda value: repr(value)[:24] if isinstance(value, bytes) else str(value),
)
def test_b10_hostile_bodies_are_refused_without_a_fault(world: World, content: bytes, status: int) -> None:
    headers = {"Content-Type": "application/json"}
    assert world.bank.raw("POST", "/api/v1/products/verify", headers, content).status_code == status


def test_every_operation_is_closed_to_strangers_and_to_the_wrong_token(world: World) -> None:
    for operation in TABLE:
        if operation.security is not Security.TOKEN:
            continue
        target = operation.path.replace("{id}", world.granted.id).replace("{uscc}", STRANGER_USCC)
        for headers in ({}, {"Authorization": "Bearer " + "x" * 43}, {"Authorization": "Basic eDp5"}):
            answer = world.bank.raw(operation.method, target, headers, b"")
            assert answer.status_code == 401, operation.id
