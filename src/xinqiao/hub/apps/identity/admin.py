"""Staff view of people, institutions and nodes. Encrypted fields, indexes and key material stay out of it."""

from django.contrib import admin

from xinqiao.hub.admin_base import LookOnly
from xinqiao.hub.apps.identity.models import (
    Enterprise,
    EnterprisePerson,
    Institution,
    InstitutionKey,
    Invitation,
    LoginAttempt,
    Member,
    Node,
    NodeKey,
    Passkey,
    SecondFactor,
    Source,
    SourceMember,
    User,
)


@admin.register(User)
class UserAdmin(LookOnly[User]):
    """Accounts."""

    list_display = ("id", "kind", "display_name", "is_active", "created_at")
    list_filter = ("kind", "is_active")
    exclude = ("password", "username")


@admin.register(Enterprise)
class EnterpriseAdmin(LookOnly[Enterprise]):
    """Data accounts."""

    list_display = ("name", "uscc", "region", "created_at", "is_demo")
    search_fields = ("=uscc", "name")


@admin.register(EnterprisePerson)
class EnterprisePersonAdmin(LookOnly[EnterprisePerson]):
    """Capacities, with masked names."""

    list_display = ("name_masked", "enterprise", "role", "valid_from", "valid_to")
    exclude = ("name_enc", "id_no_index")


@admin.register(Institution)
class InstitutionAdmin(LookOnly[Institution]):
    """Institutions."""

    list_display = ("name", "uscc", "is_user", "is_provider", "status")


@admin.register(Member)
class MemberAdmin(LookOnly[Member]):
    """People of institutions."""

    list_display = ("user", "institution", "department", "roles", "pending_roles", "ended_at")


@admin.register(InstitutionKey)
class InstitutionKeyAdmin(LookOnly[InstitutionKey]):
    """Public keys of institutions."""

    list_display = ("kid", "institution", "status", "not_before", "not_after")


@admin.register(Node)
class NodeAdmin(LookOnly[Node]):
    """Provider nodes."""

    list_display = ("name", "institution", "base_url", "status", "last_health_at")


@admin.register(NodeKey)
class NodeKeyAdmin(LookOnly[NodeKey]):
    """Public keys of nodes."""

    list_display = ("kid", "node", "status", "not_before", "not_after")


@admin.register(Passkey)
class PasskeyAdmin(LookOnly[Passkey]):
    """Passkeys, without key material."""

    list_display = ("id", "user", "label", "created_at", "last_used_at")
    exclude = ("public_key", "credential_id")


@admin.register(SecondFactor)
class SecondFactorAdmin(LookOnly[SecondFactor]):
    """Confirmations."""

    list_display = ("action", "method", "created_at", "passed_at", "used_at")
    exclude = ("challenge",)


@admin.register(LoginAttempt)
class LoginAttemptAdmin(LookOnly[LoginAttempt]):
    """Log-ins."""

    list_display = ("at", "outcome", "method", "enterprise")
    list_filter = ("outcome", "method")
    exclude = ("handle",)


@admin.register(Invitation)
class InvitationAdmin(LookOnly[Invitation]):
    """Invitations."""

    list_display = ("institution", "uscc", "state", "created_at")


@admin.register(Source)
class SourceAdmin(LookOnly[Source]):
    """Data sources."""

    list_display = ("short_name", "code", "kind", "division", "status", "is_demo")
    list_filter = ("kind", "status")


@admin.register(SourceMember)
class SourceMemberAdmin(LookOnly[SourceMember]):
    """People of data sources."""

    list_display = ("user", "source", "roles", "ended_at")
