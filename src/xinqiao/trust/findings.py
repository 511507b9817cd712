"""What the offline verifier can find wrong, and the report it gives back."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

#: A file that is wrong everywhere need not fill the memory with reasons.
MAX_PROBLEMS: Final = 200


class Finding(StrEnum):
    """Stable codes of the verifier, part of the public contract."""

    # the file
    MALFORMED = "MALFORMED"
    UNKNOWN_FORMAT = "UNKNOWN_FORMAT"
    # the tree and its heads
    INDEX_GAP = "INDEX_GAP"
    CHAIN_BROKEN = "CHAIN_BROKEN"
    TIME_REVERSED = "TIME_REVERSED"
    WRONG_LOG = "WRONG_LOG"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    TRUNCATED = "TRUNCATED"
    TAIL_UNSIGNED = "TAIL_UNSIGNED"
    NO_CHECKPOINT = "NO_CHECKPOINT"
    CHECKPOINT_SIGNATURE = "CHECKPOINT_SIGNATURE"
    FORK = "FORK"
    INCLUSION = "INCLUSION"
    CONSISTENCY = "CONSISTENCY"
    NOT_CONCERNED = "NOT_CONCERNED"
    UNTRUSTED_KEY = "UNTRUSTED_KEY"
    # the order of business
    MEMBER_MISSING = "MEMBER_MISSING"
    GRANT_TWICE = "GRANT_TWICE"
    CHANGE_WITHOUT_GRANT = "CHANGE_WITHOUT_GRANT"
    CHANGE_AFTER_REVOKE = "CHANGE_AFTER_REVOKE"
    USE_BEFORE_GRANT = "USE_BEFORE_GRANT"
    USE_AFTER_REVOKE = "USE_AFTER_REVOKE"
    USE_OUTSIDE_GRANT = "USE_OUTSIDE_GRANT"
    USE_WITHOUT_PERMIT = "USE_WITHOUT_PERMIT"
    USE_OUTSIDE_PERMIT = "USE_OUTSIDE_PERMIT"
    USE_OUTSIDE_ENTRUSTMENT = "USE_OUTSIDE_ENTRUSTMENT"
    PERMIT_TWICE = "PERMIT_TWICE"
    PERMIT_ENDED_TWICE = "PERMIT_ENDED_TWICE"
    PERMIT_WITHOUT_END = "PERMIT_WITHOUT_END"
    # artefacts in a bundle
    ARTEFACT_SIGNATURE = "ARTEFACT_SIGNATURE"
    ARTEFACT_CHAIN = "ARTEFACT_CHAIN"
    DIGEST_MISMATCH = "DIGEST_MISMATCH"


#: Findings about what leaves mean, not about their form or place in the tree.
BUSINESS: Final = frozenset(
    {
        Finding.MEMBER_MISSING,
        Finding.GRANT_TWICE,
        Finding.CHANGE_WITHOUT_GRANT,
        Finding.CHANGE_AFTER_REVOKE,
        Finding.USE_BEFORE_GRANT,
        Finding.USE_AFTER_REVOKE,
        Finding.USE_OUTSIDE_GRANT,
        Finding.USE_WITHOUT_PERMIT,
        Finding.USE_OUTSIDE_PERMIT,
        Finding.USE_OUTSIDE_ENTRUSTMENT,
        Finding.PERMIT_TWICE,
        Finding.PERMIT_ENDED_TWICE,
        Finding.PERMIT_WITHOUT_END,
    }
)


#: Findings of signed heads, which tell a range and not a leaf.
COARSE: Final = frozenset({Finding.ROOT_MISMATCH, Finding.FORK, Finding.TRUNCATED, Finding.TAIL_UNSIGNED})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: where (leaf index, None for the file as a whole), and the other leaf it clashes with."""

    code: Finding
    index: int | None
    detail: str = ""
    other: int | None = None


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """The verdict on one file.

    Attributes:
        ok: nothing is wrong.
        kind: log, ledger, bundle or unknown.
        leaves: how many leaves were read; in a bundle, leaves and artefacts.
        checkpoints: how many signed heads were checked.
        first_bad: the first leaf that cannot be believed. For a history that was rewritten consistently only
        its
            signed heads disagree, and this is the first leaf after the last head that still fits.
        keys_from_file: the keys were taken from the file itself: it is consistent, but who made it is not
        proven. problems: in the order found, at most 200.
    """

    ok: bool
    kind: str
    leaves: int
    checkpoints: int
    first_bad: int | None
    keys_from_file: bool
    problems: tuple[Problem, ...] = ()


@dataclass(slots=True)
class Findings:
    """Collects problems while a file is read."""

    problems: list[Problem] = field(default_factory=list)
    dropped: int = 0

    def add(self, code: Finding, index: int | None, detail: str = "", other: int | None = None) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(code, index, detail, other))
        else:
            self.dropped += 1

    def first_bad(self) -> int | None:
        """The first leaf that cannot be believed, by the most exact witness.

        A broken form or chain names its leaf. Signed heads only say "somewhere after the last good one". The
        order of business comes last, for a changed leaf makes honest ones look wrong: a permit whose end
        became unreadable has no end.
        """
        placed = [(p.code, p.index) for p in self.problems if p.index is not None]
        exact = [index for code, index in placed if code not in BUSINESS and code not in COARSE]
        heads = [index for code, index in placed if code in COARSE]
        return min(exact or heads or [index for _, index in placed], default=None)

    def fork(self) -> "Findings":
        return Findings(list(self.problems), self.dropped)
