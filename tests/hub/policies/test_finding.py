"""政策找人: only who agreed, by columns as by the literal rules, told what is new and not too often, gone when taken back."""

from datetime import timedelta
from functools import partial

import pytest
from tests.hub.policies.bureau import Bureau

from xinqiao.domain.errors import Forbidden, Stale
from xinqiao.domain.market.conditions import Tri, judge
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import Enterprise
from xinqiao.hub.apps.notices.models import Notice
from xinqiao.hub.apps.policies import facts, finding
from xinqiao.hub.apps.policies.models import Hit
from xinqiao.hub.apps.policies.selectors import terms_of

pytestmark = pytest.mark.django_db


def _agree(bureau: Bureau, on: bool = True, version: int = 0) -> None:
    finding.set_consent(actor=bureau.cast.owner, on=on, expected_version=version, at=bureau.now)


def _told() -> int:
    return Notice.objects.filter(kind="policy_found").count()


def test_only_who_agreed_is_looked_at(bureau: Bureau) -> None:
    bureau.published()
    assert finding.evaluate(at=bureau.now).firms == 0
    assert finding.consent_of(bureau.cast.owner) is None
    _agree(bureau)
    found = finding.evaluate(at=bureau.now)
    assert (found.policies, found.firms, found.fit, found.told) == (1, 1, 1, 1)
    hit = Hit.objects.get()
    assert (hit.enterprise_id, hit.verdict, hit.estimate_fen) == (bureau.cast.owner.enterprise_id, 2, 500_000)
    assert [one.id for one in finding.hits(bureau.cast.owner, at=bureau.now)] == [hit.id]
    assert finding.hits(bureau.cast.stranger, at=bureau.now) == []


def test_taking_it_back_forgets_at_once_and_nobody_looks_again(bureau: Bureau) -> None:
    bureau.published()
    _agree(bureau)
    finding.evaluate(at=bureau.now)
    leaves = Leaf.objects.count()
    _agree(bureau, False, 1)
    assert Leaf.objects.count() == leaves + 1
    assert not Hit.objects.exists()
    assert finding.evaluate(at=bureau.now).firms == 0
    # between the look and the storing: what was taken back meanwhile is not stored
    assert finding._keep(Enterprise.objects.get(id=bureau.cast.owner.enterprise_id), [], bureau.now) is False


def test_who_may_agree_and_once(bureau: Bureau) -> None:
    say = partial(finding.set_consent, on=True, at=bureau.now)
    with pytest.raises(Forbidden):
        say(actor=bureau.cast.reader, expected_version=0)
    row = say(actor=bureau.cast.clerk, expected_version=0)
    assert say(actor=bureau.cast.owner, expected_version=1).version == row.version == 1
    with pytest.raises(Stale):
        say(actor=bureau.cast.owner, expected_version=0)


def test_columns_say_what_the_literal_rules_say(bureau: Bureau) -> None:
    rows = [
        bureau.published(),
        bureau.published(key="form-0002", regions=["14"]),
        bureau.published(key="form-0003", condition={"field": "firm.tax_grade", "one_of": ["A", "B"]}),
        bureau.published(key="form-0004", condition={"not": {"field": "firm.industry", "under": ["A"]}}),
        bureau.published(key="form-0005", kind="risk_compensation", share="0.4", rate=None, most_days=None),
    ]
    _agree(bureau)
    finding.set_consent(actor=bureau.cast.stranger, on=True, expected_version=0, at=bureau.now)
    found = finding.evaluate(at=bureau.now)
    assert found.policies == 4  # what pays institutions is no firm's
    expected = {
        (firm.id, row.policy_id): verdict
        for firm in Enterprise.objects.filter(policy_consent__on=True)
        for row in rows[:4]
        if (verdict := judge(terms_of(row).admission(), facts.firm_facts(firm, at=bureau.now))) is not Tri.NO
    }
    assert {(one.enterprise_id, one.policy_id): one.verdict for one in Hit.objects.all()} == expected
    unknown = Hit.objects.filter(policy_id=rows[2].policy_id).first()
    assert unknown is not None
    assert unknown.reasons[-1]["missing"] == "not_told"
    assert unknown.change == [{"field": "firm.tax_grade", "target": "A"}]


def test_told_is_what_is_new_at_most_twice_in_seven_days(bureau: Bureau) -> None:
    bureau.published()
    _agree(bureau)
    assert [finding.evaluate(at=bureau.now).told for _ in range(2)] == [1, 0]
    for number in (2, 3):
        bureau.cast.clock.advance(timedelta(days=1))
        bureau.published(key=f"form-000{number}")
        finding.evaluate(at=bureau.now)
    assert _told() == 2  # the third waits
    bureau.cast.clock.advance(timedelta(days=5, seconds=1))
    assert finding.evaluate(at=bureau.now).told == 1
    assert finding.evaluate(at=bureau.now).told == 0
    assert _told() == 3


def test_what_was_applied_for_is_not_announced_and_what_ended_is_gone(bureau: Bureau) -> None:
    row = bureau.published()
    _agree(bureau)
    bureau.applied(row)
    assert finding.evaluate(at=bureau.now).told == 0
    Enterprise.objects.filter(id=bureau.cast.owner.enterprise_id).update(region="140000")
    found = finding.evaluate(at=bureau.now)
    assert (found.fit, Hit.objects.count()) == (0, 0)


def test_without_policies_or_firms_nothing_is_written(bureau: Bureau) -> None:
    leaves = Leaf.objects.count()
    assert finding.evaluate(at=bureau.now) == finding.Evaluated(0, 0, 0, 0, 0)
    assert Leaf.objects.count() == leaves
