"""The catalogue of words: ``python -m xinqiao.ui.catalogue update|compile|check``.

``update`` extracts from Python, templates and the dictionaries of figures and merges into the English catalogue (existing
translations stay; nothing is guessed); ``compile`` writes the ``.mo``; ``check`` fails when a message has no English.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.portrait import FIGURES
from xinqiao.ui.build import REPOSITORY
from xinqiao.ui.i18n import DOMAIN, LOCALE_DIR

SOURCE: Final = REPOSITORY / "src" / "xinqiao"
PO: Final = LOCALE_DIR / "en" / "LC_MESSAGES" / f"{DOMAIN}.po"


# The header carries no clock: an update that changes no word changes no byte.
_FIXED: Final = datetime(2026, 11, 21, tzinfo=UTC)


def _dictionary() -> Iterator[str]:
    # These texts are data, so no call marks them; the pages of report and portrait show them through gettext.
    for line in LINES:
        yield from (line.plain, line.formula)
    for figure in FIGURES:
        yield from (figure.plain, figure.formula)


def extract() -> Catalog:
    """Everything that is said, from the sources as they are now."""
    with (REPOSITORY / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)  # type: ignore[no-untyped-call]
    catalogue = Catalog(
        domain=DOMAIN,
        charset="utf-8",
        header_comment="# Words of Xinqiao: Chinese source, English beside it.",
    )
    keywords = DEFAULT_KEYWORDS | {"N_": None, "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
    found = extract_from_dir(SOURCE, methods, options, keywords=keywords)
    for _file, _line, message, comments, context in found:
        catalogue.add(message, None, auto_comments=comments, context=context)
    for message in _dictionary():
        catalogue.add(message, None)
    return catalogue


def read() -> Catalog:
    """The English catalogue as it stands."""
    if not PO.is_file():
        return Catalog(locale="en", domain=DOMAIN)
    with PO.open("rb") as source:
        return read_po(source, locale="en", domain=DOMAIN)


def untranslated(catalogue: Catalog) -> list[str]:
    """Messages without an English text."""
    lacking = []
    for message in catalogue:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, list | tuple) else (message.string,)
        if message.fuzzy or not all(texts):
            lacking.append(str(message.id[0] if isinstance(message.id, list | tuple) else message.id))
    return lacking


def _settle(catalogue: Catalog) -> None:
    catalogue.project, catalogue.version = "xinqiao", "1"
    catalogue.creation_date = catalogue.revision_date = _FIXED
    catalogue.last_translator = catalogue.language_team = "The Xinqiao developers"
    catalogue.fuzzy = False


def update() -> Catalog:
    """Merge what is said now into the catalogue and write it, sorted and without line numbers (small differences)."""
    catalogue = read()
    catalogue.update(extract(), no_fuzzy_matching=True, update_header_comment=True)
    catalogue.obsolete.clear()
    _settle(catalogue)
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as target:
        write_po(target, catalogue, width=0, no_location=True, sort_output=True, omit_header=False)
    return catalogue


def compile_catalogue() -> Path:
    """Write the compiled catalogue beside its source."""
    target = PO.with_suffix(".mo")
    with target.open("wb") as out:
        write_mo(out, read())
    return target


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m xinqiao.ui.catalogue")
    parser.add_argument("action", choices=("update", "compile", "check"))
    action = parser.parse_args(arguments).action
    if action == "compile":
        sys.stdout.write(f"{compile_catalogue()}\n")
        return 0
    catalogue = update() if action == "update" else _checked()
    lacking = untranslated(catalogue)
    sys.stdout.write(f"{len(catalogue)} messages, {len(lacking)} without English\n")
    for message in lacking:
        sys.stdout.write(f"  {message}\n")
    return 1 if action == "check" and lacking else 0


def _checked() -> Catalog:
    catalogue = read()
    catalogue.update(extract(), no_fuzzy_matching=True)
    return catalogue


if __name__ == "__main__":
    raise SystemExit(main())
