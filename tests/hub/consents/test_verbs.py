"""Every verb of the consents app: works, wrong person, another organisation, wrong state, stale, repeated."""

from datetime import timedelta

import pytest
from tests.hub.cast import ACCOUNT_NO, Cast

from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Authorisation as Granted
from xinqiao.domain.consent import Product, Purpose
from xinqiao.domain.errors import Code, Conflict, Forbidden, Invalid, NotFound, Stale, XinqiaoError
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.consents import services as consents
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, Binding, Entrustment, History
from xinqiao.hub.apps.consents.summary import what_you_entrust, what_you_withdraw
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.selectors import providers
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.runtime import runtime
from xinqiao.trust.jws import ArtefactType, verify_jws
from xinqiao.ui.i18n import Language


def code_of(error: pytest.ExceptionInfo[XinqiaoError]) -> Code:
    return error.value.code


def test_a_binding_goes_from_the_check_to_bound_and_leaves_evidence(cast: Cast) -> None:
    binding = cast.bound()

    assert binding.state == "bound"
    assert binding.bank_name == "青屿银行云栖支行"
    assert [path for path, _ in cast.fake.calls] == ["/node/v1/ownership-checks", "/node/v1/entrustments"]
    entrustment = Entrustment.objects.get(binding=binding)
    claims = verify_jws(entrustment.artefact, runtime.hub_keys(), typ=ArtefactType.ENTRUSTMENT, at=cast.now)
    assert claims["provider"] == cast.node.id
    assert claims["account"] == binding.id
    events = History.objects.filter(object_id=binding.id).order_by("seq").values_list("event", flat=True)
    assert list(events) == ["check", "check_result", "sign", "activate"]
    assert Leaf.objects.filter(type="BIND", object_id=binding.id).count() == 1


def test_the_account_number_is_in_no_leaf_and_no_history(cast: Cast) -> None:
    binding = cast.bound()

    assert all(b"6222000011112222" not in bytes(leaf.body) for leaf in Leaf.objects.all())
    assert "6222000011112222" not in str(list(History.objects.values("facts")))
    assert "6222000011112222" not in binding.account_no_enc


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("name_mismatch", "ACCOUNT_NAME_MISMATCH"),
        ("not_found", "ACCOUNT_NOT_FOUND"),
        ("closed", "ACCOUNT_CLOSED"),
        ("not_eligible", "ACCOUNT_NOT_ELIGIBLE"),
    ],
)
def test_a_failed_ownership_check_rejects_the_binding_with_its_reason(
    cast: Cast, result: str, reason: str
) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (
        200,
        {"link": body["link"], "result": result},
    )

    binding = cast.presented()

    assert (binding.state, binding.reason) == ("rejected", reason)


def test_an_answer_about_another_account_is_not_believed_and_the_check_can_be_repeated(cast: Cast) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (200, {"link": "acc-x", "result": "pass"})
    with pytest.raises(XinqiaoError) as refused:
        cast.presented()
    assert code_of(refused) is Code.PROVIDER_INVALID

    cast.fake.answers.clear()
    assert cast.presented().state == "agreement_presented"
    assert Binding.objects.count() == 1


def test_a_repeated_check_is_about_the_kind_that_is_stored(cast: Cast) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (500, {})
    with pytest.raises(XinqiaoError):
        cast.presented()
    cast.fake.answers.clear()
    binding = consents.start_binding(
        actor=cast.owner,
        node_id=cast.node.id,
        account_no=ACCOUNT_NO,
        kind="general",
        client=cast.client,
        at=cast.now,
    )
    assert binding.kind == "basic"
    assert [body["account_kind"] for path, body in cast.fake.calls] == ["basic", "basic"]


@pytest.mark.parametrize(("told", "kept"), [("general", "general"), ("special", "basic"), (7, "basic")])
def test_what_kind_an_account_is_says_its_bank(cast: Cast, told: Json, kept: str) -> None:
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (
        200,
        {"link": body["link"], "result": "pass", "account_kind": told},
    )

    assert cast.presented().kind == kept


def test_no_account_is_bound_at_a_node_that_is_not_offered(cast: Cast) -> None:
    def refused() -> None:
        with pytest.raises(NotFound):
            cast.presented()
        assert providers() == []
        assert cast.fake.calls == []

    ops, node, at = cast.operator, cast.node.id, cast.now
    identity.set_node_status(actor=ops, node_id=node, active=False, at=at)
    refused()
    identity.set_node_status(actor=ops, node_id=node, active=True, at=at)
    identity.set_institution_status(
        actor=ops, institution_id=cast.provider.institution_id, active=False, at=at
    )
    refused()


def test_a_closure_ends_the_binding_once_and_tells_the_enterprise(cast: Cast) -> None:
    binding = cast.bound()
    closed = consents.record_closure(actor=cast.system, binding_id=binding.id, at=cast.now)
    assert (closed.state, closed.ended_at) == ("closed", cast.now)
    assert Notice.objects.filter(kind="account_closed").count() == 1
    with pytest.raises(Conflict):
        consents.record_closure(actor=cast.system, binding_id=binding.id, at=cast.now)
    with pytest.raises(NotFound):
        consents.record_closure(actor=cast.system, binding_id="acc-" + "0" * 32, at=cast.now)
    assert consents.unbind(actor=cast.owner, binding_id=binding.id, at=cast.now).state == "unbound"


def test_an_account_is_bound_once(cast: Cast) -> None:
    cast.bound()
    with pytest.raises(Conflict) as refused:
        cast.presented()
    assert code_of(refused) is Code.CONFLICT_DUPLICATE


def test_an_agent_without_the_scope_cannot_bind(cast: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        cast.presented(actor=cast.clerk)
    assert code_of(refused) is Code.SUBJECT_NOT_AUTHORISED


def test_a_foreign_binding_is_absent_for_every_verb(cast: Cast) -> None:
    binding = cast.presented()
    seen = what_you_entrust(binding, language=Language.ZH)
    with pytest.raises(NotFound):
        consents.sign_entrustment(
            actor=cast.stranger,
            binding_id=binding.id,
            second_factor_id=cast.factor(cast.stranger, seen, binding.id),
            shown_digest=seen.digest,
            expected_version=binding.version,
            at=cast.now,
        )
    with pytest.raises(NotFound):
        consents.unbind(actor=cast.stranger, binding_id=binding.id, at=cast.now)


def test_an_entrustment_is_signed_once_and_only_in_the_version_shown(cast: Cast) -> None:
    binding = cast.presented()
    seen = what_you_entrust(binding, language=Language.ZH)

    def sign(version: int) -> None:
        consents.sign_entrustment(
            actor=cast.owner,
            binding_id=binding.id,
            second_factor_id=cast.factor(cast.owner, seen, binding.id),
            shown_digest=seen.digest,
            expected_version=version,
            at=cast.now,
        )

    with pytest.raises(Stale):
        sign(binding.version + 1)
    sign(binding.version)
    with pytest.raises(Conflict) as repeated:
        sign(binding.version + 1)
    assert code_of(repeated) is Code.ILLEGAL_MOVE


def test_unbinding_is_effective_at_once_and_the_provider_is_told_later(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)
    calls = len(cast.fake.calls)

    consents.unbind(actor=cast.owner, binding_id=binding.id, at=cast.now)

    assert len(cast.fake.calls) == calls
    assert Entrustment.objects.get(binding=binding).ended_at == cast.now
    assert Binding.objects.get(id=binding.id).state == "unbound"
    assert (
        Authorisation.objects.get(id=row.id).state == "confirmed"
    )  # it keeps its record, without a live account
    consents.deliver_termination(binding_id=binding.id, client=cast.client)
    assert cast.fake.calls[-1][0] == "/node/v1/terminations"
    with pytest.raises(Conflict):
        consents.unbind(actor=cast.owner, binding_id=binding.id, at=cast.now)


def test_an_unbound_account_can_be_bound_again(cast: Cast) -> None:
    first = cast.bound()
    consents.unbind(actor=cast.owner, binding_id=first.id, at=cast.now)
    assert cast.bound().id != first.id


def test_a_request_waits_fifteen_days_and_tells_the_enterprise(cast: Cast) -> None:
    row = cast.requested()

    assert row.state == "requested"
    assert row.request_no == "AR-20261121-0001"
    assert row.request_expires_at == cast.now + timedelta(days=15)
    assert row.reader == "hub_display"
    assert Leaf.objects.filter(type="REQUEST", object_id=row.id).count() == 1


def test_the_same_business_has_one_open_request(cast: Cast) -> None:
    cast.requested()
    with pytest.raises(Conflict) as refused:
        cast.requested()
    assert code_of(refused) is Code.CONFLICT_DUPLICATE
    cast.requested(bank=cast.outsider)


def test_only_a_query_operator_asks(cast: Cast) -> None:
    with pytest.raises(Forbidden) as refused:
        cast.requested(bank=cast.provider)
    assert code_of(refused) is Code.ROLE_FORBIDDEN


def test_a_request_above_the_ceiling_of_its_purpose_is_refused(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        consents.request_authorisation(
            actor=cast.bank,
            subject_uscc=cast_uscc(cast),
            purpose=Purpose.LOAN_APPLICATION,
            business_ref="SQ-1",
            products=frozenset(Product),
            months=24,
            valid_days=31,
            max_queries=3,
            include_balance=False,
            at=cast.now,
        )
    assert code_of(refused) is Code.CEILING_EXCEEDED


def cast_uscc(cast: Cast) -> str:
    from tests.hub.cast import OWNER_USCC

    return OWNER_USCC


def test_confirming_signs_an_artefact_that_says_exactly_what_was_chosen(cast: Cast) -> None:
    binding = cast.bound()

    row = cast.confirmed(binding, months_back=12)

    assert (row.state, row.partly, row.seq, row.months) == ("confirmed", True, 1, 12)
    assert row.valid_to == cast.now + timedelta(days=30)
    artefact = Artefact.objects.get(owner_id=row.id)
    claims = verify_jws(artefact.jws, runtime.hub_keys(), typ=ArtefactType.AUTHORISATION, at=cast.now)
    granted = Granted.from_claims(claims)
    assert granted.scope == cast.scope(binding, months_back=12)
    assert granted.artefact_digest == row.artefact_digest == artefact.digest
    assert claims["shown_digest"] == cast.text(row, granted.scope).digest


def test_more_than_was_asked_cannot_be_confirmed(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.requested()
    with pytest.raises(Invalid) as refused:
        cast.confirm(cast.owner, row, cast.scope(binding, months_back=36))
    assert code_of(refused) is Code.SCOPE_EXCEEDED


def test_what_is_signed_must_be_what_was_shown(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.requested()
    with pytest.raises(Invalid) as refused:
        cast.confirm(cast.owner, row, cast.scope(binding), shown=cast.scope(binding, months_back=3))
    assert code_of(refused) is Code.WHAT_YOU_SEE
    assert Authorisation.objects.get(id=row.id).state == "requested"


def test_a_foreign_account_cannot_be_given(cast: Cast) -> None:
    cast.bound()
    foreign = cast.bound("6222000033334444", cast.stranger)
    row = cast.requested()
    with pytest.raises(Invalid) as refused:
        cast.confirm(cast.owner, row, cast.scope(foreign))
    assert code_of(refused) is Code.INVALID


def test_an_agent_with_the_scope_confirms_and_one_without_it_does_not(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.requested()
    with pytest.raises(Forbidden) as refused:
        cast.confirm(cast.reader, row, cast.scope(binding))
    assert code_of(refused) is Code.SUBJECT_NOT_AUTHORISED
    assert cast.confirm(cast.clerk, row, cast.scope(binding)).state == "confirmed"


def test_a_foreign_authorisation_is_absent_for_every_verb(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)
    asked = cast.requested(ref="SQ-0002")
    with pytest.raises(NotFound):
        cast.withdraw(cast.stranger, row)
    with pytest.raises(NotFound):
        cast.append(cast.stranger, row, cast.scope(binding))
    with pytest.raises(NotFound):
        cast.confirm(cast.stranger, asked, cast.scope(binding))
    with pytest.raises(NotFound):
        consents.refuse_authorisation(
            actor=cast.stranger, authorisation_id=asked.id, expected_version=1, at=cast.now
        )


def test_confirming_something_that_changed_since_it_was_shown_is_stale(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.requested()
    with pytest.raises(Stale):
        cast.confirm(cast.owner, row, cast.scope(binding), expected_version=7)


def test_confirming_twice_is_an_illegal_move_and_changes_nothing(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)
    before = Authorisation.objects.filter(id=row.id).values().get()
    with pytest.raises(Conflict) as refused:
        cast.confirm(cast.owner, row, cast.scope(binding))
    assert code_of(refused) is Code.ILLEGAL_MOVE
    assert Authorisation.objects.filter(id=row.id).values().get() == before


def test_a_late_answer_is_refused_by_the_clock_whether_or_not_the_worker_ran(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.requested()
    cast.clock.set(row.request_expires_at)
    with pytest.raises(Conflict) as refused:
        cast.confirm(cast.owner, row, cast.scope(binding))
    assert refused.value.facts["reason"] == "LAPSED"
    assert consents.lapse_requests(actor=cast.system, at=cast.now) == 1
    assert consents.lapse_requests(actor=cast.system, at=cast.now) == 0
    assert Authorisation.objects.get(id=row.id).state == "lapsed"


def test_a_refusal_needs_no_second_factor_and_is_final(cast: Cast) -> None:
    row = cast.requested()
    consents.refuse_authorisation(
        actor=cast.owner,
        authorisation_id=row.id,
        expected_version=row.version,
        reason="暂不需要",
        at=cast.now,
    )
    assert Authorisation.objects.get(id=row.id).state == "refused"
    with pytest.raises(Conflict):
        consents.refuse_authorisation(
            actor=cast.owner, authorisation_id=row.id, expected_version=row.version + 1, at=cast.now
        )


def test_an_append_is_a_new_artefact_that_points_to_its_predecessor(cast: Cast) -> None:
    first, second = cast.bound(), cast.bound("6222000055556666")
    row = cast.confirmed(first, months_back=12)
    before = row.artefact_digest
    cast.clock.advance(timedelta(days=10))

    after = cast.append(cast.owner, row, cast.scope(second, months_back=24))

    assert (after.seq, after.months) == (2, 24)
    assert after.valid_to == cast.now + timedelta(days=30)
    latest = Artefact.objects.get(owner_id=row.id, seq=2)
    claims = verify_jws(latest.jws, runtime.hub_keys(), typ=ArtefactType.AUTHORISATION, at=cast.now)
    assert claims["predecessor"] == before
    assert Granted.from_claims(claims).scope.accounts == {first.id, second.id}
    assert set(after.accounts.values_list("binding_id", flat=True)) == {first.id, second.id}


def test_nothing_is_appended_to_an_ended_authorisation(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding, months_back=12)
    cast.clock.set(row.valid_to)  # type: ignore[arg-type]
    with pytest.raises(Conflict) as refused:
        cast.append(cast.owner, row, cast.scope(binding))
    assert code_of(refused) is Code.CONFLICT_STATE


def test_a_withdrawal_is_recorded_signed_and_absorbing(cast: Cast) -> None:
    binding = cast.bound()
    row = cast.confirmed(binding)

    gone = cast.withdraw(cast.owner, row)

    assert (gone.state, gone.withdrawn_at) == ("withdrawn", cast.now)
    assert Leaf.objects.filter(type="REVOKE", object_id=row.id).count() == 1
    assert Artefact.objects.filter(owner_id=row.id, type="withdrawal").count() == 1
    for again in (
        lambda: cast.withdraw(cast.owner, gone),
        lambda: cast.append(cast.owner, gone, cast.scope(binding)),
    ):
        with pytest.raises(Conflict) as refused:
            again()
        assert code_of(refused) is Code.ILLEGAL_MOVE


def test_withdrawing_takes_no_more_than_granting(cast: Cast) -> None:
    """PIPL article 15: both take one text, one second factor, one verb; withdrawing needs no version to match."""
    binding = cast.bound()
    row = cast.confirmed(binding, months_back=12)
    cast.append(cast.owner, row, cast.scope(binding))

    assert cast.withdraw(cast.owner, row).state == "withdrawn"


def test_a_request_cannot_be_withdrawn_by_the_subject_only_refused(cast: Cast) -> None:
    with pytest.raises(Conflict):
        cast.withdraw(cast.owner, cast.requested())


def test_a_second_factor_serves_one_act_of_one_person_on_one_object_once(cast: Cast) -> None:
    binding = cast.bound()
    first = cast.confirmed(binding)
    second = cast.confirmed(binding, ref="SQ-0002")
    seen = what_you_withdraw(first, language=Language.ZH)

    def withdraw(factor: str, row: Authorisation) -> None:
        text = what_you_withdraw(row, language=Language.ZH)
        consents.withdraw_authorisation(
            actor=cast.owner,
            authorisation_id=row.id,
            second_factor_id=factor,
            shown_digest=text.digest,
            at=cast.now,
        )

    own = cast.factor(cast.owner, seen, first.id)
    of_clerk = cast.factor(cast.clerk, seen, first.id)
    for factor, row in ((own, second), (of_clerk, first), ("fac-none", first)):
        with pytest.raises(Forbidden) as refused:
            withdraw(factor, row)
        assert code_of(refused) is Code.SECOND_FACTOR_REQUIRED
    cast.clock.advance(timedelta(minutes=5))
    with pytest.raises(Forbidden):
        withdraw(own, first)
    withdraw(cast.factor(cast.owner, seen, first.id), first)


def test_a_refused_verb_leaves_its_second_factor_usable(cast: Cast) -> None:
    """The factor is used in the transaction of the act: what is rolled back was not confirmed."""
    binding = cast.bound()
    row = cast.requested()
    seen = cast.text(row, cast.scope(binding))
    factor = cast.factor(cast.owner, seen, row.id)

    def confirm(version: int) -> Authorisation:
        return consents.confirm_authorisation(
            actor=cast.owner,
            authorisation_id=row.id,
            chosen=cast.scope(binding),
            second_factor_id=factor,
            shown_digest=seen.digest,
            expected_version=version,
            at=cast.now,
        )

    with pytest.raises(Stale):
        confirm(9)
    assert confirm(row.version).state == "confirmed"


def test_the_text_is_confirmed_in_whichever_language_it_was_shown(cast: Cast) -> None:
    from xinqiao.hub.apps.consents.summary import what_you_see

    binding = cast.bound()
    row = cast.requested()
    seen = what_you_see(row, cast.scope(binding), [binding], language=Language.EN)
    assert (
        consents.confirm_authorisation(
            actor=cast.owner,
            authorisation_id=row.id,
            chosen=cast.scope(binding),
            second_factor_id=cast.factor(cast.owner, seen, row.id),
            shown_digest=seen.digest,
            expected_version=row.version,
            at=cast.now,
        ).state
        == "confirmed"
    )


def test_the_english_text_says_everything_in_english(cast: Cast) -> None:
    from xinqiao.hub.apps.consents.summary import what_you_see

    binding = cast.bound()
    row = cast.requested()
    scope = cast.scope(binding)
    texts = [
        what_you_see(row, scope, [binding], language=Language.EN).text,
        what_you_withdraw(row, language=Language.EN).text,
        what_you_entrust(binding, language=Language.EN).text,
    ]
    names = (row.institution.name, row.enterprise.name, binding.bank_name, binding.node.institution.name)
    for text in texts:
        for name in names:
            text = text.replace(name, "")
        assert text.isascii(), text


def test_two_scopes_never_have_one_text(cast: Cast) -> None:
    """The last line is the digest of the act as data: accounts with the same masked form are told apart."""
    one, other = cast.bound("6222000011112222"), cast.bound("6222999911112222")
    assert one.masked == other.masked
    row = cast.requested()
    digests = {
        cast.text(row, scope).digest
        for scope in (
            cast.scope(one),
            cast.scope(other),
            cast.scope(one, other),
            cast.scope(one, include_balance=False),
            cast.scope(one, months_back=23),
            cast.scope(one, valid_days=29),
            cast.scope(one, max_queries=2),
            cast.scope(one, products=frozenset({Product.REPORT})),
        )
    }
    assert len(digests) == 8
