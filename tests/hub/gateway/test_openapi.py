"""The document says what the router does, neither more nor less, and the answers are what it says."""

import json
import re
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hub.gateway.conftest import World

from xinqiao.domain.errors import Code
from xinqiao.hub.gateway.openapi import document
from xinqiao.hub.gateway.operations import STATUS, Router, Security
from xinqiao.hub.gateway.reference import page
from xinqiao.hub.gateway.table import TABLE

DOCUMENT = json.loads(document(TABLE, server="http://localhost:8000"))


def test_router_and_document_hold_the_same_operations() -> None:
    described = {
        (method.upper(), path, operation["operationId"])
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    routed = set()
    router = Router(TABLE)
    for operation in TABLE:
        found = router.find(re.sub(r"{\w+}", "x", operation.path))
        assert found is not None
        routed.add((operation.method, operation.path, found[0][operation.method].id))
    assert described == routed
    assert len({identity for _, _, identity in described}) == len(TABLE)


def test_every_code_has_its_status_and_every_operation_its_codes() -> None:
    for operation in TABLE:
        responses = DOCUMENT["paths"][operation.path][operation.method.lower()]["responses"]
        for code in operation.all_codes:
            schema = responses[str(STATUS[code])]["content"]["application/problem+json"]["schema"]
            assert str(code) in schema["allOf"][1]["properties"]["code"]["enum"]


def test_the_security_of_every_operation_is_stated() -> None:
    for operation in TABLE:
        stated = DOCUMENT["paths"][operation.path][operation.method.lower()]["security"]
        expected = {
            Security.NONE: [],
            Security.ASSERTION: [{"clientAssertion": []}],
            Security.TOKEN: [{"boundToken": []}, *([{"sessionTag": []}] if operation.tagged else [])],
        }
        assert stated == expected[operation.security]


def test_a_token_is_refused_by_the_codes_the_document_names_and_no_others() -> None:
    """Each of them is shown by a case of the abuse tests; who sends an assertion is not yet known by a token."""
    answers = DOCUMENT["paths"]["/oauth/token"]["post"]["responses"]["401"]["description"]
    assert answers.split(", ") == [
        "AUDIENCE_MISMATCH", "CLOCK_SKEW", "REPLAYED", "SIGNATURE_INVALID", "TOKEN_EXPIRED",
    ]  # fmt: skip


def test_bodies_refuse_members_they_do_not_name() -> None:
    for operation in TABLE:
        if operation.body is not None:
            schema = DOCUMENT["components"]["schemas"][operation.body.__name__]
            assert schema["additionalProperties"] is False, operation.id


def test_the_document_is_served_as_it_is(world: World) -> None:
    answer = world.bank.raw("GET", "/openapi.json", {}, b"")
    assert answer.json()["paths"].keys() == DOCUMENT["paths"].keys()


schema = schemathesis.openapi.from_dict(DOCUMENT)
CASES = [operation.ok() for operation in schema.get_all_operations()]


@pytest.mark.parametrize("operation", CASES, ids=lambda one: one.label)
def test_generated_requests_get_a_documented_answer(world: World, operation) -> None:  # type: ignore[no-untyped-def]
    """Valid and invalid requests from the document, signed: never a 500, always a status and shape it names."""
    responses = operation.definition.raw["responses"]

    @settings(
        max_examples=15,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        mode = data.draw(st.sampled_from(list(schemathesis.GenerationMode)))
        case = data.draw(operation.as_strategy(generation_mode=mode))
        target = case.formatted_path
        query = case.as_transport_kwargs(base_url="http://localhost:8000").get("params")
        if query:
            from urllib.parse import urlencode

            target += "?" + urlencode(query, doseq=True)
        body = case.body
        content = b"" if not isinstance(body, dict | list | str | int | bool) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if content else {}
        if operation.definition.raw["security"] == [{"boundToken": []}]:
            key = None
            if any(
                one["name"] == "Idempotency-Key" for one in operation.definition.raw.get("parameters", [])
            ):
                key = "fuzz-" + "".join(
                    data.draw(st.lists(st.sampled_from("abcdef0123456789"), min_size=8, max_size=16))
                )
            headers = world.bank.signed(operation.method.upper(), target, content, idempotency_key=key)
        answer = world.bank.raw(operation.method.upper(), target, headers, content)
        assert answer.status_code != 500
        if answer.status_code in (404, 405) or (
            answer.status_code == 400 and answer.json()["code"] == "AMBIGUOUS_INPUT"
        ):
            return  # another path than the template: not this operation's answer
        assert str(answer.status_code) in responses, (answer.status_code, answer.text)
        if answer.status_code >= 400:
            stated = responses[str(answer.status_code)]["content"]["application/problem+json"]["schema"]
            assert answer.json()["code"] in stated["allOf"][1]["properties"]["code"]["enum"]
            assert Code(answer.json()["code"])

    run()


def test_the_reference_page_is_the_table() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    assert text == page()
