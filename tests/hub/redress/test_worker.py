"""The worker does what time asks for: who is late is told, what ended leaves answers and the lake."""

from datetime import date, timedelta

from tests.hub.cast import OWNER_USCC
from tests.hub.redress.bench import PENALTY, Bench, penalty

from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.redress.models import Suppression
from xinqiao.hub.worker import Worker


def test_one_round_tells_ends_and_takes_out(bench: Bench) -> None:
    bench.hold(penalty(), penalty(document_no="old", decided_on=date(2024, 1, 1)))
    records = {one["document_no"]: one for one in bench.lake.records(OWNER_USCC)[PENALTY]}
    assert set(records) == {"old", "澄市监罚〔2026〕12号"}
    bench.hold({"uscc": OWNER_USCC, "account_no": "W1", "period": "2026-10"}, item="water_fee")
    bench.at_source(item="water_fee")
    bench.cast.clock.advance(timedelta(days=30))
    Worker.make(bench.cast.client).run_once()
    assert set(Notice.objects.filter(kind="objection_late").values_list("audience_kind", flat=True)) == {
        "operator", "source",
    }  # fmt: skip
    assert [one["document_no"] for one in bench.lake.records(OWNER_USCC)[PENALTY]] == ["澄市监罚〔2026〕12号"]
    assert Suppression.objects.get().reason == "expired"
