"""The operations about items, each written once as steps; the two clients give them their typed faces.

A call has a one-time key that lives in the generator's frame only; a verification sends the claim with its salt.
"""

import secrets
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from xinqiao.client.claims import StatedClaim
from xinqiao.client.item_answer import ItemAnswer, ItemQuestion, open_item_answer
from xinqiao.client.item_results import (
    ItemAuthorisation,
    ItemAuthorisationPage,
    ItemQueryPage,
    ItemQueryRecord,
    ItemReleased,
)
from xinqiao.client.operations import REMEMBERED, Operations, permit_digest, segment
from xinqiao.client.results import AuthorisationRequested, Operator
from xinqiao.client.steps import Steps
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose, VisibleState
from xinqiao.domain.errors import Code, Forbidden, NotFound, ProviderFault, XinqiaoError
from xinqiao.trust.jws import ArtefactType, sign_jws
from xinqiao.trust.keys import OpenKey

_ROOT = "/api/v1/items"


class ItemOperations:
    """Operations about items of one institution, over the exchange of ``hub``."""

    def __init__(self, hub: Operations) -> None:
        self._hub = hub
        self._known: OrderedDict[str, ItemAuthorisation] = OrderedDict()

    # -- authorisations ---------------------------------------------------------------------------------------------

    def request(
        self,
        *,
        subject_uscc: str,
        purpose: Purpose,
        business_ref: str,
        operator: Operator,
        items: Mapping[str, Sequence[str]],
        claims: Sequence[StatedClaim],
        valid_days: int,
        max_queries: int,
        report: bool,
        message: str,
        idempotency_key: str | None,
    ) -> Steps[AuthorisationRequested]:
        """See :meth:`.sync_items.Items.request`."""
        body: dict[str, Json] = {
            "subject_uscc": subject_uscc,
            "purpose": str(purpose),
            "business_ref": business_ref,
            "operator": {"name": operator.name, "department": operator.department},
            "items": [{"item": item, "fields": [*sorted(fields)]} for item, fields in sorted(items.items())],
            "claims": [claim.body() for claim in claims],
            "valid": {"days": valid_days},
            "frequency": {"max": max_queries},
            "report": report,
            "message": message,
        }
        path = f"{_ROOT}/authorisation-requests"
        return (yield from self._hub.write(AuthorisationRequested, path, body, idempotency_key))

    def authorisation(self, authorisation_id: str) -> Steps[ItemAuthorisation]:
        """One authorisation; its artefacts are verified."""
        path = f"{_ROOT}/authorisations/{segment(authorisation_id)}"
        found = yield from self._hub.fetch(ItemAuthorisation, path)
        if found.id != authorisation_id:
            raise ProviderFault(Code.HUB_INVALID, "another authorisation than asked for")
        for one in found.artefacts:
            self._hub.check_artefact(one.jws, one.digest, found.id, ArtefactType.ITEM_AUTHORISATION)
        self._known[found.id] = found
        self._known.move_to_end(found.id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def authorisations(
        self, *, state: VisibleState | None, subject_uscc: str | None, cursor: str | None, limit: int
    ) -> Steps[ItemAuthorisationPage]:
        """A page of authorisations."""
        return (
            yield from self._hub.fetch(
                ItemAuthorisationPage,
                f"{_ROOT}/authorisations",
                state=state and str(state),
                subject_uscc=subject_uscc,
                cursor=cursor,
                limit=limit,
            )
        )

    # -- calls and verifications ------------------------------------------------------------------------------------

    def call(
        self,
        authorisation_id: str,
        item: str,
        fields: Sequence[str],
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None,
    ) -> Steps[ItemAnswer]:
        """One interface item, opened and checked."""
        key = OpenKey.generate(self._hub.key.suite)
        question = self._question(authorisation_id, item, fields, None, purpose, operator, key)
        body: dict[str, Json] = {
            "authorisation_id": authorisation_id,
            "item": item,
            "fields": [*question.fields],
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
            "one_time_key": key.public.to_jwk(),
            "statement": question.statement,
        }
        return (yield from self._ask(question, f"{_ROOT}/queries", body, idempotency_key))

    def verify(
        self,
        authorisation_id: str,
        claim: StatedClaim,
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None,
    ) -> Steps[ItemAnswer]:
        """One claim: yes or not, signed by the department."""
        question = self._question(
            authorisation_id, claim.item, claim.fields, claim.digest, purpose, operator, None
        )
        body: dict[str, Json] = {
            "authorisation_id": authorisation_id,
            "claim": claim.body(),
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
            "statement": question.statement,
        }
        return (yield from self._ask(question, "/api/v1/verifications", body, idempotency_key))

    def _question(
        self,
        authorisation_id: str,
        item: str,
        fields: Sequence[str],
        claim: str | None,
        purpose: Purpose,
        operator: Operator,
        key: OpenKey | None,
    ) -> ItemQuestion:
        now, wanted = self._hub.clock.now(), sorted(set(fields))
        claims: dict[str, Json] = {
            "iss": self._hub.institution_id,
            "jti": secrets.token_hex(16),
            "authorisation_id": authorisation_id,
            "item": item,
            "fields": [*wanted],
            "claim": claim,
            "purpose": str(purpose),
            "jkt": None if key is None else key.kid,
            "iat": int(now.timestamp()),
        }
        return ItemQuestion(
            institution_id=self._hub.institution_id,
            authorisation_id=authorisation_id,
            item=item,
            fields=tuple(wanted),
            claim=claim,
            purpose=purpose,
            operator=operator,
            statement=sign_jws(claims, self._hub.key, ArtefactType.ITEM_QUERY),
            key=key,
            institution_key=self._hub.key.public,
            asked_at=now,
        )

    def _ask(
        self, question: ItemQuestion, path: str, body: dict[str, Json], idempotency_key: str | None
    ) -> Steps[ItemAnswer]:
        yield from self._hub.directory()
        # before, because a failure afterwards would lose an answer that nobody can give again
        known = yield from self._remembered(question.authorisation_id)
        answer = yield from self._hub.write(ItemReleased, path, body, idempotency_key)
        subject = known.subject_uscc if known else None
        try:
            found = self._open(answer, question, subject)
        except ProviderFault:
            if not self._hub.may_refresh():
                raise
            # a node or a key may have come since the directory was read
            yield from self._hub.directory(fresh=True)
            found = self._open(answer, question, subject)
        return (yield from self._with_artefacts(found, known))

    def _open(self, answer: ItemReleased, question: ItemQuestion, subject: str | None) -> ItemAnswer:
        return open_item_answer(
            answer, question, self._hub.believed, subject=subject, at=self._hub.clock.now()
        )

    def _remembered(self, authorisation_id: str) -> Steps[ItemAuthorisation | None]:
        known = self._known.get(authorisation_id)
        if known is not None:
            return known
        try:
            return (yield from self.authorisation(authorisation_id))
        except (NotFound, Forbidden):
            return None  # the refusal of the query itself is signed and says more

    def _with_artefacts(self, found: ItemAnswer, known: ItemAuthorisation | None) -> Steps[ItemAnswer]:
        if known is None or permit_digest(found.permit) not in {one.digest for one in known.artefacts}:
            try:  # the enterprise has added to it since
                known = yield from self.authorisation(found.authorisation_id)
            except XinqiaoError:
                known = None  # the answer stands on its own evidence; the bundle says what is missing
        return replace(found, artefacts=tuple(one.jws for one in known.artefacts)) if known else found

    # -- records ----------------------------------------------------------------------------------------------------

    def record(self, query_id: str) -> Steps[ItemQueryRecord]:
        """One call or verification of the records."""
        return (yield from self._hub.fetch(ItemQueryRecord, f"{_ROOT}/queries/{segment(query_id)}"))

    def records(
        self, *, state: str | None, authorisation_id: str | None, cursor: str | None, limit: int
    ) -> Steps[ItemQueryPage]:
        """A page of the records."""
        return (
            yield from self._hub.fetch(
                ItemQueryPage,
                f"{_ROOT}/queries",
                state=state,
                authorisation_id=authorisation_id,
                cursor=cursor,
                limit=limit,
            )
        )
