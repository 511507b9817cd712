"""The second factor: passkeys (WebAuthn), and in a demonstration a simulated face check.

The challenge that a passkey signs commits to what was shown: ``SHA-256(label ‖ nonce ‖ action ‖ object ‖ digest)``. So
the stored assertion proves offline that this person's key agreed to this text, and a factor passed for one act serves
no other (case A11). A factor is used once, in the transaction of the act it confirms.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DataError, transaction
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Passkey, SecondFactor, User
from xinqiao.hub.ids import Prefix, new_id

_LABEL = b"xinqiao second factor v1\x00"
_REGISTRATION = "register_passkey"


class FactorMethod(StrEnum):
    """How a person confirms."""

    PASSKEY = "passkey"
    SIMULATED_FACE = "simulated_face"


@dataclass(frozen=True, slots=True)
class FactorChallenge:
    """A started confirmation. ``options`` is the JSON for ``navigator.credentials`` (empty for a simulated check)."""

    id: str
    method: FactorMethod
    options: str
    expires_at: datetime


def relying_party() -> str:
    """The WebAuthn relying party id: the host of the public address (browsers refuse a bare IP address)."""
    return urlsplit(settings.XINQIAO_PUBLIC_URL).hostname or ""


def challenge_bytes(nonce: bytes, action: str, object_id: str, shown_digest: str) -> bytes:
    """What the authenticator signs over, recomputable by anyone who holds the shown text and the evidence."""
    parts = [nonce, action.encode(), object_id.encode(), shown_digest.encode()]
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return hashlib.sha256(_LABEL + framed).digest()


def available_methods(user_id: str) -> list[FactorMethod]:
    """What this person can use now; a passkey comes first, the simulated check exists in demonstrations only."""
    methods = [FactorMethod.PASSKEY] if Passkey.objects.filter(user_id=user_id).exists() else []
    if settings.DEMO:
        methods.append(FactorMethod.SIMULATED_FACE)
    return methods


def begin_passkey_registration(*, user_id: str, at: datetime) -> FactorChallenge:
    """Start adding a passkey to the person's own account."""
    user = User.objects.get(id=user_id)
    known = [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential_id)) for key in user.passkeys.all()
    ]
    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=relying_party(),
        rp_name=settings.XINQIAO_HUB_NAME,
        user_id=user.id.encode(),
        user_name=user.display_name or user.id,
        challenge=challenge,
        exclude_credentials=known,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    factor = _store(user_id, _REGISTRATION, "", "0" * 64, challenge, FactorMethod.PASSKEY, {}, at)
    return FactorChallenge(factor.id, FactorMethod.PASSKEY, options_to_json(options), factor.expires_at)


def finish_passkey_registration(
    *, user_id: str, factor_id: str, response: str, label: str, at: datetime
) -> Passkey:
    """Check what the authenticator answered and keep its public key.

    Raises:
        NotFound: no such started registration of this person, or it is over.
        Unauthenticated: ``SIGNATURE_INVALID``: the answer does not verify.
        Conflict: ``CONFLICT_DUPLICATE``: the credential is known already.
    """
    with transaction.atomic(durable=True):
        factor = _open_factor(user_id, factor_id, _REGISTRATION, at)
        try:
            verified = verify_registration_response(
                credential=response,
                expected_challenge=bytes(factor.challenge),
                expected_rp_id=relying_party(),
                expected_origin=settings.XINQIAO_PUBLIC_URL,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "the passkey answer does not verify") from error
        credential_id = bytes_to_base64url(verified.credential_id)
        if Passkey.objects.filter(credential_id=credential_id).exists():
            raise Conflict(Code.CONFLICT_DUPLICATE, "this passkey is registered already")
        _use(factor, at, {})
        passkey = Passkey.objects.create(
            id=new_id(Prefix.PASSKEY),
            user_id=user_id,
            credential_id=credential_id,
            public_key=verified.credential_public_key,
            sign_count=verified.sign_count,
            label=label.strip()[:60],
            created_at=at,
        )
        append_leaf(
            type="KEY",
            at=at,
            facts={"act": "passkey_registered", "user": user_id, "passkey": passkey.id},
            refs=Refs(object=passkey.id),
        )
    return passkey


def begin_second_factor(
    *, user_id: str, action: str, object_id: str, shown_digest: str, method: FactorMethod, at: datetime
) -> FactorChallenge:
    """Start a confirmation of ``action`` on ``object_id``, over exactly the text whose digest is given.

    Raises:
        Forbidden: ``SECOND_FACTOR_REQUIRED``: the method is not available to this person.
        Invalid: the digest is not one.
    """
    if method not in available_methods(user_id):
        raise Forbidden(Code.SECOND_FACTOR_REQUIRED, "this method is not available", facts={"method": method})
    if len(shown_digest) != 64 or set(shown_digest) - set("0123456789abcdef"):
        raise Invalid(Code.INVALID, "not a digest", facts={"field": "shown_digest"})
    nonce = secrets.token_bytes(16)
    challenge = challenge_bytes(nonce, action, object_id, shown_digest)
    options = ""
    if method is FactorMethod.PASSKEY:
        credentials = Passkey.objects.filter(user_id=user_id).values_list("credential_id", flat=True)
        options = options_to_json(
            generate_authentication_options(
                rp_id=relying_party(),
                challenge=challenge,
                allow_credentials=[
                    PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in credentials
                ],
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )
    factor = _store(user_id, action, object_id, shown_digest, challenge, method, {"nonce": nonce.hex()}, at)
    return FactorChallenge(factor.id, method, options, factor.expires_at)


def finish_second_factor(*, user_id: str, factor_id: str, response: str, at: datetime) -> str:
    """Check the passkey's assertion; return the factor's id, now passed and usable once.

    Raises:
        NotFound: no such open confirmation of this person.
        Unauthenticated: ``SIGNATURE_INVALID``.
    """
    with transaction.atomic(durable=True):
        factor = _open_factor(user_id, factor_id, None, at)
        if factor.method != FactorMethod.PASSKEY:
            raise NotFound
        try:
            answer = json.loads(response)
            passkey = Passkey.objects.select_for_update().get(
                user_id=user_id, credential_id=str(answer["id"])
            )
            verified = verify_authentication_response(
                credential=answer,
                expected_challenge=bytes(factor.challenge),
                expected_rp_id=relying_party(),
                expected_origin=settings.XINQIAO_PUBLIC_URL,
                credential_public_key=bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
            part = answer["response"]
            evidence = {
                "credential": passkey.credential_id,
                "client_data": str(part["clientDataJSON"]),
                "authenticator_data": str(part["authenticatorData"]),
                "signature": str(part["signature"]),
            }
        except (
            WebAuthnException,
            Passkey.DoesNotExist,
            ValueError,
            KeyError,
            TypeError,
            RecursionError,
            DataError,  # PostgreSQL takes no NUL, and JSON can spell one
        ) as error:
            raise Unauthenticated(Code.SIGNATURE_INVALID, "the passkey answer does not verify") from error
        passkey.sign_count = verified.new_sign_count
        passkey.last_used_at = at
        passkey.save(update_fields=["sign_count", "last_used_at"])
        _pass(factor, at, evidence)
    return factor.id


def finish_simulated_face(*, user_id: str, factor_id: str, at: datetime) -> str:
    """演示: pass a started confirmation without any check. Works in a demonstration only.

    Raises:
        Forbidden: this is not a demonstration.
    """
    if not settings.DEMO:
        raise Forbidden(Code.SECOND_FACTOR_REQUIRED, "the simulated face check is off")
    with transaction.atomic(durable=True):
        factor = _open_factor(user_id, factor_id, None, at)
        if factor.method != FactorMethod.SIMULATED_FACE:
            raise NotFound
        _pass(factor, at, {"simulated": "true"})
    return factor.id


def consume_second_factor(
    *, user_id: str, factor_id: str, action: str, object_id: str, shown_digest: str, at: datetime
) -> dict[str, Json]:
    """Use a passed factor for the act it was passed for; returns the evidence. Call inside the act's transaction.

    Raises:
        Forbidden: ``SECOND_FACTOR_REQUIRED``: absent, somebody else's, not passed, over, used, or for another act.
        Invalid: ``WHAT_YOU_SEE``: it was passed over another text than the one now being signed.
    """
    factor = SecondFactor.objects.filter(
        id=factor_id, user_id=user_id, action=action, object_id=object_id
    ).first()
    if factor is None or factor.passed_at is None or factor.used_at is not None or at >= factor.expires_at:
        raise Forbidden(Code.SECOND_FACTOR_REQUIRED, "a fresh confirmation is needed")
    if factor.shown_digest != shown_digest:
        raise Invalid(Code.WHAT_YOU_SEE, "another text was shown")
    if SecondFactor.objects.filter(id=factor_id, used_at__isnull=True).update(used_at=at) != 1:
        raise Forbidden(Code.SECOND_FACTOR_REQUIRED, "a fresh confirmation is needed")
    return {"method": factor.method, "factor": factor.id, "shown": shown_digest, **factor.evidence}


def _store(
    user_id: str,
    action: str,
    object_id: str,
    shown_digest: str,
    challenge: bytes,
    method: FactorMethod,
    evidence: dict[str, str],
    at: datetime,
) -> SecondFactor:
    return SecondFactor.objects.create(
        id=new_id(Prefix.FACTOR),
        user_id=user_id,
        action=action,
        object_id=object_id,
        shown_digest=shown_digest,
        challenge=challenge,
        method=method.value,
        created_at=at,
        expires_at=at + timedelta(minutes=settings.SECOND_FACTOR_MINUTES),
        evidence=evidence,
    )


def _open_factor(user_id: str, factor_id: str, action: str | None, at: datetime) -> SecondFactor:
    """A started, unanswered confirmation of this person; a foreign one is absent."""
    rows = SecondFactor.objects.select_for_update().filter(
        id=factor_id, user_id=user_id, passed_at__isnull=True, expires_at__gt=at
    )
    rows = rows.filter(action=action) if action else rows.exclude(action=_REGISTRATION)
    factor = rows.first()
    if factor is None:
        raise NotFound
    return factor


def _pass(factor: SecondFactor, at: datetime, evidence: dict[str, str]) -> None:
    factor.passed_at = at
    factor.evidence = {**factor.evidence, **evidence}
    factor.save(update_fields=["passed_at", "evidence"])


def _use(factor: SecondFactor, at: datetime, evidence: dict[str, str]) -> None:
    _pass(factor, at, evidence)
    factor.used_at = at
    factor.save(update_fields=["used_at"])
