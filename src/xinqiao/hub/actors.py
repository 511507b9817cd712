"""Who acts: the frozen value that every verb takes first and every list is filtered for.

Portals, the gateway, the worker and the command line each build an actor at their edge (see
``apps/identity/selectors.py``); below the edge nobody looks at a request or a session.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class AgentScope(StrEnum):
    """What an agent of an enterprise may do (fund-flow rules 3)."""

    BIND = "bind"
    AUTHORISE = "authorise"
    QUERY = "query"
    OBJECT = "object"


class PersonRole(StrEnum):
    """In which capacity a person acts for an enterprise."""

    LEGAL_REP = "legal_rep"
    AGENT = "agent"


class InstitutionRole(StrEnum):
    """Roles of an institution's own people (fund-flow rules 2)."""

    QUERY_OPERATOR = "query_operator"
    QUERY_REVIEWER = "query_reviewer"
    PROVIDER_ADMIN = "provider_admin"
    INSTITUTION_ADMIN = "institution_admin"
    AUDITOR = "auditor"
    #: 产品经理: designs financial products, and reviews those of others
    PRODUCT_MANAGER = "product_manager"
    #: 客户经理: handles the cases of firms, from accepting one to its contract and its loan
    CUSTOMER_MANAGER = "customer_manager"
    #: 担保经办: of a guarantor: reviews, approves, compensates, recovers
    GUARANTEE_OFFICER = "guarantee_officer"
    #: 政策专员: of a policy department; writes policies, reviews those of others and applications
    POLICY_OFFICER = "policy_officer"
    #: 资金专员: of a policy department; confirms what was reviewed, pays, takes money back
    FUND_OFFICER = "fund_officer"


class OperatorRole(StrEnum):
    """Roles of the platform's own people; administration, security and audit are kept apart (等保三级)."""

    ADMIN = "admin"
    SECURITY = "security"
    SERVICE = "service"
    #: 融资顾问: helps firms to financing; may promise nothing and take nothing
    ADVISER = "adviser"


class SourceRole(StrEnum):
    """Roles of a data source's own people."""

    #: 报送员: sends batches, reads receipts, sends corrections
    SUPPLIER = "supplier"
    #: 数据管理员: that, withdraws batches, and looks after the source's people
    STEWARD = "steward"


@dataclass(frozen=True, slots=True)
class EnterpriseActor:
    """A natural person acting for one enterprise."""

    user_id: str
    enterprise_id: str
    person_id: str
    scopes: frozenset[AgentScope]
    role: PersonRole

    def may(self, scope: AgentScope) -> bool:
        """The legal representative may everything; an agent what was given."""
        return self.role is PersonRole.LEGAL_REP or scope in self.scopes


@dataclass(frozen=True, slots=True)
class InstitutionActor:
    """An institution's operator at the portal, or its system at the interface (then ``user_id`` is None)."""

    user_id: str | None
    institution_id: str
    roles: frozenset[InstitutionRole]
    operator_name: str
    department: str
    via: Literal["portal", "api"] = "portal"


@dataclass(frozen=True, slots=True)
class SourceActor:
    """Somebody of a data source at the portal; ``user_id`` is None for what was dropped into its watched folder."""

    user_id: str | None
    source_id: str
    roles: frozenset[SourceRole]
    name: str


@dataclass(frozen=True, slots=True)
class OperatorActor:
    """One of the platform's own staff."""

    user_id: str
    roles: frozenset[OperatorRole] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class AuditorActor:
    """The platform's auditor: reads the log and the records, changes nothing."""

    user_id: str


@dataclass(frozen=True, slots=True)
class SystemActor:
    """The platform itself, for what time does: lapse, checkpoints, deliveries."""

    process: str = "worker"


type Actor = EnterpriseActor | InstitutionActor | SourceActor | OperatorActor | AuditorActor | SystemActor
