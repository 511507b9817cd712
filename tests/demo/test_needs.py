"""The demonstration's needs: told by the verbs, in several states, with two advisers in turn."""

from collections import Counter

import pytest
from tests.hub.cast import Cast
from tests.hub.market.desk import make_makers

from xinqiao.demo.needs import tell_needs
from xinqiao.demo.seed import _staff
from xinqiao.hub.apps.identity.models import User
from xinqiao.hub.apps.needs.models import Contact, Need, NeedRecipient, ReturnVisit

pytestmark = pytest.mark.django_db


def test_five_needs_in_five_states_with_two_advisers(cast: Cast) -> None:
    _staff(cast.now)
    make_makers(cast).published(None, "demo-product-1")
    assert tell_needs(cast.owner, cast.stranger) == 5
    states = Counter(Need.objects.values_list("state", flat=True))
    assert states == {"assigned": 1, "draft": 1, "returned": 1, "closed": 1, "cancelled": 1}
    advisers = {one.id for one in User.objects.filter(username__in=("adviser1", "adviser2"))}
    assert {one for one in Need.objects.values_list("adviser_id", flat=True) if one} == advisers
    assert (Contact.objects.count(), NeedRecipient.objects.get().state, ReturnVisit.objects.count()) == (
        1,
        "proposed",
        1,
    )
