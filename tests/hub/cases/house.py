"""Who takes part in cases, and the way of a case up to each state. Everything goes through the services."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from tests.hub.cast import Cast
from tests.hub.market.desk import Makers, make_makers, said
from tests.hub.needs.stage import Stage

from xinqiao.hub.actors import InstitutionActor, InstitutionRole, SystemActor
from xinqiao.hub.apps.cases import services
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.selectors import institution_actor
from xinqiao.hub.apps.market import services as market
from xinqiao.hub.apps.market.models import ProductVersion
from xinqiao.hub.apps.needs.models import Need

ASKS = (services.Ask("upload", "近三个月的销售合同"), services.Ask("confirm", "主要客户没有变化"))
PDF = b"%PDF-1.4\n1 0 obj\n"


@dataclass
class House:
    """The need, one product of each bank, and who handles cases there."""

    cast: Cast
    stage: Stage
    makers: Makers
    manager: InstitutionActor
    rival: InstitutionActor
    clerk: InstitutionActor
    need: Need
    product: ProductVersion
    other: ProductVersion

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def dispatched(self, product: ProductVersion | None = None, key: str = "case-form-1") -> Case:
        """The firm hands its need to the bank of a product (the first one unless said otherwise)."""
        version = product or self.product
        return services.dispatch_case(
            actor=self.cast.owner, need_id=self.need.id, institution_id=version.product.institution_id, key=key,
            product_version=version, at=self.now,
        )  # fmt: skip

    def _bank(self, row: Case) -> InstitutionActor:
        mine = row.institution_id == self.manager.institution_id
        return self.manager if mine else self.rival

    def accepted(self, row: Case | None = None) -> Case:
        """Taken up."""
        row = row or self.dispatched()
        return services.accept_case(
            actor=self._bank(row), case_id=row.id, expected_version=row.version, at=self.now
        )

    def investigated(self, row: Case | None = None) -> Case:
        """Under due diligence."""
        row = self.accepted(row)
        return services.investigate_case(
            actor=self._bank(row), case_id=row.id, expected_version=row.version, at=self.now
        )

    def asked(self, *asks: services.Ask) -> Case:
        """The firm is asked for things."""
        row = self.investigated()
        return services.ask_firm(
            actor=self.manager, case_id=row.id, asks=asks or ASKS, expected_version=row.version, at=self.now
        )

    def answered(self) -> Case:
        """Everything was answered and not yet handed back."""
        row = self.asked(services.Ask("confirm", "主要客户没有变化"))
        return services.answer_action(
            actor=self.cast.owner, case_id=row.id, action_id=row.actions.get().id, can=True, answer="", files=[],
            expected_version=row.version, at=self.now,
        )  # fmt: skip

    def approved(self, row: Case | None = None) -> Case:
        """Granted: 1.2 million at 3.85 % for twelve months."""
        row = self.investigated(row)
        return services.approve_case(
            actor=self._bank(row), case_id=row.id, amount_fen=120_000_000, rate=Decimal("0.0385"), months=12,
            expected_version=row.version, at=self.now,
        )  # fmt: skip

    def contracted(self) -> Case:
        """Signed."""
        row = self.approved()
        return services.contract_case(
            actor=self.manager, case_id=row.id, expected_version=row.version, at=self.now
        )


def make_house(cast: Cast) -> House:
    """A need in an adviser's hands, and one product on offer at each of two banks."""
    makers = make_makers(cast)
    stage = Stage(cast, makers)

    def member(name: str, bank: str, *roles: InstitutionRole) -> InstitutionActor:
        made = identity.add_member(
            actor=SystemActor("test"), institution_id=bank, username=name, password="long-enough-password",
            display_name=name, department="普惠金融部", roles=frozenset(roles), at=cast.now,
        )  # fmt: skip
        return institution_actor(made)

    bank, elsewhere = cast.bank.institution_id, cast.outsider.institution_id
    chief = member("chief2", elsewhere, InstitutionRole.INSTITUTION_ADMIN)
    return House(
        cast=cast, stage=stage, makers=makers, manager=member("kehu", bank, InstitutionRole.CUSTOMER_MANAGER),
        rival=member("kehu2", elsewhere, InstitutionRole.CUSTOMER_MANAGER),
        clerk=member("jingban", bank, InstitutionRole.QUERY_OPERATOR),
        need=stage.assigned(), product=makers.published(), other=_offer(makers, chief),
    )  # fmt: skip


def _offer(makers: Makers, chief: InstitutionActor) -> ProductVersion:
    row = market.create_product(
        actor=makers.foreign, terms=said(name="海棠贷"), key="form-h001", at=makers.now
    )
    row = market.submit_version(
        actor=makers.foreign, version_id=row.id, expected_revision=row.revision, at=makers.now
    )
    return market.publish_version(
        actor=chief, version_id=row.id, expected_revision=row.revision, at=makers.now
    )
