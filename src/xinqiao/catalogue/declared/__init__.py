"""What a firm is asked to say about itself 自愿填报, as shipped, or from a file of the operator."""

from functools import cache
from importlib.resources import files
from pathlib import Path

from xinqiao.domain.catalogue.declared import Form, parse_form

FILE = "form.toml"


@cache
def load_form(path: Path | None = None) -> Form:
    """The form that is shipped, or the one of ``path``, read once per process.

    Raises:
        CatalogueError: a file that is not right, with every mistake. OSError, UnicodeDecodeError: cannot be read.
    """
    source = files(__package__) / FILE if path is None else path
    return parse_form(source.read_text(encoding="utf-8"), FILE if path is None else path.name)
