"""What a layout needs to know: the frame around a page, as values. Built by each program for each request.

Templates read one variable ``shell`` of type :class:`Shell`. Nothing here is computed from a request; labels are
already in the language of the page.
"""

from dataclasses import dataclass

from xinqiao.ui.i18n import Language


@dataclass(frozen=True, slots=True)
class NavItem:
    """One place in the navigation. ``count`` is a number of things to do, never a total; 0 shows nothing."""

    key: str
    label: str
    href: str
    icon: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Places that belong together; the first group has no title. The enterprise portal has one group of five."""

    items: tuple[NavItem, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Who is logged in: a name and what they are there, or for the enterprise portal the firm and the person."""

    name: str
    role: str
    href: str = ""
    initial: str = ""

    @property
    def mark(self) -> str:
        """The letter in the round."""
        return self.initial or self.name[:1]


@dataclass(frozen=True, slots=True)
class Search:
    """The search of a desk portal (key ``/``)."""

    action: str
    placeholder: str
    name: str = "q"
    value: str = ""


@dataclass(frozen=True, slots=True)
class FootLink:
    """A link in the foot."""

    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame of one page.

    ``portal_word`` stands beside the mark (企业, 机构 …; empty on public pages); ``current`` is the key of the place
    one is at; ``csrf_token`` is put into forms and into HTMX requests (empty where the program needs none).
    """

    language: Language
    home_href: str
    nav: tuple[NavGroup, ...] = ()
    current: str = ""
    portal_word: str = ""
    organisation: str = ""
    person: Person | None = None
    search: Search | None = None
    demo: bool = False
    theme: str = "light"
    login_href: str = ""
    logout_href: str = ""
    language_href: str = ""
    csrf_token: str = ""
    foot: tuple[FootLink, ...] = ()

    @property
    def places(self) -> tuple[NavItem, ...]:
        """All places in order."""
        return tuple(item for group in self.nav for item in group.items)
