"""Tables of getting in: passkeys, second factors, log-ins, nonces, tokens, and the demonstration's identities.

Part of the app's models (``models`` imports them); apart only so that either file can be read in one go.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.ids import ID_LENGTH


class Passkey(models.Model):
    """A WebAuthn credential of a user: the real second factor for confirming and withdrawing."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    user = models.ForeignKey("identity.User", on_delete=models.CASCADE, related_name="passkeys")
    credential_id = models.CharField(max_length=400, unique=True)  # base64url
    public_key = models.BinaryField()
    sign_count = models.BigIntegerField(default=0)
    label = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("通行密钥")
        verbose_name_plural = _("通行密钥")

    def __str__(self) -> str:
        return self.label or self.id


class SecondFactor(models.Model):
    """One confirmation by a person: challenge, what was shown (digest), and how it was answered. Used once."""

    id = models.CharField(max_length=ID_LENGTH, primary_key=True)
    user = models.ForeignKey("identity.User", on_delete=models.PROTECT, related_name="factors")
    action = models.CharField(max_length=40)
    object_id = models.CharField(max_length=ID_LENGTH, blank=True)
    shown_digest = models.CharField(max_length=64)
    challenge = models.BinaryField()
    method = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    passed_at = models.DateTimeField(null=True, blank=True)
    used_at = models.DateTimeField(null=True, blank=True)
    evidence = models.JSONField(default=dict, blank=True)

    class Meta:
        verbose_name = _("二次确认")
        verbose_name_plural = _("二次确认")
        constraints = [
            models.CheckConstraint(
                condition=Q(method__in=["passkey", "simulated_face"]), name="identity_factor_method"
            ),
            models.CheckConstraint(
                condition=Q(used_at__isnull=True) | Q(passed_at__isnull=False),
                name="identity_factor_used_after_passed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.method}"


class LoginAttempt(models.Model):
    """One log-in, successful or not (fund-flow rules 3). ``handle`` is a blind index, never what was typed."""

    handle = models.CharField(max_length=64)
    user = models.ForeignKey("identity.User", null=True, blank=True, on_delete=models.PROTECT)
    enterprise = models.ForeignKey("identity.Enterprise", null=True, blank=True, on_delete=models.PROTECT)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=24)
    method = models.CharField(max_length=24)

    class Meta:
        verbose_name = _("登录记录")
        verbose_name_plural = _("登录记录")
        indexes = [
            # The lock-out question: failures of this handle since its last success.
            models.Index(fields=["handle", "-at"], name="identity_login_handle"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.outcome}"


class SeenNonce(models.Model):
    """A nonce or token id that was accepted once. Kept in the database, so a restart forgets nothing."""

    scope = models.CharField(max_length=120)
    nonce = models.CharField(max_length=120)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("已用随机数")
        verbose_name_plural = _("已用随机数")
        indexes = [
            # The gateway's sweep.
            models.Index(fields=["expires_at"], name="identity_nonce_expiry"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["scope", "nonce"], name="identity_nonce_once"),
        ]

    def __str__(self) -> str:
        return self.scope


class AccessToken(models.Model):
    """A short-lived opaque token of an institution, bound to its signing key (``jkt``). Only its hash is stored."""

    token_hash = models.CharField(max_length=64, primary_key=True)
    institution = models.ForeignKey("identity.Institution", on_delete=models.CASCADE)
    jkt = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("访问令牌")
        verbose_name_plural = _("访问令牌")
        indexes = [
            # The gateway's sweep.
            models.Index(fields=["expires_at"], name="identity_token_expiry"),
        ]

    def __str__(self) -> str:
        return self.token_hash[:8]


class QuerySession(models.Model):
    """The few minutes in which an institution's system asks by a shared key, opened by one request signed with ``kid``.

    ``secret`` is encrypted for its row. A session counts only while institution and key do: they are looked at in the
    very transaction that releases something.
    """

    id = models.CharField(max_length=40, primary_key=True)
    institution = models.ForeignKey("identity.Institution", on_delete=models.CASCADE)
    kid = models.CharField(max_length=64)
    secret = models.TextField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("查询会话")
        verbose_name_plural = _("查询会话")
        indexes = [
            # The gateway's sweep.
            models.Index(fields=["expires_at"], name="identity_session_expiry"),
        ]

    def __str__(self) -> str:
        return self.id


class DemoIdentity(models.Model):
    """演示数据: one invented enterprise and its invented people, against which the demonstration verifier compares.

    ``people`` is a list of ``{"name", "id_no", "role": "legal_rep" | "other", "since"?}``. Empty on a real platform.
    """

    uscc = models.CharField(max_length=18, primary_key=True)
    enterprise_name = models.CharField(max_length=200)
    subject_type = models.CharField(max_length=24, default="company")
    region = models.CharField(max_length=12, blank=True)
    industry = models.CharField(max_length=12, blank=True)
    people = models.JSONField(default=list)

    class Meta:
        verbose_name = _("演示身份")
        verbose_name_plural = _("演示身份")

    def __str__(self) -> str:
        return self.enterprise_name
