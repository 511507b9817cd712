"""The operations an institution has, each written once as steps. The two clients give them their typed faces.

A query is more than a call: one-time key, signed statement, call, opening, checks. The one-time key lives in this
generator's frame only; when it ends, nothing can open the product a second time.
"""

import secrets
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import replace

from xinqiao.client.believed import Anchor, Directory
from xinqiao.client.dossier import Dossier, check_dossier
from xinqiao.client.exchange import Ask, Exchange
from xinqiao.client.report import Question, Report, open_answer
from xinqiao.client.results import (
    Authorisation,
    AuthorisationPage,
    AuthorisationRequested,
    Checkpoint,
    Enterprise,
    Invitation,
    Operator,
    QueryAnswer,
    QueryPage,
    QueryRecord,
    RecordChanges,
    Result,
    Verification,
)
from xinqiao.client.steps import Steps
from xinqiao.clock import Clock
from xinqiao.domain.canonical import Json, canonical_bytes, digest_hex
from xinqiao.domain.consent import DETAIL_TYPE, Product, Purpose, Reader, VisibleState
from xinqiao.domain.errors import Code, Forbidden, NotFound, ProviderFault, Unauthenticated, XinqiaoError
from xinqiao.domain.errors import Invalid as InvalidError
from xinqiao.domain.period import parse_instant
from xinqiao.trust.encoding import strict_object, unb64
from xinqiao.trust.jws import ArtefactType, sign_jws, signer_of, verify_jws
from xinqiao.trust.keys import OpenKey, SigningKey

#: Authorisations whose artefacts are kept for the evidence of later queries. Signed texts of ids, no products.
REMEMBERED = 256


def new_key() -> str:
    """A fresh idempotency key."""
    return f"xq-{secrets.token_hex(16)}"


class Operations(Exchange):
    """All operations as steps. One-time keys are of the institution's own suite (SM2 keys seal to SM2)."""

    def __init__(
        self,
        base_url: str,
        institution_id: str,
        key: SigningKey,
        *,
        anchor: Anchor,
        clock: Clock,
        language: Callable[[], str] = lambda: "zh-CN",
        chance: Callable[[], float] | None = None,
    ) -> None:
        """See :class:`~.exchange.Exchange`."""
        super().__init__(
            base_url, institution_id, key, anchor=anchor, clock=clock, language=language, chance=chance
        )
        self._known: OrderedDict[str, Authorisation] = OrderedDict()

    def fetch[R: Result](self, shape: type[R], path: str, **params: str | int | None) -> Steps[R]:
        """A reading."""
        got = yield from self.ask(Ask("GET", path, params=params))
        return self.read(shape, got)

    def write[R: Result](self, shape: type[R], path: str, body: dict[str, Json], key: str | None) -> Steps[R]:
        """A writing under an idempotency key, a fresh one if none is given."""
        ask = Ask("POST", path, body=canonical_bytes(body), key=key or new_key())
        got = yield from self.ask(ask)
        return self.read(shape, got)

    # -- authorisations ---------------------------------------------------------------------------------------------

    def request_authorisation(
        self,
        *,
        subject_uscc: str,
        purpose: Purpose,
        business_ref: str,
        operator: Operator,
        products: Collection[Product],
        months: int,
        valid_days: int,
        max_queries: int,
        include_balance: bool,
        accounts: Collection[str] | None,
        reader: Reader,
        message: str,
        idempotency_key: str | None,
    ) -> Steps[AuthorisationRequested]:
        """See :meth:`.sync.Client.request_authorisation`."""
        detail: dict[str, Json] = {
            "type": DETAIL_TYPE,
            "actions": ["query"],
            "datatypes": [f"{product}:1" for product in sorted(products)],
            "accounts": "subject_choice" if accounts is None else [*sorted(accounts)],
            "data_range": {"months": months},
            "valid": {"days": valid_days},
            "frequency": {"max": max_queries},
            "include_balance": include_balance,
        }
        body: dict[str, Json] = {
            "subject_uscc": subject_uscc,
            "purpose": str(purpose),
            "business_ref": business_ref,
            "operator": {"name": operator.name, "department": operator.department},
            "authorization_details": [detail],
            "reader": str(reader),
            "message": message,
        }
        return (
            yield from self.write(
                AuthorisationRequested, "/api/v1/authorisation-requests", body, idempotency_key
            )
        )

    def authorisation(self, authorisation_id: str) -> Steps[Authorisation]:
        """One authorisation; its artefacts are verified."""
        found = yield from self.fetch(Authorisation, f"/api/v1/authorisations/{segment(authorisation_id)}")
        if found.id != authorisation_id:
            raise ProviderFault(Code.HUB_INVALID, "another authorisation than asked for")
        for artefact in found.artefacts:
            self.check_artefact(artefact.jws, artefact.digest, found.id)
        self._known[found.id] = found
        self._known.move_to_end(found.id)
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return found

    def check_artefact(
        self, jws: str, digest: str, authorisation_id: str, kind: ArtefactType = ArtefactType.AUTHORISATION
    ) -> None:
        """An artefact may be old: the key must have been in force when it says it was signed.

        Raises:
            ProviderFault: ``HUB_INVALID``: not the platform's, or (of ``kind``) about another authorisation.
        """
        try:
            signed_at = parse_instant(strict_object(unb64(jws.split(".")[1])).get("signed_at"))
            typ = ArtefactType(signer_of(jws)[1])
            claims = verify_jws(jws, self.believed.hub_keys, typ=typ, at=signed_at)
        except (Unauthenticated, InvalidError, ValueError, IndexError) as error:
            raise ProviderFault(Code.HUB_INVALID, "an artefact is not the platform's") from error
        mine = (claims.get("id"), claims.get("grantee")) == (authorisation_id, self.institution_id)
        if digest_hex(claims) != digest or (typ is kind and not mine):
            raise ProviderFault(Code.HUB_INVALID, "an artefact speaks of something else")

    def authorisations(
        self, *, state: VisibleState | None, subject_uscc: str | None, cursor: str | None, limit: int
    ) -> Steps[AuthorisationPage]:
        """A page of authorisations."""
        return (
            yield from self.fetch(
                AuthorisationPage,
                "/api/v1/authorisations",
                state=state and str(state),
                subject_uscc=subject_uscc,
                cursor=cursor,
                limit=limit,
            )
        )

    # -- queries ----------------------------------------------------------------------------------------------------

    def query(
        self,
        authorisation_id: str,
        account: str,
        product: Product,
        months: int,
        purpose: Purpose,
        operator: Operator,
        *,
        idempotency_key: str | None,
    ) -> Steps[Report]:
        """One product, opened and checked."""
        yield from self.directory()
        known = yield from self._remembered(authorisation_id)
        question = self._question(authorisation_id, account, product, months, purpose, operator)
        body: dict[str, Json] = {
            "authorisation_id": authorisation_id,
            "account": account,
            "product": str(product),
            "months": months,
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
            "one_time_key": question.key.public.to_jwk(),
            "statement": question.statement,
        }
        answer = yield from self.write(QueryAnswer, "/api/v1/fundflow/queries", body, idempotency_key)
        subject = known.subject_uscc if known else None
        try:
            report = self._open(answer, question, subject)
        except ProviderFault:
            if not self.may_refresh():
                raise
            # a node or a key may have come since the directory was read
            yield from self.directory(fresh=True)
            report = self._open(answer, question, subject)
        return (yield from self._with_artefacts(report, known))

    def _open(self, answer: QueryAnswer, question: Question, subject: str | None) -> Report:
        return open_answer(answer, question, self.believed, subject=subject, at=self.clock.now())

    def _question(
        self,
        authorisation_id: str,
        account: str,
        product: Product,
        months: int,
        purpose: Purpose,
        operator: Operator,
    ) -> Question:
        now, key = self.clock.now(), OpenKey.generate(self.key.suite)
        claims: dict[str, Json] = {
            "iss": self.institution_id,
            "jti": secrets.token_hex(16),
            "authorisation_id": authorisation_id,
            "account": account,
            "product": str(product),
            "months": months,
            "purpose": str(purpose),
            "jkt": key.kid,
            "iat": int(now.timestamp()),
        }
        return Question(
            institution_id=self.institution_id,
            authorisation_id=authorisation_id,
            account=account,
            product=product,
            months=months,
            purpose=purpose,
            operator=operator,
            statement=sign_jws(claims, self.key, ArtefactType.QUERY),
            key=key,
            institution_key=self.key.public,
            asked_at=now,
        )

    def _remembered(self, authorisation_id: str) -> Steps[Authorisation | None]:
        """The authorisation with its artefacts, read once before the first query under it.

        Before, because a failure afterwards would lose a released product. A no is left to the query itself, whose
        refusal is signed and says what would be allowed.
        """
        known = self._known.get(authorisation_id)
        if known is not None:
            return known
        try:
            return (yield from self.authorisation(authorisation_id))
        except (NotFound, Forbidden):
            return None

    def _with_artefacts(self, report: Report, known: Authorisation | None) -> Steps[Report]:
        wanted = permit_digest(report.permit)
        if known is None or wanted not in {one.digest for one in known.artefacts}:
            try:  # the enterprise has added to it since
                known = yield from self.authorisation(report.authorisation_id)
            except XinqiaoError:
                known = None  # the product stands on its own evidence; the bundle says what is missing
        return _evidence(report, known)

    def dossier(
        self,
        authorisation_id: str,
        purpose: Purpose,
        operator: Operator,
        items: Collection[str],
        idempotency_key: str | None,
        in_session: bool,
    ) -> Steps[Dossier]:
        """What was collected, as far as an authorisation of items grants it; held against the platform's statement."""
        body: dict[str, Json] = {
            "authorisation_id": authorisation_id,
            "purpose": str(purpose),
            "operator": {"name": operator.name, "department": operator.department},
            "items": [*sorted(items)],
        }
        ask = Ask(
            "POST",
            "/api/v1/dossiers/queries",
            body=canonical_bytes(body),
            key=idempotency_key or new_key(),
            tagged=in_session,
        )
        got = yield from self.ask(ask)
        return check_dossier(self.read(Dossier, got), got.body, self.believed)

    def query_record(self, query_id: str) -> Steps[QueryRecord]:
        """One query of the records."""
        return (yield from self.fetch(QueryRecord, f"/api/v1/fundflow/queries/{segment(query_id)}"))

    def queries(
        self, *, state: str | None, authorisation_id: str | None, cursor: str | None, limit: int
    ) -> Steps[QueryPage]:
        """A page of the records."""
        return (
            yield from self.fetch(
                QueryPage,
                "/api/v1/fundflow/queries",
                state=state,
                authorisation_id=authorisation_id,
                cursor=cursor,
                limit=limit,
            )
        )

    def record_changes(self, after: str | None, limit: int) -> Steps[RecordChanges]:
        """What changed of records this institution received."""
        return (yield from self.fetch(RecordChanges, "/api/v1/redress/changes", after=after, limit=limit))

    def verify_product(
        self, *, verify_code: str | None, receipt: str | None, digest: str | None
    ) -> Steps[Verification]:
        """Ask the platform whether it released a report."""
        given = {"verify_code": verify_code, "receipt": receipt, "digest": digest}
        body: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
        path = "/api/v1/products/verify"
        got = yield from self.ask(Ask("POST", path, body=canonical_bytes(body), signed=False))
        return self.read(Verification, got)

    # -- others -----------------------------------------------------------------------------------------------------

    def find_enterprise(self, uscc: str) -> Steps[Enterprise]:
        """Whether a code has a data account."""
        return (yield from self.fetch(Enterprise, f"/api/v1/enterprises/{segment(uscc)}"))

    def invite(
        self, uscc: str, operator: Operator, message: str, idempotency_key: str | None
    ) -> Steps[Invitation]:
        """Invite an enterprise without a data account."""
        body: dict[str, Json] = {
            "uscc": uscc,
            "message": message,
            "operator": {"name": operator.name, "department": operator.department},
        }
        return (yield from self.write(Invitation, "/api/v1/invitations", body, idempotency_key))

    def ledger(self) -> Steps[bytes]:
        """The institution's own ledger."""
        return (yield from self.ask(Ask("GET", "/api/v1/ledger"))).body

    def checkpoint(self) -> Steps[Checkpoint]:
        """The newest signed head."""
        got = yield from self.ask(Ask("GET", "/api/v1/checkpoints/latest", signed=False))
        return self.read(Checkpoint, got)

    def fresh_directory(self) -> Steps[Directory]:
        """The directory, verified."""
        return (yield from self.directory())


def segment(text: str) -> str:
    """An id as the last part of a path: nothing that could be another path."""
    if not text.isascii() or not text.replace("-", "").isalnum() or len(text) > 64:
        raise InvalidError(Code.INVALID, "not an id", facts={"field": "id"})
    return text


def permit_digest(permit: str) -> str | None:
    """The digest of the authorisation a permit names."""
    used = strict_object(unb64(permit.split(".")[1])).get("authorisation")
    digest = used.get("digest") if isinstance(used, dict) else None
    return digest if isinstance(digest, str) else None


def _evidence(report: Report, known: Authorisation | None) -> Report:
    return replace(report, artefacts=tuple(one.jws for one in known.artefacts)) if known else report
