"""Every collected item, from the empty form to the firm's report: template, filled, sent, judged, stored, seen."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django import Settings
from tests.catalogue.cases import should_pass
from tests.hub.cast import OWNER_USCC, Cast

from xinqiao.catalogue.template import csv_template
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.collection import BatchState
from xinqiao.domain.report import Availability
from xinqiao.hub.actors import SystemActor
from xinqiao.hub.apps.collection import lake_engine, uploads
from xinqiao.hub.apps.collection.lake_engine import LakeEngine
from xinqiao.hub.apps.collection.models import Batch
from xinqiao.hub.apps.collection.services import process_next
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.apps.identity.selectors import source_actor
from xinqiao.hub.apps.reports.lake import holdings_of
from xinqiao.hub.apps.reports.services import issue_own
from xinqiao.hub.runtime import runtime


def _filled(item: Item) -> dict[str, str]:
    """A complete row about the owner's firm, named by its credit code whichever field the item knows firms by."""
    row = dict(next(should_pass(item))[0])
    if (
        "removed_on" in row
    ):  # a person's judgment is no firm's record, and one that was removed is in no report
        row |= {"subject_kind": "法人或其他组织", "subject_id_no": ""}
        row |= {"removed_on": "", "removal_reason": "", "listed_until": ""}
    if "uscc" in row:
        row["uscc"] = OWNER_USCC
    elif "id_no" in row:
        kinds = runtime.catalogue.code_lists[
            next(f.code_list for f in item.fields if f.name == "id_type") or ""
        ]
        row["id_type"] = next(code for code, label in kinds.entries.items() if "统一社会信用代码" in label)
        row["id_no"] = OWNER_USCC
    return row


@pytest.mark.django_db(transaction=True)
def test_every_collected_item_is_sent_on_its_form_and_seen_in_the_report(
    stage: Cast, tmp_path: Path, settings: Settings
) -> None:
    settings.COLLECTION_DIR = tmp_path / "collection"
    settings.XINQIAO_LAKE = tmp_path / "lake"
    settings.BATCHES_WAITING_PER_SOURCE = 50
    lake_engine._opened.cache_clear()
    items = runtime.catalogue.collected()
    assert len(items) == 17
    source = source_actor(
        identity.register_source(
            actor=SystemActor("test"), code="all", name="全部事项来源", short_name="全部来源", kind="centre", division="",
            items=[item.id for item in items], username="all.steward", password="long-enough-password",
            display_name="沈砚", at=stage.now, is_demo=True,
        )
    )  # fmt: skip
    for item in items:
        sent = csv_template(item, [_filled(item)])
        uploads.submit_whole(
            actor=source, item=item.id, file_name=f"{item.id}.csv", chunks=iter([sent]), at=stage.now
        )
    while process_next(engine=LakeEngine(), clock=stage.clock):
        pass
    assert {row.item: row.state for row in Batch.objects.all() if row.state != BatchState.ACCEPTED} == {}
    issued = issue_own(actor=stage.owner, holdings=holdings_of(OWNER_USCC), at=stage.now)
    seen = {
        section.item.id for section in issued.report.sections if section.availability is Availability.SHOWN
    }
    assert seen == {item.id for item in items}
    assert Path(django_settings.XINQIAO_LAKE).is_dir()
