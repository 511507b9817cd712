"""Markers of the steps at which a crash is tried on purpose. Outside of tests and campaigns they do nothing."""

from collections.abc import Callable

#: Set by a crash test only; called with the name of the step that was just done.
hook: Callable[[str], None] | None = None


def mark(name: str) -> None:
    """A step is done; a test may end the process here."""
    if hook is not None:
        hook(name)
