"""Three applications of the demonstration's invented firms at its banks, in three states (演示数据).

Done as the pages do it: the firm sends its need, the bank's customer manager takes it up, asks, grants.
"""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from xinqiao.demo.needs import publish_need
from xinqiao.domain.period import business_day
from xinqiao.hub.runtime import runtime

if TYPE_CHECKING:
    from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
    from xinqiao.hub.apps.cases.models import Case
    from xinqiao.hub.apps.market.models import ProductVersion
    from xinqiao.hub.apps.needs.models import Need


def tell_cases(first: "EnterpriseActor", second: "EnterpriseActor") -> int:
    """One firm at two banks: one waits to be taken up, one asks for things. The other firm: granted. Returns how many."""
    at = runtime.clock.now()
    need = publish_need(first, "demo-need-7", at, amount=120, months=12, purpose="working_capital")
    offers = _offers(at)[:2]
    sent = [_sent(first, need, version, at) for version in offers]
    if len(sent) > 1:
        _ask(sent[1], at)
        _say(first, sent[1], at)
    granted = [
        _sent(
            second, publish_need(second, "demo-need-8", at, amount=60, months=12, purpose="purchase"), one, at
        )
        for one in offers[:1]
    ]
    for row in granted:
        _grant(row, at)
    return len(sent) + len(granted)


def _offers(at: datetime) -> "list[ProductVersion]":
    """One product on offer of each bank, the lowest rate first."""
    from xinqiao.hub.apps.market import selectors

    found: dict[str, ProductVersion] = {}
    for version in selectors.on_offer(selectors.Wanted(amount_fen=60_000_000), business_day(at)):
        found.setdefault(version.product.institution_id, version)
    return list(found.values())


def _sent(firm: "EnterpriseActor", need: "Need", version: "ProductVersion", at: datetime) -> "Case":
    from xinqiao.hub.apps.cases import services

    bank = version.product.institution_id
    return services.dispatch_case(
        actor=firm, need_id=need.id, institution_id=bank, key=bank, product_version=version, at=at
    )


def manager_of(row: "Case") -> "InstitutionActor":
    """The bank's customer manager."""
    from xinqiao.hub.actors import InstitutionRole
    from xinqiao.hub.apps.identity.models import Member
    from xinqiao.hub.apps.identity.selectors import institution_actor

    people = Member.objects.filter(institution_id=row.institution_id, ended_at=None).select_related("user")
    return next(
        institution_actor(one) for one in people if InstitutionRole.CUSTOMER_MANAGER.value in one.roles
    )


def _taken_up(row: "Case", at: datetime) -> "Case":
    from xinqiao.hub.apps.cases import services

    for verb in (services.accept_case, services.investigate_case):
        row = verb(actor=manager_of(row), case_id=row.id, expected_version=row.version, at=at)
    return row


def _ask(row: "Case", at: datetime) -> None:
    from xinqiao.hub.apps.cases import services

    row = _taken_up(row, at)
    asks = [services.Ask("upload", "近三个月的购销合同"), services.Ask("confirm", "实际经营地址没有变化")]
    services.ask_firm(actor=manager_of(row), case_id=row.id, asks=asks, expected_version=row.version, at=at)


def _say(firm: "EnterpriseActor", row: "Case", at: datetime) -> None:
    from xinqiao.hub.apps.cases import services

    services.send_message(
        actor=firm, case_id=row.id, text="合同有三份，可以一起传吗？", key="demo-message-1", at=at
    )


def _grant(row: "Case", at: datetime) -> None:
    from xinqiao.hub.apps.cases import services

    row = _taken_up(row, at)
    services.approve_case(
        actor=manager_of(row), case_id=row.id, amount_fen=50_000_000, rate=Decimal("0.0395"), months=12,
        expected_version=row.version, at=at,
    )  # fmt: skip
