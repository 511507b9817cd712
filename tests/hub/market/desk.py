"""The people who make products: two managers and an administrator of the bank, one manager of another."""

from dataclasses import dataclass
from datetime import datetime

from tests.hub.cast import Cast

from xinqiao.domain.canonical import Json
from xinqiao.hub.actors import InstitutionActor, InstitutionRole, SystemActor
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.selectors import institution_actor
from xinqiao.hub.apps.market import services
from xinqiao.hub.apps.market.models import ProductVersion

KEY = "form-0001"


def said(**changed: Json) -> dict[str, Json]:
    """A credit product as its institution would write it."""
    return {
        "name": "云税贷", "kind": "credit", "amount_min": "10000.00", "amount_max": "2000000.00", "months_min": 3,
        "months_max": 24, "rate_min": "0.0385", "rate_max": "0.052", "methods": ["interest_first", "equal_instalments"],
        "sla_days": 3, "regions": ["14"], "industries": ["C", "F51"], "sizes": ["micro", "small"], "zones": ["first_loan"],
        "condition": {"all": [{"field": "firm.age_months", "from": "24"}, {"field": "records.water_fee", "from": "1"}]},
        **changed,
    }  # fmt: skip


@dataclass
class Makers:
    """Who acts, and the way of a product up to each state."""

    cast: Cast
    writer: InstitutionActor
    second: InstitutionActor
    admin: InstitutionActor
    foreign: InstitutionActor

    @property
    def now(self) -> datetime:
        """The present instant."""
        return self.cast.now

    def draft(self, key: str = KEY, **changed: Json) -> ProductVersion:
        """A product nobody but its writer looked at."""
        return services.create_product(actor=self.writer, terms=said(**changed), key=key, at=self.now)

    def submitted(self, row: ProductVersion | None = None, key: str = KEY, **changed: Json) -> ProductVersion:
        """A version in review."""
        row = row or self.draft(key, **changed)
        return services.submit_version(
            actor=self.writer, version_id=row.id, expected_revision=row.revision, at=self.now
        )

    def published(self, row: ProductVersion | None = None, key: str = KEY, **changed: Json) -> ProductVersion:
        """A version on offer."""
        row = self.submitted(row, key, **changed)
        return services.publish_version(
            actor=self.second, version_id=row.id, expected_revision=row.revision, at=self.now
        )


def make_makers(cast: Cast) -> Makers:
    """Give the bank its product people."""

    def member(name: str, institution: str, *roles: InstitutionRole) -> InstitutionActor:
        made = identity.add_member(
            actor=SystemActor("test"), institution_id=institution, username=name, password="long-enough-password",
            display_name=name, department="普惠金融部", roles=frozenset(roles), at=cast.now,
        )  # fmt: skip
        return institution_actor(made)

    bank, manager = cast.bank.institution_id, InstitutionRole.PRODUCT_MANAGER
    return Makers(
        cast, member("maker", bank, manager), member("second", bank, manager),
        member("chief", bank, InstitutionRole.INSTITUTION_ADMIN),
        member("foreign", cast.outsider.institution_id, manager),
    )  # fmt: skip
