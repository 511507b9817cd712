"""Tables of people, enterprises, institutions, nodes, keys and log-ins. Verbs are in ``services``.

Names and identity numbers of natural persons are stored encrypted, with a masked form for display and a keyed blind
index for equality search (reliability 5.5 and 5.11 no. 10). The identity key of an enterprise is its unified social
credit code, never its name (case B6).
"""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.identity.access_models import (
    AccessToken,
    DemoIdentity,
    LoginAttempt,
    Passkey,
    QuerySession,
    SecondFactor,
    SeenNonce,
)
from xinqiao.hub.apps.identity.desk_models import DeskKey, DeskToken
from xinqiao.hub.apps.identity.source_models import Source, SourceKey, SourceMember, SourceToken
from xinqiao.hub.ids import ID_LENGTH, Prefix, new_id
from xinqiao.hub.viewers import seen_by

__all__ = [
    "AccessToken",
    "DemoIdentity",
    "DeskKey",
    "DeskToken",
    "DirectoryVersion",
    "Enterprise",
    "EnterprisePerson",
    "Institution",
    "InstitutionKey",
    "Invitation",
    "LoginAttempt",
    "Member",
    "Node",
    "NodeKey",
    "Passkey",
    "QuerySession",
    "SecondFactor",
    "SeenNonce",
    "Source",
    "SourceKey",
    "SourceMember",
    "SourceToken",
    "User",
    "UserManager",
]


def _user_id() -> str:
    return new_id(Prefix.USER)


class UserManager(BaseUserManager["User"]):
    """Makes accounts. Enterprise people get no password: they prove who they are each time."""

    def create_user(
        self, username: str, *, kind: str, password: str | None = None, display_name: str = ""
    ) -> "User":
        """Store a new account; without a password it cannot log in by password."""
        user = self.model(username=username, kind=kind, display_name=display_name)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, username: str, password: str) -> "User":
        """A platform operator with every right in the admin."""
        user = self.create_user(username, kind="operator", password=password, display_name=username)
        user.is_staff = True
        user.is_superuser = True
        user.save(update_fields=["is_staff", "is_superuser"])
        return user

    def get_by_natural_key(self, username: str | None) -> "User":
        """Log-in names are compared exactly."""
        return self.get(username=username)


class User(AbstractBaseUser, PermissionsMixin):
    """One natural person who can log in: of an enterprise, an institution, a source, the platform, or its auditor.

    For a person of an enterprise ``username`` is a keyed hash of the identity number, so that the same person acting
    for two firms is one user and no number is stored.
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True, default=_user_id, editable=False)
    username = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=12)
    display_name = models.CharField(max_length=80, blank=True)
    roles = models.JSONField(default=list, blank=True)  # roles of the platform's own people (OperatorRole)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    language = models.CharField(max_length=10, default="zh-hans")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = []

    objects = UserManager()

    class Meta:
        verbose_name = _("用户")
        verbose_name_plural = _("用户")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=["enterprise", "institution", "source", "operator", "auditor"]),
                name="identity_user_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.display_name or self.username


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    """The only door to data accounts."""

    def for_viewer(self, actor: Actor) -> "EnterpriseQuerySet":
        """An enterprise sees itself; institutions reach enterprises through authorisations only."""
        return seen_by(self, actor, enterprise="id")


class Enterprise(models.Model):
    """One data account 资金流信用信息账户, made by the first successful identity check (fund-flow rules 3)."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    uscc = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=200)
    subject_type = models.CharField(max_length=24, default="company")
    region = models.CharField(max_length=12, blank=True)
    industry = models.CharField(max_length=12, blank=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    objects = EnterpriseQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业数据账户")
        verbose_name_plural = _("企业数据账户")

    def __str__(self) -> str:
        return self.name


class EnterprisePersonQuerySet(models.QuerySet["EnterprisePerson"]):
    """The only door to the people of an enterprise."""

    def for_viewer(self, actor: Actor) -> "EnterprisePersonQuerySet":
        """An enterprise sees its own people, nobody else's."""
        return seen_by(self, actor, enterprise="enterprise_id")


class EnterprisePerson(models.Model):
    """A capacity: this person acts for this enterprise as this, during ``[valid_from, valid_to)``.

    A former legal representative keeps the row with an end; from that instant every act is refused (case A7).
    """

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    enterprise = models.ForeignKey(Enterprise, on_delete=models.PROTECT, related_name="people")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="capacities")
    name_enc = models.TextField()
    name_masked = models.CharField(max_length=40)
    id_no_index = models.CharField(max_length=64)
    role = models.CharField(max_length=12)
    scopes = models.JSONField(default=list)
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True, blank=True)
    named_by = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT)

    objects = EnterprisePersonQuerySet.as_manager()

    class Meta:
        verbose_name = _("企业人员")
        verbose_name_plural = _("企业人员")
        indexes = [
            # Log-in: does this person act for this enterprise?
            models.Index(fields=["enterprise", "id_no_index"], name="identity_person_lookup"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(role__in=["legal_rep", "agent"]), name="identity_person_role"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_from__lte=F("valid_to")),
                name="identity_person_period",
            ),
            models.UniqueConstraint(
                fields=["enterprise"],
                condition=Q(role="legal_rep", valid_to__isnull=True),
                name="identity_one_legal_rep",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name_masked} ({self.role})"


class Institution(models.Model):
    """A bank or other institution: user of information, provider of information, or both (separate permissions)."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    uscc = models.CharField(max_length=18, unique=True)
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=40)
    is_user = models.BooleanField(default=True)
    is_provider = models.BooleanField(default=False)
    status = models.CharField(max_length=12, default="active")
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("机构")
        verbose_name_plural = _("机构")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended"]), name="identity_institution_status"
            ),
        ]

    def __str__(self) -> str:
        return self.short_name


class MemberQuerySet(models.QuerySet["Member"]):
    """The only door to an institution's people."""

    def for_viewer(self, actor: Actor) -> "MemberQuerySet":
        """An institution sees its own people."""
        return seen_by(self, actor, institution="institution_id")


class Member(models.Model):
    """A user who works at an institution, with roles there. Role changes need a second person (``approved_by``)."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="membership")
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="members")
    roles = models.JSONField(default=list)
    department = models.CharField(max_length=80, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # Four eyes: what was proposed and by whom, until another administrator agrees.
    pending_roles = models.JSONField(null=True, blank=True)
    proposed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    objects = MemberQuerySet.as_manager()

    class Meta:
        verbose_name = _("机构人员")
        verbose_name_plural = _("机构人员")

    def __str__(self) -> str:
        return str(self.user)


class InstitutionKey(models.Model):
    """A public signing key of an institution, usable in ``[not_before, not_after)`` while ``active``."""

    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=64, unique=True)
    jwk = models.JSONField()
    use = models.CharField(max_length=4, default="sig")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    status = models.CharField(max_length=12, default="active")
    # Four eyes: who asked for the key and who agreed; a key is unusable until ``active``.
    proposed_by = models.CharField(max_length=ID_LENGTH, blank=True)
    approved_by = models.CharField(max_length=ID_LENGTH, blank=True)

    class Meta:
        verbose_name = _("机构公钥")
        verbose_name_plural = _("机构公钥")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["proposed", "active", "revoked"]),
                name="identity_institution_key_status",
            ),
            models.CheckConstraint(
                condition=Q(not_before__lt=F("not_after")), name="identity_institution_key_period"
            ),
        ]

    def __str__(self) -> str:
        return self.kid


class Node(models.Model):
    """A provider node: the program at a bank that holds the rows and answers permits."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="nodes")
    name = models.CharField(max_length=120)
    base_url = models.CharField(max_length=200)
    status = models.CharField(max_length=12, default="active")
    #: it answers for accounts of its customers; a department's node serves items only and is no bank to bind at
    has_accounts = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    last_health = models.JSONField(null=True, blank=True)
    last_health_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("数据节点")
        verbose_name_plural = _("数据节点")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "suspended"]), name="identity_node_status"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class NodeKey(models.Model):
    """A public signing key of a node, usable in ``[not_before, not_after)`` while ``active``."""

    node = models.ForeignKey(Node, on_delete=models.PROTECT, related_name="keys")
    kid = models.CharField(max_length=64, unique=True)
    jwk = models.JSONField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    status = models.CharField(max_length=12, default="active")

    class Meta:
        verbose_name = _("节点公钥")
        verbose_name_plural = _("节点公钥")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "revoked"]), name="identity_node_key_status"
            ),
            models.CheckConstraint(
                condition=Q(not_before__lt=F("not_after")), name="identity_node_key_period"
            ),
        ]

    def __str__(self) -> str:
        return self.kid


class DirectoryVersion(models.Model):
    """The one counter of the signed directory: raised whenever an institution, a node or a key changes."""

    id = models.PositiveSmallIntegerField(primary_key=True)
    version = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="identity_directory_is_one_row")]

    def __str__(self) -> str:
        return str(self.version)


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """The only door to invitations."""

    def for_viewer(self, actor: Actor) -> "InvitationQuerySet":
        """The institution that invited sees it."""
        return seen_by(self, actor, institution="institution_id")


class Invitation(models.Model):
    """An institution asks an enterprise without a data account to log in for the first time."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    institution = models.ForeignKey(Institution, on_delete=models.PROTECT, related_name="invitations")
    uscc = models.CharField(max_length=18)
    message = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=12, default="open")
    created_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("邀请")
        verbose_name_plural = _("邀请")
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["open", "joined"]), name="identity_invitation_state"
            ),
            models.UniqueConstraint(
                fields=["institution", "uscc"],
                condition=Q(state="open"),
                name="identity_invitation_open_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.institution_id} → {self.uscc}"
