"""Reference pages that are made from the code are as the code is now."""

import json
import re
import runpy
import shlex
from collections import defaultdict
from pathlib import Path

import pytest
from tests.docs.code import ROOT

from xinqiao.cli import COMMANDS
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.trust.leaf import LeafType

REFERENCE = ROOT / "docs" / "reference"
EVENTS = runpy.run_path(str(REFERENCE / "audit_events.py"))
CATALOGUE = runpy.run_path(str(REFERENCE / "catalogue_pages.py"))
COMMAND_PAGE = runpy.run_path(str(REFERENCE / "cli_pages.py"))


def test_the_page_of_audit_events_is_fresh() -> None:
    page = (REFERENCE / "audit-events.md").read_text(encoding="utf-8")
    assert page == EVENTS["page"](), "run: python docs/reference/audit_events.py"


def test_the_page_of_commands_is_fresh() -> None:
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert page == COMMAND_PAGE["page"](), "run: python docs/reference/cli_pages.py"


def test_the_page_of_the_catalogue_is_fresh() -> None:
    page = (REFERENCE / "catalogue.md").read_text(encoding="utf-8")
    assert page == CATALOGUE["page"](), "run: python docs/reference/catalogue_pages.py"


def test_every_command_has_its_section() -> None:
    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"\n## `xinqiao {name}`\n" not in page] == []


FENCE = re.compile(r"^[ ]*```(?:sh)?\n(.*?)^[ ]*```$", re.M | re.S)
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_command_line_on_a_page_is_one_the_command_takes(page: Path) -> None:
    """A line with an ellipsis is no command line; the words of commands without a parser are their own."""
    text = "\n".join(FENCE.findall(page.read_text(encoding="utf-8")))
    for words in re.findall(r"^\s*(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?xinqiao ([^\n…]+)$", text, re.M):
        name, *rest = shlex.split(re.split(r" [>|] ", words)[0], comments=True)
        if name in COMMAND_PAGE["PLAIN"] or name == "version":
            continue
        first = rest[:1] if rest[:1] and rest[0] in COMMAND_PAGE["FIRST_WORDS"].get(name, []) else []
        parser = COMMAND_PAGE["parser_of"](COMMANDS[name], first)
        parser.parse_args(rest[len(first) :])  # ends the test with SystemExit when it is refused


def test_every_type_of_leaf_is_written_somewhere_or_said_to_be_reserved() -> None:
    page = (REFERENCE / "audit-events.md").read_text(encoding="utf-8")
    assert [kind for kind in LeafType if f"`{kind}`" not in page] == []


def test_leaves_of_a_real_journey_hold_what_the_page_says(cast) -> None:
    """The page is read off the source; this holds it against rows."""
    facts, ids, secret = defaultdict(set), defaultdict(set), defaultdict(set)
    for site in EVENTS["sites"]():
        for kind in site.types:
            facts[kind] |= {name.partition("=")[0] for name in site.facts}
            ids[kind] |= set(site.ids)
            secret[kind] |= set(site.personal)
    row = cast.confirmed(cast.bound())
    cast.withdraw(cast.owner, row)
    leaves = [json.loads(bytes(leaf.body)) for leaf in Leaf.objects.all()]
    assert {leaf["type"] for leaf in leaves} >= {
        "LOGIN",
        "BIND",
        "REQUEST",
        "GRANT",
        "REVOKE",
        "ADMIN",
    }
    for leaf in leaves:
        kind = leaf["type"]
        assert set(leaf["facts"]) <= facts[kind], leaf
        assert set(leaf["ids"]) <= ids[kind], leaf
        assert set(leaf["commitments"]) <= secret[kind], leaf
