"""Financing needs of the demonstration's invented firms, in several states, with two advisers at work (演示数据).

Done as the pages do it, after the firms have logged in; everything said here is made up.
"""

from datetime import datetime
from typing import TYPE_CHECKING

from xinqiao.domain.canonical import Json
from xinqiao.hub.runtime import runtime

if TYPE_CHECKING:
    from xinqiao.hub.actors import EnterpriseActor, OperatorActor
    from xinqiao.hub.apps.needs.models import Need

_CONTACT = "138****0000（演示）"


def _need(amount: int, months: int, purpose: str, **more: Json) -> dict[str, Json]:
    """What a form says; the amount in 万元."""
    return {
        "amount": f"{amount * 10_000}.00", "months": months, "purpose": purpose, "security": ["credit"],
        "contact": _CONTACT, **more,
    }  # fmt: skip


def tell_needs(first: "EnterpriseActor", second: "EnterpriseActor") -> int:
    """The first firm: one need with an adviser and a proposal, and a draft. The second: one sent back, one financed, one
    taken back. Returns how many.
    """
    from xinqiao.hub.apps.needs import services

    at = runtime.clock.now()
    followed = _published(
        first, "demo-need-1", at, **_need(150, 12, "working_capital", rate="0.05", note="旺季备货。")
    )
    _advised(followed, at)
    services.draft_need(
        actor=first, terms={"amount": "300000.00", "purpose": "equipment"}, key="demo-need-2", at=at
    )
    back = _published(second, "demo-need-3", at, **_need(80, 24, "renewal"))
    if back.adviser_id is not None:
        services.return_need(
            actor=_adviser(back),
            need_id=back.id,
            reason="请写明原贷款的到期日。",
            expected_version=back.version,
            at=at,
        )
    done = _published(
        second, "demo-need-4", at, **_need(30, 6, "purchase", security=["credit", "receivable"])
    )
    if done.adviser_id is not None:
        services.close_need(
            actor=_adviser(done),
            need_id=done.id,
            code="financed",
            text="",
            expected_version=done.version,
            at=at,
        )
    gone = _published(second, "demo-need-5", at, **_need(50, 12, "other"))
    services.cancel_need(
        actor=second, need_id=gone.id, expected_version=gone.version, reason="改用自有资金。", at=at
    )
    return 5


def publish_need(
    firm: "EnterpriseActor", key: str, at: datetime, *, amount: int, months: int, purpose: str
) -> "Need":
    """A need that was handed in and matched; the amount in 万元."""
    return _published(firm, key, at, **_need(amount, months, purpose))


def _published(firm: "EnterpriseActor", key: str, at: datetime, **terms: Json) -> "Need":
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.needs import matching, services

    need = services.draft_need(actor=firm, terms=terms, key=key, at=at)
    need = services.submit_need(
        actor=firm, need_id=need.id, agreed=True, expected_version=need.version, at=at
    )
    return matching.match_need(actor=SystemActor("demo"), need_id=need.id, at=at)


def _adviser(need: "Need") -> "OperatorActor":
    from xinqiao.hub.actors import OperatorActor, OperatorRole

    return OperatorActor(str(need.adviser_id), frozenset({OperatorRole.ADVISER}))


def _advised(need: "Need", at: datetime) -> None:
    """The adviser calls, and proposes what stands first."""
    from xinqiao.hub.apps.needs import advising, recipients, selectors

    run = selectors.newest_run(need)
    if need.adviser_id is None or run is None:
        return
    actor = _adviser(need)
    advising.log_contact(
        actor=actor, need_id=need.id, channel="phone", text="确认了金额、期限和用途，材料齐全。", key="demo-contact-1",
        at=at,
    )  # fmt: skip
    best = next(iter(selectors.placed(run)), None)
    if best is not None:
        need.refresh_from_db()
        recipients.propose_recipient(
            actor=actor, need_id=need.id, product_id=best.pair.product_version.product_id,
            reason="金额和期限都合适，利率较低。", expected_version=need.version, at=at,
        )  # fmt: skip
