"""The journey of records that were wrong: an objection that led to a correction, and a repair that was granted.

Told through the verbs (:class:`~.corrections.Corrections`), here looked at as everybody sees it: the firm's page and its
report, the pages of both sources and of the platform's desk, the signed list for other platforms.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from xinqiao.demo.check_items import Page
from xinqiao.demo.corrections import BILL, CASE, JUDGMENT, WRONG, Corrections
from xinqiao.domain.canonical import Json
from xinqiao.hub.apps.redress.models import Objection, Repair


class Forms(Protocol):
    """A portal as its forms show it."""

    def get(self, path: str) -> str: ...
    def submit(self, page: str, path: str, fields: dict[str, str | list[str]]) -> Page: ...


@dataclass(slots=True)
class RedressJourney:
    """Walks it; raises ``AssertionError`` naming what did not hold. ``visitor`` opens a portal for somebody new."""

    credentials: dict[str, Json]
    visitor: Callable[[], Forms]

    def walk(self) -> dict[str, Json]:
        """See the module."""
        objection = Objection.objects.get(item=BILL)
        repair = Repair.objects.get(item=JUDGMENT)
        firm = self._firm()
        self._firm_sees(firm, objection, repair)
        self._report_follows(firm)
        self._sources_see(objection, repair)
        self._desk_sees(objection, repair)
        return {"objection": objection.number, "repair": repair.number, "left_the_report": True}

    # --- the firm -----------------------------------------------------------------------------------------------------

    def _firm(self) -> Forms:
        portal, firm = self.visitor(), Corrections({**self.credentials}).firm
        person = cast("dict[str, str]", firm["person"])
        answer = portal.submit(
            portal.get("/login"),
            "/login",
            {
                "uscc": str(firm["uscc"]), "enterprise_name": str(firm["name"]), "person_name": person["name"],
                "id_no": person["id_no"], "next": "",
            },
        )  # fmt: skip
        _require(answer.status_code == 200 and str(firm["name"]) in answer.text, "log-in failed")
        return portal

    @staticmethod
    def _firm_sees(portal: Forms, objection: Objection, repair: Repair) -> None:
        listed = portal.get("/e/redress")
        _require(objection.number in listed and repair.number in listed, "the firm's list lacks them")
        _require("数源已更正" in portal.get(f"/e/redress/objections/{objection.id}"), "no correction told")
        _require("决定修复" in portal.get(f"/e/redress/repairs/{repair.id}"), "no decision told")

    @staticmethod
    def _report_follows(portal: Forms) -> None:
        answer = portal.submit(portal.get("/e/credit"), "/e/credit/report", {})
        _require(answer.status_code == 200, f"no report: {answer.status_code}")
        _require(CASE not in answer.text, "the repaired judgment is in the report")
        _require(WRONG not in answer.text, "the bill is not corrected in the report")
        _require("YL000002" in answer.text, "the bill is not in the report")

    # --- the sources and the desk ---------------------------------------------------------------------------------------

    def _staff(self, users: Json, role: str) -> Forms:
        who = next(one for one in cast("list[dict[str, str]]", users) if one["role"] == role)
        portal = self.visitor()
        answer = portal.submit(
            portal.get("/login/staff"),
            "/login/staff",
            {"username": who["username"], "password": who["password"]},
        )
        _require(answer.status_code == 200, f"{role} is not let in: {answer.status_code}")
        return portal

    def _sources_see(self, objection: Objection, repair: Repair) -> None:
        for item, own, foreign in ((BILL, objection, repair), (JUDGMENT, repair, objection)):
            sources = cast("list[dict[str, Json]]", self.credentials["sources"])
            source = next(one for one in sources if item in cast("list[str]", one["items"]))
            listed = self._staff(source["users"], "steward").get("/source/redress")
            _require(own.number in listed, f"{source['code']} does not see {own.number}")
            _require(foreign.number not in listed, f"{source['code']} sees another source's")

    def _desk_sees(self, objection: Objection, repair: Repair) -> None:
        portal = self._staff(self.credentials["operators"], "operator")
        listed = portal.get("/o/redress")
        _require(objection.number in listed and repair.number in listed, "the desk's list lacks them")
        told = json.loads(portal.get("/o/redress/results.json"))["results"]["entries"]
        gone = [one["record"] for one in told if one["reason"] == "repaired"]
        _require(gone == [repair.record_ref], f"the list for other platforms: {gone}")


def _require(condition: object, why: str) -> None:
    if not condition:
        raise AssertionError(why)
