"""Questions about referrals of cases."""

from xinqiao.domain.errors import NotFound
from xinqiao.hub.actors import Actor
from xinqiao.hub.apps.cases.models import Case
from xinqiao.hub.apps.disputes.models import Dispute, DisputeStep


def case(actor: Actor, case_id: str) -> Case:
    """A case of the actor's with its names. Raises NotFound."""
    rows = Case.objects.for_viewer(actor).select_related("enterprise", "institution")
    row = rows.filter(id=case_id).first()
    if row is None:
        raise NotFound
    return row


def disputes(actor: Actor, case_id: str) -> list[Dispute]:
    """The referrals of a case that the actor may know of, newest first."""
    rows = Dispute.objects.for_viewer(actor).filter(case_id=case_id)
    return list(rows.order_by("-prepared_at", "-id"))


def dispute(actor: Actor, dispute_id: str) -> Dispute:
    """One referral. Raises NotFound."""
    rows = Dispute.objects.for_viewer(actor).select_related("case__enterprise", "case__institution")
    row = rows.filter(id=dispute_id).first()
    if row is None:
        raise NotFound
    return row


def steps(row: Dispute) -> list[DisputeStep]:
    """What was recorded, newest first."""
    return list(row.steps.order_by("-seq"))
