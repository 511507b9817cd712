"""Feedback: what was shown is counted once and says nothing about whom; small counts are not told."""

from datetime import timedelta

from django.db import transaction
from tests.hub.collection.sources import ITEM, OTHER_ITEM
from tests.hub.quality.supply import Supply

from xinqiao.domain.quality import Told
from xinqiao.hub.apps.collection.usage import USED, announce_use
from xinqiao.hub.apps.items.models import ItemQuery
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.hub.apps.quality.models import UseCount
from xinqiao.hub.apps.quality.services import count_dossiers, count_use
from xinqiao.hub.apps.quality.usage import use_of_source

MONTH = "2026-11"
NAME = "澄州医保局"


def shown(supply: Supply, kind: str = "report", institution: str = "ins-1", item: str = ITEM) -> OutboxEvent:
    """Records of an item from the first source were shown to somebody, and it was counted."""
    before = set(OutboxEvent.objects.values_list("id", flat=True))
    with transaction.atomic():
        announce_use(kind=kind, shown={item: [NAME]}, at=supply.now, institution_id=institution)
    event = OutboxEvent.objects.exclude(id__in=before).get()
    count_use(event=event)
    return event


def told(supply: Supply, item: str = ITEM) -> dict[str, Told]:
    """What the first source is told of an item."""
    (one,) = [
        use for use in use_of_source(supply.suppliers.steward.source_id, [ITEM, OTHER_ITEM], MONTH) if use.item == item
    ]  # fmt: skip
    return {**one.uses, "institutions": one.institutions}


def test_uses_are_counted_once_and_the_announcement_is_forgotten(supply: Supply) -> None:
    event = shown(supply)
    count_use(event=event)
    event.refresh_from_db()
    assert (event.topic, event.payload) == (USED, {})
    assert [(row.count, row.kind, row.institution) for row in UseCount.objects.all()] == [
        (1, "report", "ins-1")
    ]
    shown(supply)
    assert UseCount.objects.get().count == 2


def test_small_counts_are_hidden_and_none_is_said(supply: Supply) -> None:
    assert told(supply)["report"] == Told(0, 5)
    for _ in range(4):
        shown(supply)
    assert told(supply)["report"].hidden
    assert told(supply)["institutions"].hidden
    shown(supply, institution="ins-2")
    assert (told(supply)["report"].number, told(supply)["institutions"].number) == (5, 2)
    shown(supply, kind="own_report", institution="")
    assert told(supply)["own_report"].hidden
    assert told(supply)["institutions"].number == 2
    assert told(supply, OTHER_ITEM)["report"].number == 0


def dossier(supply: Supply, *names: str, state: str = "released", days: int = 0) -> None:
    """The record of one dossier query."""
    number = ItemQuery.objects.count()
    ItemQuery.objects.create(
        id=f"itq-{number}", kind="collected", institution_id=supply.suppliers.cast.bank.institution_id, item="dossier",
        fields=list(names), purpose="loan_application", operator_name="x", state=state, end_leaf=1, answer_digest="d",
        permit_jti=f"p{number}", asked_at=supply.now - timedelta(days=days),
    )  # fmt: skip


def test_dossiers_are_counted_from_their_records_for_every_supplier_of_an_item(supply: Supply) -> None:
    for _ in range(5):
        dossier(supply, f"{ITEM}.uscc", f"{ITEM}.arrears_amount", "gas_fee.uscc")
    dossier(supply, f"{ITEM}.uscc", state="denied")
    dossier(supply, f"{ITEM}.uscc", days=40)
    assert count_dossiers(MONTH) == count_dossiers(MONTH) == 3
    assert (told(supply)["dossier"].number, told(supply)["institutions"].number) == (5, 1)
    assert told(supply, OTHER_ITEM)["dossier"].number == 0
    theirs = {
        use.item: use for use in use_of_source(supply.suppliers.stranger.source_id, [ITEM, "gas_fee"], MONTH)
    }
    assert {item: use.uses["dossier"].number for item, use in theirs.items()} == {ITEM: 5, "gas_fee": 5}


def test_other_months_other_sources_and_unknown_names_are_apart(supply: Supply) -> None:
    shown(supply)
    with transaction.atomic():
        announce_use(kind="report", shown={ITEM: ["没有这个单位"]}, at=supply.now, institution_id="ins-1")
        announce_use(kind="report", shown={}, at=supply.now, institution_id="ins-1")
    for event in OutboxEvent.objects.filter(topic=USED):
        count_use(event=event)
    assert UseCount.objects.count() == 1
    (other,) = use_of_source(supply.suppliers.stranger.source_id, [ITEM], MONTH)
    assert other.uses["report"].number == 0
    (before,) = use_of_source(supply.suppliers.steward.source_id, [ITEM], "2026-10")
    assert before.uses["report"].number == 0
