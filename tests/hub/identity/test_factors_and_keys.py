"""Passkeys that commit to what was shown; four eyes; nonces and tokens; the signed directory."""

import json
from datetime import timedelta

import pytest
from tests.hub.cast import Cast
from tests.hub.passkey import SoftPasskey
from webauthn.helpers import base64url_to_bytes

from xinqiao.domain.errors import Code, Conflict, Forbidden, NotFound, Unauthenticated
from xinqiao.hub.actors import InstitutionRole
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.summary import what_you_withdraw
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.factors import FactorMethod, challenge_bytes
from xinqiao.hub.apps.identity.models import InstitutionKey, SecondFactor
from xinqiao.hub.runtime import runtime
from xinqiao.provider.directory import TrustStore, read_anchor, read_directory
from xinqiao.trust.keys import SigningKey
from xinqiao.ui.i18n import Language


def register(cast: Cast, device: SoftPasskey) -> None:
    started = identity.begin_passkey_registration(user_id=cast.owner.user_id, at=cast.now)
    identity.finish_passkey_registration(
        user_id=cast.owner.user_id,
        factor_id=started.id,
        response=device.register(started.options),
        label="手机",
        at=cast.now,
    )


def test_a_passkey_withdraws_and_its_assertion_proves_what_was_shown(cast: Cast) -> None:
    device = SoftPasskey()
    register(cast, device)
    row = cast.confirmed(cast.bound())
    seen = what_you_withdraw(row, language=Language.ZH)
    started = identity.begin_second_factor(
        user_id=cast.owner.user_id,
        action=seen.act,
        object_id=row.id,
        shown_digest=seen.digest,
        method=FactorMethod.PASSKEY,
        at=cast.now,
    )
    identity.finish_second_factor(
        user_id=cast.owner.user_id,
        factor_id=started.id,
        response=device.confirm(started.options),
        at=cast.now,
    )

    consents.withdraw_authorisation(
        actor=cast.owner,
        authorisation_id=row.id,
        second_factor_id=started.id,
        shown_digest=seen.digest,
        at=cast.now,
    )

    evidence = SecondFactor.objects.get(id=started.id).evidence
    signed = json.loads(base64url_to_bytes(evidence["client_data"]))["challenge"]
    nonce = bytes.fromhex(evidence["nonce"])
    assert base64url_to_bytes(signed) == challenge_bytes(nonce, "withdraw", row.id, seen.digest)


@pytest.mark.parametrize(
    "device",
    [SoftPasskey(origin="http://evil.test"), SoftPasskey(rp_id="evil.test"), SoftPasskey(verified=False)],
    ids=["another origin", "another relying party", "nobody verified"],
)
def test_a_wrong_ceremony_registers_no_passkey(cast: Cast, device: SoftPasskey) -> None:
    with pytest.raises(Unauthenticated) as refused:
        register(cast, device)
    assert refused.value.code is Code.SIGNATURE_INVALID


def test_an_answer_to_another_challenge_or_from_another_device_does_not_pass(cast: Cast) -> None:
    device = SoftPasskey()
    register(cast, device)

    def begin(digest: str) -> tuple[str, str]:
        started = identity.begin_second_factor(
            user_id=cast.owner.user_id,
            action="withdraw",
            object_id="aut-1",
            shown_digest=digest,
            method=FactorMethod.PASSKEY,
            at=cast.now,
        )
        return started.id, started.options

    one, options = begin("a" * 64)
    other, _ = begin("b" * 64)
    for response in (device.confirm(options), SoftPasskey().confirm(options), "{}", "no json"):
        with pytest.raises(Unauthenticated):
            identity.finish_second_factor(
                user_id=cast.owner.user_id, factor_id=other, response=response, at=cast.now
            )
    with pytest.raises(NotFound):
        identity.finish_second_factor(
            user_id=cast.stranger.user_id, factor_id=one, response=device.confirm(options), at=cast.now
        )


def test_the_simulated_face_check_exists_in_a_demonstration_only(cast: Cast, settings) -> None:  # type: ignore[no-untyped-def]
    user = cast.owner.user_id
    assert identity.available_methods(user) == [FactorMethod.SIMULATED_FACE]
    started = identity.begin_second_factor(
        user_id=user,
        action="withdraw",
        object_id="x",
        shown_digest="a" * 64,
        method=FactorMethod.SIMULATED_FACE,
        at=cast.now,
    )
    settings.DEMO = False
    assert identity.available_methods(user) == []
    with pytest.raises(Forbidden):
        identity.finish_simulated_face(user_id=user, factor_id=started.id, at=cast.now)


def test_a_key_counts_after_a_second_person_agreed(cast: Cast) -> None:
    key = SigningKey.generate()
    identity.propose_key(
        actor=cast.bank,
        institution_id=cast.bank.institution_id,
        jwk=key.public.to_jwk(),
        not_before=cast.now,
        not_after=cast.now + timedelta(days=365),
        at=cast.now,
    )
    assert len(identity.institution_keys(cast.bank.institution_id)) == 0
    with pytest.raises(Forbidden):
        identity.approve_key(actor=cast.operator, kid=key.kid, at=cast.now)
    identity.approve_key(actor=cast.security, kid=key.kid, at=cast.now)
    assert identity.institution_keys(cast.bank.institution_id).verify_key(key.kid, cast.now) is not None
    with pytest.raises(Conflict):
        identity.approve_key(actor=cast.security, kid=key.kid, at=cast.now)
    identity.revoke_key(actor=cast.bank, kid=key.kid, at=cast.now)
    assert len(identity.institution_keys(cast.bank.institution_id)) == 0


def test_nobody_proposes_a_key_for_another_institution(cast: Cast) -> None:
    with pytest.raises(NotFound):
        identity.propose_key(
            actor=cast.outsider,
            institution_id=cast.bank.institution_id,
            jwk=SigningKey.generate().public.to_jwk(),
            not_before=cast.now,
            not_after=cast.now + timedelta(days=1),
            at=cast.now,
        )
    assert InstitutionKey.objects.count() == 0


def test_roles_need_another_administrator(cast: Cast) -> None:
    assert cast.bank.user_id
    roles = frozenset({InstitutionRole.AUDITOR})
    identity.propose_roles(actor=cast.bank, user_id=cast.bank.user_id, roles=roles, at=cast.now)
    with pytest.raises(Forbidden):
        identity.approve_roles(actor=cast.bank, user_id=cast.bank.user_id, at=cast.now)
    with pytest.raises(NotFound):
        identity.approve_roles(actor=cast.outsider, user_id=cast.bank.user_id, at=cast.now)
    member = identity.approve_roles(actor=cast.operator, user_id=cast.bank.user_id, at=cast.now)
    assert member.roles == ["auditor"]


def test_the_sweep_forgets_what_can_no_longer_be_presented_and_keeps_evidence(cast: Cast) -> None:
    cast.confirmed(cast.bound())  # two factors that were used
    begun = identity.begin_second_factor(
        user_id=cast.owner.user_id,
        action="withdraw",
        object_id="aut-1",
        shown_digest="0" * 64,
        method=FactorMethod.SIMULATED_FACE,
        at=cast.now,
    )
    assert identity.sweep_confirmations(at=begun.expires_at) == 0
    assert identity.sweep_confirmations(at=begun.expires_at + timedelta(microseconds=1)) == 1
    assert not SecondFactor.objects.filter(used_at__isnull=True).exists()
    assert SecondFactor.objects.filter(used_at__isnull=False).count() == 2


def test_a_nodes_key_speaks_for_one_node_and_never_comes_back(cast: Cast) -> None:
    jwk = cast.fake.key.public.to_jwk()
    days = {"not_before": cast.now, "not_after": cast.now + timedelta(days=9), "at": cast.now}
    with pytest.raises(Conflict):
        identity.register_node(
            actor=cast.operator,
            institution_id=cast.provider.institution_id,
            name="second",
            base_url="http://second.test",
            jwk=jwk,
            **days,
        )
    identity.revoke_node_key(actor=cast.security, kid=cast.fake.key.kid, at=cast.now)
    with pytest.raises(Conflict):
        identity.add_node_key(actor=cast.security, node_id=cast.node.id, jwk=jwk, **days)
    assert len(identity.node_keys(cast.node.id)) == 0


def test_a_node_takes_the_directory_with_the_anchor_and_refuses_an_older_one(cast: Cast, tmp_path) -> None:  # type: ignore[no-untyped-def]
    file = tmp_path / "anchor.json"
    file.write_text(json.dumps(identity.anchor()))
    old = identity.directory(at=cast.now)
    key = SigningKey.generate()
    identity.propose_key(
        actor=cast.bank,
        institution_id=cast.bank.institution_id,
        jwk=key.public.to_jwk(),
        not_before=cast.now,
        not_after=cast.now + timedelta(days=365),
        at=cast.now,
    )
    identity.approve_key(actor=cast.security, kid=key.kid, at=cast.now)
    store = TrustStore(read_anchor(file), "hub-xinqiao")

    store.accept(identity.directory(at=cast.now), cast.now)

    party = store.institution(cast.bank.institution_id, cast.now)
    assert party is not None
    assert party.keys.verify_key(key.kid, cast.now) is not None
    with pytest.raises(Unauthenticated):
        store.accept(old, cast.now)
    with pytest.raises(Unauthenticated):
        read_directory(
            old, believed=runtime.hub_keys(), hub_id="hub-xinqiao", at=cast.now + timedelta(hours=24)
        )
