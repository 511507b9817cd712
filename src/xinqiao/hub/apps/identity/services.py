"""The verbs of the identity app at one address. Each is written in the module of its subject."""

from xinqiao.hub.apps.identity.admission import admit_institution
from xinqiao.hub.apps.identity.desk_keys import add_desk_key, revoke_desk_key
from xinqiao.hub.apps.identity.directory import (
    anchor,
    desk_keys,
    directory,
    directory_version,
    institution_keys,
    node_address,
    node_keys,
    source_keys,
)
from xinqiao.hub.apps.identity.factors import (
    FactorChallenge,
    FactorMethod,
    available_methods,
    begin_passkey_registration,
    begin_second_factor,
    consume_second_factor,
    finish_passkey_registration,
    finish_second_factor,
    finish_simulated_face,
)
from xinqiao.hub.apps.identity.institutions import (
    add_member,
    add_node_key,
    approve_key,
    approve_roles,
    end_member,
    propose_key,
    propose_roles,
    record_node_health,
    register_institution,
    register_node,
    revoke_key,
    revoke_node_key,
    set_institution_status,
    set_node_status,
)
from xinqiao.hub.apps.identity.invitations import invite_enterprise, seed_demo_identity
from xinqiao.hub.apps.identity.login import EnterpriseLogin, login_enterprise, login_staff
from xinqiao.hub.apps.identity.people import end_agent, name_agent, require_capacity, require_legal_rep
from xinqiao.hub.apps.identity.source_keys import (
    approve_source_key,
    propose_source_key,
    revoke_source_key,
)
from xinqiao.hub.apps.identity.sources import (
    add_source_member,
    end_source_member,
    register_source,
    set_source_items,
    set_source_status,
)
from xinqiao.hub.apps.identity.staff import add_operator, end_operator
from xinqiao.hub.apps.identity.tokens import sweep_confirmations
from xinqiao.hub.apps.identity.verifier import IdentityClaim, IdentityVerifier, VerifiedIdentity

__all__ = [
    "EnterpriseLogin",
    "FactorChallenge",
    "FactorMethod",
    "IdentityClaim",
    "IdentityVerifier",
    "VerifiedIdentity",
    "add_desk_key",
    "add_member",
    "add_node_key",
    "add_operator",
    "add_source_member",
    "admit_institution",
    "anchor",
    "approve_key",
    "approve_roles",
    "approve_source_key",
    "available_methods",
    "begin_passkey_registration",
    "begin_second_factor",
    "consume_second_factor",
    "desk_keys",
    "directory",
    "directory_version",
    "end_agent",
    "end_member",
    "end_operator",
    "end_source_member",
    "finish_passkey_registration",
    "finish_second_factor",
    "finish_simulated_face",
    "institution_keys",
    "invite_enterprise",
    "login_enterprise",
    "login_staff",
    "name_agent",
    "node_address",
    "node_keys",
    "propose_key",
    "propose_roles",
    "propose_source_key",
    "record_node_health",
    "register_institution",
    "register_node",
    "register_source",
    "require_capacity",
    "require_legal_rep",
    "revoke_desk_key",
    "revoke_key",
    "revoke_node_key",
    "revoke_source_key",
    "seed_demo_identity",
    "set_institution_status",
    "set_node_status",
    "set_source_items",
    "set_source_status",
    "source_keys",
    "sweep_confirmations",
]
