"""A firm's need on its way, as the tests of needs begin."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from tests.hub.cast import Cast
from tests.hub.market.desk import Makers

from xinqiao.domain.canonical import Json
from xinqiao.domain.market.case import NeedEvent
from xinqiao.hub.actors import OperatorActor, OperatorRole
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.needs import rows, services
from xinqiao.hub.apps.needs.models import Need

KEY = "need-form-1"


def asked(**changed: Json) -> dict[str, Json]:
    """A need as a firm's form says it."""
    return {
        "amount": "1500000.00", "months": 12, "purpose": "working_capital", "security": ["credit"], "rate": "0.05",
        "contact": "甲一 138****0000", **changed,
    }  # fmt: skip


def adviser(name: str) -> OperatorActor:
    """One of the platform's advisers."""
    user = User.objects.create_user(name, kind="operator", password="long-enough-password", display_name=name)
    user.roles = [OperatorRole.ADVISER.value]
    user.save(update_fields=["roles"])
    return OperatorActor(user.id, frozenset({OperatorRole.ADVISER}))


@dataclass
class Stage:
    """Who acts, and the way of a need up to each state."""

    cast: Cast
    makers: Makers
    adviser: OperatorActor = field(init=False)
    other: OperatorActor = field(init=False)

    def __post_init__(self) -> None:
        self.adviser, self.other = adviser("guwen1"), adviser("guwen2")

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def draft(self, key: str = KEY, **changed: Json) -> Need:
        """A need that only its firm knows of."""
        return services.draft_need(actor=self.cast.owner, terms=asked(**changed), key=key, at=self.now)

    def submitted(self, need: Need | None = None, **changed: Json) -> Need:
        """A need that was handed in."""
        need = need or self.draft(KEY, **changed)
        return services.submit_need(
            actor=self.cast.owner, need_id=need.id, agreed=True, expected_version=need.version, at=self.now
        )

    def matched(self, need: Need | None = None) -> Need:
        """A need the platform has looked for products for."""
        return self._fired(need or self.submitted(), NeedEvent.MATCH)

    def assigned(self, need: Need | None = None) -> Need:
        """A need that the first adviser follows."""
        need = need or self.matched()
        return self._fired(need, NeedEvent.ASSIGN, adviser_id=self.adviser.user_id, assigned_at=self.now)

    def _fired(self, need: Need, event: NeedEvent, **columns: object) -> Need:
        with transaction.atomic():
            held = rows.locked(self.cast.system, need.id)
            rows.fire(held, self.cast.system, event, rows.Happened(event.value, self.now), **columns)
        return held
