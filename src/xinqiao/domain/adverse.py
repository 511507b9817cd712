"""Collected records as dishonest information: which they are, how long they go out, and by what one is known."""

from collections.abc import Mapping
from datetime import date
from hashlib import sha256

from xinqiao.domain.canonical import canonical_bytes
from xinqiao.domain.catalogue.keys import natural_key
from xinqiao.domain.catalogue.model import Item
from xinqiao.domain.repair import DEFAULT_TERMS, Dishonesty, Gravity, Terms
from xinqiao.domain.report.sight import Value


def record_ref(item: Item, subject: str, values: Mapping[str, Value]) -> str:
    """What a record is known by across versions, batches and platforms: SHA-256 of item, subject and natural key, hex.

    Any platform that holds the record finds the same; a correction keeps it.
    """
    given = {name: value for name, value in values.items() if value is not None}
    return sha256(canonical_bytes([item.id, subject, *natural_key(item, given)])).hexdigest()


def dishonesty(item: Item, values: Mapping[str, Value]) -> Dishonesty | None:
    """A record as what can be repaired; ``None`` for items that are no dishonest information.

    A record that does not say its class counts as serious until its source completes it.
    """
    rule = item.adverse
    day = values.get(rule.determined_on) if rule is not None else None
    if rule is None or not isinstance(day, date):
        return None
    code = values.get(rule.gravity_field) if rule.gravity_field else rule.gravity
    ends = [end for name in rule.ends if isinstance(end := values.get(name), date)]
    return Dishonesty(
        gravity=Gravity(str(code)) if code in set(Gravity) else Gravity.SERIOUS,
        determined_on=day,
        must_publish=bool(rule.publish_field and values.get(rule.publish_field)),
        by_sector=bool(rule.ends),
        ends_on=min(ends, default=None),
        least_months=rule.least_months,
    )


def goes_out(
    item: Item, values: Mapping[str, Value], day: date, terms: Mapping[Gravity, Terms] = DEFAULT_TERMS
) -> bool:
    """Whether outgoing answers carry a record on a day, as far as its own term decides."""
    found = dishonesty(item, values)
    return found is None or found.is_published(day, terms)
