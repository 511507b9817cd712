"""A figure's definition, as the dialog shows it. Whoever owns a figure builds one; a figure without one is a failing test."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """Name, one sentence for a shop owner, formula (口径), coverage and as-of, all already in words."""

    id: str
    version: int
    title: str
    sentence: str
    formula: str
    coverage: str = ""
    as_of: str = ""
