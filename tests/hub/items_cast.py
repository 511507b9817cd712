"""The cast's verbs about items: a department is registered, the bank asks, the owner decides as the page does."""

from dataclasses import dataclass, field

from tests.hub.cast import OWNER_ID, OWNER_USCC, Cast

from xinqiao.domain.consent import Purpose
from xinqiao.domain.items import ClaimGrant, ItemGrant, ItemScope
from xinqiao.hub.actors import EnterpriseActor, InstitutionActor
from xinqiao.hub.apps.consents.summary import Act
from xinqiao.hub.apps.items import authorisations, requests
from xinqiao.hub.apps.items.models import ItemAuthorisation
from xinqiao.hub.apps.items.scopes import StatedClaim, asked_scope
from xinqiao.hub.apps.items.summary import what_you_authorise, what_you_end
from xinqiao.ui.i18n import Language

ARREARS, SHAREHOLDERS = "historical_tax_arrears", "shareholder_contribution"
HOUSE, MARRIAGE = "real_estate_registration", "legal_rep_marital_status"
SALT = "7b" * 32
TAX = ItemGrant(ARREARS, frozenset({"uscc", "arrears_amount", "status"}))
POWER = ItemGrant("electricity_fee", frozenset({"uscc", "period", "billed_amount"}))
CERTIFICATE = "演示（2026）不动产权第0000077号"


def house(certificate: str = CERTIFICATE, owner: str = "甲一", number: str = OWNER_ID) -> dict[str, str]:
    return {"owner_name": owner, "owner_id_type": "01", "owner_id_no": number, "certificate_no": certificate}


def marriage(status: str = "20", number: str = OWNER_ID) -> dict[str, str]:
    return {"legal_rep_name": "甲一", "legal_rep_id_no": number, "marital_status": status}


@dataclass
class ItemCast:
    """What tests about items do again and again."""

    cast: Cast
    refs: int = field(default=0)

    def stated(self, item: str, values: dict[str, str], salt: str = SALT) -> StatedClaim:
        return requests.stated_claim(item, values, salt, at=self.cast.now)

    def requested(
        self,
        *claims: StatedClaim,
        grants: frozenset[ItemGrant] = frozenset({TAX}),
        bank: InstitutionActor | None = None,
        **changes,
    ) -> ItemAuthorisation:
        self.refs += 1
        values = {
            "subject_uscc": OWNER_USCC,
            "purpose": Purpose.LOAN_APPLICATION,
            "business_ref": f"SX-{self.refs:04d}",
            "valid_days": 30,
            "max_queries": 6,
            "at": self.cast.now,
            **changes,
        }
        return requests.request_items(actor=bank or self.cast.bank, grants=grants, claims=claims, **values)

    def confirm(
        self,
        row: ItemAuthorisation,
        scope: ItemScope | None = None,
        *,
        actor: EnterpriseActor | None = None,
        own: bool = True,
        written: bool = True,
        shown: ItemScope | None = None,
        expected_version: int | None = None,
    ) -> ItemAuthorisation:
        who, chosen = actor or self.cast.owner, scope or asked_scope(row)
        seen = what_you_authorise(row, shown or chosen, language=Language.ZH)
        return authorisations.confirm_items(
            actor=who,
            authorisation_id=row.id,
            chosen=chosen,
            own_consent=own,
            written_consent=written,
            second_factor_id=self.cast.factor(who, seen, row.id),
            shown_digest=seen.digest,
            expected_version=row.version if expected_version is None else expected_version,
            at=self.cast.now,
        )

    def append(
        self,
        row: ItemAuthorisation,
        more: ItemScope,
        *,
        actor: EnterpriseActor | None = None,
        own: bool = True,
        shown: ItemScope | None = None,
        expected_version: int | None = None,
    ) -> ItemAuthorisation:
        who = actor or self.cast.owner
        seen = what_you_authorise(row, shown or more, language=Language.ZH, act=Act.APPEND)
        return authorisations.append_items(
            actor=who,
            authorisation_id=row.id,
            more=more,
            own_consent=own,
            second_factor_id=self.cast.factor(who, seen, row.id),
            shown_digest=seen.digest,
            expected_version=row.version if expected_version is None else expected_version,
            at=self.cast.now,
        )

    def withdraw(self, row: ItemAuthorisation, actor: EnterpriseActor | None = None) -> ItemAuthorisation:
        who = actor or self.cast.owner
        seen = what_you_end(row, language=Language.ZH)
        return authorisations.withdraw_items(
            actor=who,
            authorisation_id=row.id,
            second_factor_id=self.cast.factor(who, seen, row.id),
            shown_digest=seen.digest,
            at=self.cast.now,
        )


def claim_grant(stated: StatedClaim) -> ClaimGrant:
    return ClaimGrant(stated.claim.item, stated.claim.fields, stated.digest)
