"""From figures to an answer: the head of a product, its seal and the receipt. The permit is consumed already.

The product is signed by the node, then sealed to the one-time key; the receipt names what was asked and the digest of
the sealed bytes, and holds no figure. What is in a product is ``domain.fundflow.products``.
"""

import hashlib
import secrets
from datetime import UTC, datetime

from xinqiao.clock import SHANGHAI, Clock
from xinqiao.domain.canonical import Json, canonical_bytes, canonical_object
from xinqiao.domain.consent import Product, QueryKind
from xinqiao.domain.fundflow.model import RULES_VERSION
from xinqiao.domain.fundflow.normal import normal_account
from xinqiao.domain.fundflow.products import TEMPLATE_VERSION, ReportHead, head_section
from xinqiao.domain.fundflow.products import Product as HeadProduct
from xinqiao.domain.fundflow.products import QueryKind as HeadKind
from xinqiao.domain.identifiers import mask_account
from xinqiao.provider.compute import PLACE, Body, Computer
from xinqiao.provider.config import NodeConfig
from xinqiao.provider.directory import TrustStore
from xinqiao.provider.faults import Fault, Hooks
from xinqiao.provider.gate import Admitted
from xinqiao.provider.stores.base import AccountRecord
from xinqiao.trust.jwe import seal
from xinqiao.trust.jws import ArtefactType, sign_canonical, sign_jws
from xinqiao.trust.keys import SigningKey
from xinqiao.trust.packing import packed, stored


class ProductMaker:
    """Makes the answer to an admitted permit; safe to call from several threads."""

    def __init__(
        self, *, config: NodeConfig, key: SigningKey, trust: TrustStore, clock: Clock, computer: Computer, hooks: Hooks
    ) -> None:  # fmt: skip
        self._config = config
        self._key = key
        self._trust = trust
        self._clock = clock
        self._computer = computer
        self._hooks = hooks

    def make(
        self, admitted: Admitted, account: AccountRecord, bound: tuple[str, ...]
    ) -> tuple[dict[str, Json], str]:
        """Compute, seal and sign; returns the answer's body and the number of the report.

        Raises:
            StoreError, Unavailable: as :meth:`Computer.body`.
        """
        permit, now = admitted.permit, self._clock.now()
        body = self._computer.body(
            account,
            bound,
            product=permit.product,
            months=permit.months,
            include_balance=permit.include_balance,
        )
        report_no = f"FR-{now.astimezone(SHANGHAI):%Y%m%d}-{secrets.token_hex(6).upper()}"
        head = self._head(admitted, account, report_no, now)
        kind = HeadProduct.REPORT if permit.product is Product.REPORT else HeadProduct.SUMMARY
        head_bytes = canonical_bytes(head_section(head, body.basis, kind))
        stamp = int(now.timestamp())
        subject = permit.subject
        if self._hooks.fault is Fault.WRONG_SUBJECT:
            subject = "91990102MADEM9999X"
        inner: dict[str, Json] = {
            "iss": self._config.id, "aud": permit.institution or permit.hub, "iat": stamp, "jti": permit.jti,
            "sub": subject, "account": permit.account, "kind": str(permit.product), "months": permit.months,
            "report_no": report_no,
        }  # fmt: skip
        sealed = seal(
            self._signed(inner, head_bytes, body),
            admitted.seal_key,
            typ=ArtefactType.PRODUCT,
            facts={"jti": permit.jti},
        )
        receipt: dict[str, Json] = {
            "iss": self._config.id, "aud": permit.hub, "iat": stamp, "jti": permit.jti, "sub": subject,
            "account": permit.account, "product": str(permit.product), "months": permit.months,
            "request": "0" * 64 if self._hooks.fault is Fault.WRONG_NONCE else admitted.permit_digest,
            "product_digest": hashlib.sha256(sealed.encode("ascii")).hexdigest(),
            "report_no": report_no, "rules_version": RULES_VERSION, "template_version": TEMPLATE_VERSION,
            "period_from": body.basis["period_from"],
            "period_to": body.basis["period_to"],
            "computed_at": now.astimezone(UTC).isoformat(timespec="microseconds"),
        }  # fmt: skip
        token = sign_jws(receipt, self._key, ArtefactType.RECEIPT)
        if self._hooks.fault is Fault.STALE and self._hooks.last_receipt:
            token = self._hooks.last_receipt
        self._hooks.last_receipt = token
        return {"receipt": token, "product": sealed}, report_no

    def _signed(self, inner: dict[str, Json], head: bytes, body: Body) -> bytes:
        """The signed product, packed; ``inner`` are the claims beside the product."""
        around = canonical_object(
            {name: canonical_bytes(value) for name, value in inner.items()} | {"product": PLACE}
        )
        first, _, last = around.partition(PLACE)
        token = sign_canonical(
            b"".join((first, body.before, head, body.after, last)), self._key, ArtefactType.PRODUCT
        )
        header, signature = token[: token.index(".") + 1], token[token.rindex(".") :]
        return packed(
            (
                stored(header.encode("ascii") + first),
                body.packed_before,
                stored(head),
                body.packed_after,
                stored(last + signature.encode("ascii")),
            )
        )

    def _head(self, admitted: Admitted, account: AccountRecord, report_no: str, now: datetime) -> ReportHead:
        permit, authorisation = admitted.permit, admitted.authorisation
        own = permit.query_kind is QueryKind.SELF
        return ReportHead(
            report_no=report_no,
            generated_at=now,
            provider=self._config.bank_name or self._config.name,
            query_kind=HeadKind.SELF if own else HeadKind.INSTITUTION,
            institution=None if permit.institution is None else self._trust.name_of(permit.institution),
            purpose=None if permit.purpose is None else str(permit.purpose),
            authorisation_no=permit.authorisation_id,
            valid_to=authorisation.valid_to if authorisation else None,
            subject_name=account.name,
            uscc=permit.subject,
            account_masked=mask_account(normal_account(account.account_no)),
            account_kind=account.kind,
            bank_name=account.bank_name or self._config.bank_name,
            cnaps=account.cnaps or None,
            opened_on=account.opened_on,
            account_status=account.status,
            currency=account.currency,
        )
