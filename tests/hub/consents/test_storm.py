"""Case D7: confirm, append and withdraw from several sessions at once. Linear, and no withdrawal is ever lost."""

import threading
from pathlib import Path

import pytest
from django.db import connection, connections
from tests.hub.cast import Cast
from tests.hub.together import together

from xinqiao.domain.errors import Conflict, Stale, XinqiaoError
from xinqiao.hub.actors import EnterpriseActor
from xinqiao.hub.apps.audit.evidence import export_log
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.consents import bindings
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, Binding, History
from xinqiao.hub.runtime import runtime
from xinqiao.trust.leaf import parse_leaf
from xinqiao.trust.verify import verify_file


def test_of_many_confirmations_one_wins(stage: Cast) -> None:
    binding = stage.bound()
    row = stage.requested()

    results = together(*[lambda: stage.confirm(stage.owner, row, stage.scope(binding))] * 6)

    assert sum(isinstance(result, Authorisation) for result in results) == 1
    assert all(isinstance(result, Authorisation | Stale) for result in results)
    assert Artefact.objects.filter(owner_id=row.id).count() == 1


def test_a_withdrawal_wins_over_any_storm_of_appends(stage: Cast, tmp_path: Path) -> None:
    binding = stage.bound()
    for round_ in range(8):
        row = stage.confirmed(binding, ref=f"SQ-{round_}", months_back=3)

        def append(months: int, row: Authorisation = row) -> object:
            fresh = Authorisation.objects.select_related("institution", "enterprise").get(id=row.id)
            return stage.append(stage.owner, fresh, stage.scope(binding, months_back=months))

        results = together(
            lambda: append(6),
            lambda: append(9),
            lambda row=row: stage.withdraw(stage.owner, row),  # type: ignore[misc]
            lambda: append(12),
            lambda row=row: stage.withdraw(stage.clerk, row),  # type: ignore[misc]
        )

        withdrawals = [results[2], results[4]]
        assert sum(isinstance(result, Authorisation) for result in withdrawals) == 1
        assert all(isinstance(result, Authorisation | XinqiaoError) for result in results), results
        assert any(isinstance(result, Conflict) for result in withdrawals)
        events = list(History.objects.filter(object_id=row.id).order_by("seq").values_list("event", "seq"))
        assert [seq for _, seq in events] == list(range(1, len(events) + 1))
        assert [event for event, _ in events].count("withdraw") == 1
        assert events[-1][0] == "withdraw"
        final = Authorisation.objects.get(id=row.id)
        assert (final.state, final.withdrawn_at) == ("withdrawn", stage.now)
        chain = list(Artefact.objects.filter(owner_id=row.id).order_by("seq"))
        assert [one.predecessor for one in chain[1:]] == [one.digest for one in chain[:-1]]

    file = tmp_path / "log"
    with file.open("wb") as out:
        export_log(out, at=stage.now)
    report = verify_file(file, trusted_keys=runtime.hub_verify_keys())
    assert report.ok, report.problems


def test_an_authorisation_confirmed_while_its_account_is_unbound_is_locked_and_counted_too(
    stage: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL one can be confirmed between the list and the locks; on SQLite writers are alone anyway."""
    account = stage.bound()
    stage.confirmed(account)
    late = stage.requested(ref="SQ-0002")
    lock, rounds = bindings.lock_binding, []

    def confirm() -> None:
        try:
            stage.confirm(stage.owner, late, stage.scope(account))
        finally:
            connections.close_all()

    def slip_in(actor: EnterpriseActor, binding_id: str, version: int | None) -> Binding:
        rounds.append(binding_id)
        if len(rounds) == 1:
            other = threading.Thread(target=confirm)
            other.start()
            other.join(30)
        return lock(actor, binding_id, version)

    if connection.vendor == "sqlite":
        confirm()
    else:
        monkeypatch.setattr(bindings, "lock_binding", slip_in)
    bindings.unbind(actor=stage.owner, binding_id=account.id, at=stage.now)

    leaf = parse_leaf(bytes(Leaf.objects.get(type="UNBIND").body))
    assert leaf.facts["authorisations"] == 2
    assert len(rounds) == (0 if connection.vendor == "sqlite" else 2)


def test_an_account_is_unbound_before_or_after_its_confirmation_never_beside_it(stage: Cast) -> None:
    """Whatever the order, the count in the log is that of the authorisations that cover the account."""
    for round_ in range(6):
        account = stage.bound()
        row = stage.requested(ref=f"SQ-{round_}")
        results = together(
            lambda row=row, account=account: stage.confirm(stage.owner, row, stage.scope(account)),  # type: ignore[misc]
            lambda account=account: bindings.unbind(  # type: ignore[misc]
                actor=stage.owner, binding_id=account.id, at=stage.now
            ),
        )
        assert isinstance(results[1], Binding), results
        confirmed = isinstance(results[0], Authorisation)
        assert confirmed or isinstance(results[0], XinqiaoError), results
        leaf = parse_leaf(bytes(Leaf.objects.filter(type="UNBIND").order_by("-index")[0].body))
        assert leaf.facts["authorisations"] == int(confirmed)
