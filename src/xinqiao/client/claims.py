"""Claims on the institution's side: stated once, kept with their salts until they are verified or over.

A claim is authorised as a digest over its exact values and a salt of 32 random bytes (docs/rules/items.md). Only the
institution has the salt; without it the enterprise's consent cannot be used, so it must outlive the days in which the
enterprise decides. :class:`ClaimBook` keeps one file for each request, readable by its owner only.
"""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.catalogue.model import Catalogue
from xinqiao.domain.errors import Code, Invalid
from xinqiao.domain.items import ItemKind, ItemTerms
from xinqiao.domain.verification import SALT_HEX, claim_digest, read_claim
from xinqiao.trust.keyfile import write_private


@dataclass(frozen=True, slots=True)
class StatedClaim:
    """What an institution states about an item, as it was written, with its salt. Values out of ``repr``: personal."""

    item: str
    values: Mapping[str, str] = field(repr=False)
    salt: str = field(repr=False)
    digest: str

    @property
    def fields(self) -> list[str]:
        """The fields that are stated, sorted."""
        return sorted(self.values)

    def body(self) -> dict[str, Json]:
        """As it travels."""
        return {"item": self.item, "values": {**self.values}, "salt": self.salt}


def state_claim(
    catalogue: Catalogue, item: str, values: Mapping[str, str], *, on: date, salt: str | None = None
) -> StatedClaim:
    """A claim with a fresh salt; blank values are left out.

    Raises:
        Invalid: no verification item of this name; a value out of form, naming the field and never the value.
    """
    found = catalogue.items.get(item)
    if found is None or ItemTerms.of(found).kind is not ItemKind.VERIFICATION:
        raise Invalid(Code.INVALID, "no item that is verified", facts={"field": "item"})
    stated = {name: text.strip() for name, text in values.items() if text.strip()}
    claim = read_claim(catalogue, found, stated, on=on)
    chosen = salt or secrets.token_hex(SALT_HEX // 2)
    # the fields of the normal form: a value that says nothing is not stated
    kept = {name: stated[name] for name in claim.fields}
    return StatedClaim(item, kept, chosen, claim_digest(claim, chosen))


class ClaimBook:
    """The claims of requests under way, one private file for each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, authorisation_id: str, claims: Sequence[StatedClaim]) -> None:
        """Keep the claims of a request; an earlier page of the same request is replaced."""
        if not claims:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        text = json.dumps([one.body() | {"digest": one.digest} for one in claims], ensure_ascii=False)
        file = self._file(authorisation_id)
        draft = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
        write_private(draft, text.encode())
        draft.replace(file)

    def claims(self, authorisation_id: str) -> list[StatedClaim]:
        """The kept claims of a request; none when there are none. Raises Invalid for a file that is none of ours."""
        try:
            found = json.loads(self._file(authorisation_id).read_bytes())
            if not isinstance(found, list):
                raise TypeError("a list of claims")
            return [
                StatedClaim(one["item"], dict(one["values"]), one["salt"], one["digest"]) for one in found
            ]
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid(
                Code.INVALID, "the kept claims cannot be read", facts={"field": "claims"}
            ) from error

    def forget(self, authorisation_id: str) -> None:
        """Forget them: refused, withdrawn, expired or used up, they open nothing any more."""
        self._file(authorisation_id).unlink(missing_ok=True)

    def kept(self) -> list[str]:
        """The requests whose claims are kept."""
        return sorted(file.stem for file in self._folder.glob("ita-*.json"))

    def _file(self, authorisation_id: str) -> Path:
        name = authorisation_id
        if not name.startswith("ita-") or not name[4:].isalnum() or not name.isascii() or len(name) > 40:
            raise Invalid(Code.INVALID, "not the id of an authorisation of items", facts={"field": "id"})
        return self._folder / f"{name}.json"
