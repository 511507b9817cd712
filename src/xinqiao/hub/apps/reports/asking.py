"""What an institution's report and its portrait do alike: who may ask, the first decision, another try, the key given back."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from xinqiao.clock import Clock
from xinqiao.domain.errors import Code, Forbidden, Invalid, Stale
from xinqiao.hub.actors import InstitutionActor, InstitutionRole
from xinqiao.hub.apps.fundflow.idempotency import free_key
from xinqiao.hub.apps.fundflow.protocol import Refused, Repeated
from xinqiao.hub.apps.fundflow.transaction import Step, Tx, run_now
from xinqiao.hub.apps.reports.jobs import OpenReport
from xinqiao.hub.apps.reports.protocol import Opened, ReportRequest

#: How often something is put together anew because a record changed its standing meanwhile.
_TRIES = 3
#: Authorisations one report or portrait may stand on.
MOST_AUTHORISATIONS = 8


def asked[Made](
    *, actor: InstitutionActor, ask: ReportRequest, clock: Clock, make: Callable[[Opened], Made]
) -> Made | Refused | Repeated:
    """Permission and the first decision, then ``make``; the idempotency key is given back where it fails.

    Raises:
        Forbidden: ``ROLE_FORBIDDEN``. Invalid: no authorisation named, too many, or one twice.
    """
    # the person at the keyboard decides, never the portal's own rights (abuse case A10)
    if InstitutionRole.QUERY_OPERATOR not in actor.roles or ask.institution_id != actor.institution_id:
        raise Forbidden(Code.ROLE_FORBIDDEN, "a query operator asks", facts={"role": "query_operator"})
    names = ask.authorisations
    if not 1 <= len(names) <= MOST_AUTHORISATIONS or len(set(names)) != len(names):
        raise Invalid(
            Code.INVALID, "1 to 8 authorisations, each once", facts={"field": "authorisations", "max": 8}
        )
    opened = run_now(OpenReport(ask), clock=clock)
    if not isinstance(opened, Opened):
        return opened
    try:
        return make(opened)
    except BaseException:
        # nothing was handed out: the same key may try again
        run_now(_FreeKey(ask.query_id), clock=clock)
        raise


def again_when_stale[Made](make: Callable[[], Made]) -> Made:
    """Put together again what a repair or a dispute overtook meanwhile. Raises Stale when it does so every time."""
    for _ in range(_TRIES - 1):
        with suppress(Stale):
            return make()
    return make()


@dataclass(frozen=True, slots=True)
class _FreeKey:
    """Give an idempotency key back."""

    query_id: str

    @property
    def locks(self) -> tuple[str, ...]:
        """None."""
        return ()

    def run(self, tx: Tx) -> Step[None]:
        """See the class."""
        free_key(tx, self.query_id)
        yield from ()  # no leaf
