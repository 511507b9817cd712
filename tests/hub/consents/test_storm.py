"""Case D7: confirm, append and withdraw from several sessions at once. Linear, and no withdrawal is ever lost."""

import threading
from collections.abc import Callable
from pathlib import Path

from django.db import connections
from tests.hub.cast import Cast

from xinqiao.domain.errors import Conflict, Stale, XinqiaoError
from xinqiao.hub.apps.audit.evidence import export_log
from xinqiao.hub.apps.consents.models import Artefact, Authorisation, History
from xinqiao.hub.runtime import runtime
from xinqiao.trust.verify import verify_file


def together(*acts: Callable[[], object]) -> list[object]:
    """Run the acts at the same moment; each gives its result or its error."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(place: int, act: Callable[[], object]) -> None:
        try:
            barrier.wait(30)
            results[place] = act()
        except Exception as error:  # noqa: BLE001 - the test judges it
            results[place] = error
        finally:
            connections.close_all()

    workers = [threading.Thread(target=run, args=(place, act)) for place, act in enumerate(acts)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return results


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
