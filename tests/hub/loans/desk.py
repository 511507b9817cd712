"""The people who report loans, and what they say of 远山农机's loan of the acceptance scenario."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.hub.cast import OWNER_USCC, Cast

from xinqiao.domain.loans.said import ContractSaid, read_contract, read_draw, read_event
from xinqiao.domain.period import business_day
from xinqiao.hub.actors import InstitutionActor, InstitutionRole, SystemActor
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.selectors import institution_actor
from xinqiao.hub.apps.loans import services
from xinqiao.hub.apps.loans.models import Drawdown, LoanContract, LoanStep


@dataclass
class Lenders:
    """Two managers and an administrator of the bank, a manager of another, somebody who only queries."""

    cast: Cast
    manager: InstitutionActor
    second: InstitutionActor
    admin: InstitutionActor
    foreign: InstitutionActor
    clerk: InstitutionActor

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    @property
    def today(self) -> date:
        """Its business day."""
        return business_day(self.now)

    def words(self, **changed: str) -> dict[str, str]:
        """The contract as texts."""
        signed = self.today - timedelta(days=100)
        return {
            "contract_no": "借字2026-001号", "uscc": OWNER_USCC, "amount": "1200000.00", "signed_on": signed.isoformat(),
            "annual_rate": "0.0385", "method": "interest_first", "guarantee_fee_rate": "0.005", "guarantor": "松原融资担保",
            "first_loan": "yes", **changed,
        }  # fmt: skip

    def said(self, **changed: str) -> ContractSaid:
        """The contract."""
        return read_contract(self.words(**changed))

    def contract(self, **changed: str) -> LoanContract:
        """A contract nothing was drawn under."""
        return services.report_contract(actor=self.manager, said=self.said(**changed), at=self.now)

    def draw(self, row: LoanContract, key: str = "D-1", **changed: str) -> Drawdown:
        """A drawdown of all of it for a year, a hundred days ago."""
        words = {
            "key": key, "amount": "1200000.00", "drawn_on": row.signed_on.isoformat(), "months": "12", **changed
        }  # fmt: skip
        return services.report_drawdown(
            actor=self.manager, contract_id=row.id, said=read_draw(words), at=self.now
        )

    def event(self, row: LoanContract, event: str, *, who: InstitutionActor | None = None, revision: int | None = None, key: str = "",
              **words: str) -> LoanStep:  # fmt: skip
        """Report one thing of today, or of the day ``on``."""
        given: dict[str, Any] = {
            "key": key or f"{event}-1",
            "event": event,
            "on": self.today.isoformat(),
            **words,
        }
        return services.report_event(
            actor=who or self.manager, contract_id=row.id, said=read_event(given), at=self.now, expected_revision=revision,
        )  # fmt: skip

    def in_state(self, state: str, number: str = "借字2026-001号") -> LoanContract:
        """A contract in a state."""
        row = self.contract(contract_no=number)
        if state != "signed":
            self.draw(row)
        steps: dict[str, list[tuple[str, dict[str, str]]]] = {
            "extended": [("extend", {"months": "3", "on": row.signed_on.isoformat()})],
            "overdue": [("fall_overdue", {})],
            "settled": [("settle", {"amount": "1200000.00"})],
            "written_off": [("fall_overdue", {}), ("write_off", {"amount": "800000.00"})],
        }
        for event, words in steps.get(state, []):
            self.event(row, event, key=f"to-{event}", **words)
        row.refresh_from_db()
        assert row.state == state
        return row


def make_lenders(cast: Cast) -> Lenders:
    """Give the bank its loan people."""

    def member(name: str, institution: str, *roles: InstitutionRole) -> InstitutionActor:
        made = identity.add_member(
            actor=SystemActor("test"), institution_id=institution, username=name, password="long-enough-password",
            display_name=name, department="普惠金融部", roles=frozenset(roles), at=cast.now,
        )  # fmt: skip
        return institution_actor(made)

    bank, manager = cast.bank.institution_id, InstitutionRole.CUSTOMER_MANAGER
    return Lenders(
        cast, member("lender", bank, manager), member("lender2", bank, manager),
        member("lendchief", bank, InstitutionRole.INSTITUTION_ADMIN),
        member("lendother", cast.outsider.institution_id, manager),
        member("lendclerk", bank, InstitutionRole.QUERY_OPERATOR),
    )  # fmt: skip
