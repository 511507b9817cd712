"""Verbs and questions of 自愿填报: a firm says things about itself, in versions; nothing said is ever overwritten.

Nobody verifies any of it: reports carry the newest version under a heading of its own, marked as such, with its day. To
institutions it goes only inside a credit report the firm authorised, and only while the firm lets it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from xinqiao.clock import SHANGHAI
from xinqiao.domain.canonical import Json, canonical_bytes
from xinqiao.domain.catalogue.declared import Answers, Form, read_answers
from xinqiao.domain.errors import Code, Conflict, Invalid, NotFound, Stale
from xinqiao.domain.report import Declaration, SelfDeclared, cell_of, compose_declared
from xinqiao.domain.report.sight import Sight
from xinqiao.hub.actors import AgentScope, EnterpriseActor
from xinqiao.hub.apps.audit.services import Refs, append_leaf
from xinqiao.hub.apps.identity.models import Enterprise, EnterprisePerson
from xinqiao.hub.apps.identity.services import require_capacity
from xinqiao.hub.apps.reports.models import SelfDeclaration
from xinqiao.hub.ids import Prefix, new_id
from xinqiao.hub.runtime import runtime


@dataclass(frozen=True, slots=True)
class SaidField:
    """One field as it was asked and answered: ``value`` as typed, ``text`` as it was shown."""

    name: str
    label: str
    label_en: str
    value: str
    text: str


@dataclass(frozen=True, slots=True)
class DeclarationRow:
    """One version. ``commitment``: the digest of the words that were agreed to."""

    version: int
    form_version: int
    made_at: datetime
    shared: bool
    filled: int
    commitment: str
    leaf_index: int
    entries: tuple[SaidField, ...] = field(default=(), repr=False)

    @property
    def texts(self) -> dict[str, str]:
        """What was typed, by field."""
        return {one.name: one.value for one in self.entries}


def declare(
    *,
    actor: EnterpriseActor,
    cells: Mapping[str, str],
    shared: bool,
    committed: bool,
    expected_version: int,
    at: datetime,
) -> SelfDeclaration:
    """Say how things are now: a new version that replaces the one before in reports, and leaves it in the history.

    Args:
        cells: field → text, blank for nothing to say.
        shared: whether institutions authorised for a credit report see it.
        committed: the words of 信用承诺 were agreed to.
        expected_version: the version the person saw, 0 before the first.

    Raises:
        Conflict: ``CONFLICT_STATE`` where the platform asks for nothing. Invalid: naming the ``field`` that is wrong, all
            of them with their rules (``field:RULE``) in ``findings``; ``commitment`` that was not given; nothing said at all.
        Forbidden: ``SUBJECT_NOT_AUTHORISED``. Stale: declared anew since it was shown.
    """
    form = _form()
    answers = read_answers(form, cells, on=at.astimezone(SHANGHAI).date())
    if answers.broken:
        findings = [f"{name}:{rule}" for name, rule in answers.broken.items()]
        first = next(iter(answers.broken))
        raise Invalid(Code.INVALID, "not a value of its field", facts={"field": first, "findings": findings})
    if not answers.values:
        raise Invalid(Code.INVALID, "nothing is declared", facts={"field": form.fields[0].name})
    if not committed:
        raise Invalid(Code.INVALID, "without the commitment", facts={"field": "commitment"})
    return _write(actor, form, answers, shared=shared, expected_version=expected_version, at=at)


def take_back(*, actor: EnterpriseActor, expected_version: int, at: datetime) -> SelfDeclaration:
    """Say nothing any more: a new, empty version. Reports handed out before stay as they are.

    Raises:
        Conflict: ``CONFLICT_STATE`` when nothing is declared. Forbidden, Stale: as :func:`declare`.
    """
    newest = _newest(actor.enterprise_id)
    if newest is None or not newest.filled:
        raise Conflict(Code.CONFLICT_STATE, "nothing is declared", facts={"reason": "NOTHING_DECLARED"})
    nothing = Answers({}, {}, {})
    return _write(actor, _form(), nothing, shared=newest.shared, expected_version=expected_version, at=at)


def _form() -> Form:
    form = runtime.declared_form
    if form is None:
        raise Conflict(Code.CONFLICT_STATE, "the platform asks for none", facts={"reason": "NOT_COLLECTED"})
    return form


def _write(
    actor: EnterpriseActor, form: Form, answers: Answers, *, shared: bool, expected_version: int, at: datetime
) -> SelfDeclaration:
    row_id = new_id(Prefix.DECLARATION)
    said = _said(form, answers)
    commitment = hashlib.sha256(form.commitment.encode()).hexdigest() if said else ""
    with transaction.atomic(durable=True):
        person: EnterprisePerson = require_capacity(actor, AgentScope.OBJECT, at)
        # The lock under which versions are counted; a report takes it too before it is handed out.
        firm = Enterprise.objects.select_for_update().get(id=actor.enterprise_id)
        newest = _newest(firm.id)
        version = newest.version if newest else 0
        if version != expected_version:
            raise Stale("declared anew since it was shown")
        leaf = append_leaf(
            type="STATEMENT",
            at=at,
            facts={
                "act": "self_declared",
                "version": version + 1,
                "form": form.version,
                "filled": len(said),
                "shared": shared,
                "commitment": commitment,
            },
            refs=Refs(subject=firm.id, object=row_id),
            personal={"said": _text(said)},
        )
        row: SelfDeclaration = SelfDeclaration.objects.create(
            id=row_id,
            enterprise=firm,
            version=version + 1,
            form_version=form.version,
            person=person,
            said_enc=runtime.protect(_text(said), table="selfdeclaration", column="said_enc", row=row_id),
            filled=len(said),
            shared=shared,
            commitment=commitment,
            made_at=at,
            leaf_index=leaf.index,
            leaf_hash=leaf.hash,
        )
    return row


def _said(form: Form, answers: Answers) -> list[dict[str, Json]]:
    item, sight = form.item, Sight(items=frozenset({form.item.id}), personal=frozenset({form.item.id}))
    return [
        {
            "name": one.name,
            "label": one.label,
            "label_en": one.label_en,
            "value": answers.texts[one.name],
            "text": cell_of(item, one, answers.values[one.name], sight, form.codes(one)).text,
        }
        for one in form.fields
        if one.name in answers.values
    ]


def _text(said: list[dict[str, Json]]) -> str:
    return canonical_bytes([*said]).decode()


def _newest(enterprise_id: str) -> SelfDeclaration | None:
    return SelfDeclaration.objects.filter(enterprise_id=enterprise_id).order_by("-version").first()


# -- questions --------------------------------------------------------------------------------------------------------


def declared(actor: EnterpriseActor) -> DeclarationRow | None:
    """The actor's own newest version with what it says, ``None`` before the first."""
    row = SelfDeclaration.objects.for_viewer(actor).order_by("-version").first()
    return None if row is None else _row(row)


def versions(actor: EnterpriseActor, *, limit: int = 100) -> list[DeclarationRow]:
    """The actor's own versions, newest first, without what they say."""
    rows = SelfDeclaration.objects.for_viewer(actor).order_by("-version")[:limit]
    return [_row(row, opened=False) for row in rows]


def one_version(actor: EnterpriseActor, version: int) -> DeclarationRow:
    """One version with what it said. Raises NotFound."""
    row = SelfDeclaration.objects.for_viewer(actor).filter(version=version).first()
    if row is None:
        raise NotFound
    return _row(row)


def newest_version(enterprise_id: str) -> int:
    """Number of the newest version, 0 before the first: what a report that is made must still find when it is sealed."""
    row = _newest(enterprise_id)
    return row.version if row else 0


def part_of_report(enterprise_id: str, *, own: bool, at: datetime) -> tuple[SelfDeclared, int]:
    """The part of a report for its reader, and the version it was made from."""
    row = _newest(enterprise_id)
    latest = None
    if row is not None:
        latest = Declaration(row.version, row.made_at, row.shared, _row(row).texts)
    on = at.astimezone(SHANGHAI).date()
    return compose_declared(runtime.declared_form, latest, own=own, on=on), row.version if row else 0


def _row(row: SelfDeclaration, *, opened: bool = True) -> DeclarationRow:
    entries: tuple[SaidField, ...] = ()
    if opened:
        text = runtime.reveal(row.said_enc, table="selfdeclaration", column="said_enc", row=row.id)
        entries = tuple(SaidField(**one) for one in json.loads(text))
    return DeclarationRow(
        row.version, row.form_version, row.made_at, row.shared, row.filled, row.commitment, row.leaf_index, entries
    )  # fmt: skip
