"""The shape of a formula: books in, exact figure or figures out."""

from collections.abc import Callable, Mapping

from xinqiao.domain.fundflow.books import Books
from xinqiao.domain.fundflow.figures import Figure

type Outcome = Figure | Mapping[str, Figure]
"""One figure for a line with one key; key → figure for the others. A bare reason holds for every key."""

type Rule = Callable[[Books], Outcome]
