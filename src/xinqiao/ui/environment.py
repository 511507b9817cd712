"""The Jinja environment all three programs use, whatever serves them.

Autoescape on, undefined names fail, words through the catalogue, numbers through :mod:`xinqiao.ui.format`. A program
adds its own template folders before ours and may replace :func:`asset_url`.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Final

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from xinqiao.ui import assets, csp, i18n
from xinqiao.ui import format as fmt
from xinqiao.ui.states import state_word

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"

FILTERS: Final[Mapping[str, Callable[..., object]]] = {
    "money": fmt.money,
    "money_number": fmt.money_number,
    "percent": fmt.percent,
    "ratio": fmt.ratio,
    "decimal": fmt.decimal,
    "count": fmt.count,
    "octets": fmt.size,
    "day": fmt.day,
    "short_day": fmt.short_day,
    "day_heading": fmt.day_heading,
    "instant": fmt.instant,
    "moment": fmt.moment,
    "clock_time": fmt.clock_time,
    "iso": fmt.iso,
    "month": fmt.month,
    "month_short": fmt.month_short,
    "duration": fmt.duration,
    "mask_account": fmt.mask_account,
    "mask_phone": fmt.mask_phone,
    "mask_name": fmt.mask_name,
    "mask_id": fmt.mask_id,
    "tail": fmt.tail,
    "leaf": fmt.leaf,
    "shorten": fmt.shorten,
}

GLOBALS: Final[Mapping[str, object]] = {
    "money_parts": fmt.money_parts,
    "percent_parts": fmt.percent_parts,
    "money_unit": fmt.money_unit,
    "period": fmt.period,
    "months_range": fmt.months_range,
    "recent": fmt.recent,
    "days_left": fmt.days_left,
    "Quantity": fmt.Quantity,
    "state_word": state_word,
    "NOTHING": fmt.NOTHING,
    "HTMX_CONFIG": csp.HTMX_CONFIG,
}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return float(value)  # a picture's coordinate, never an amount that is shown or added
    raise TypeError(f"{type(value).__name__} in a data block")


def data_block(value: object) -> Markup:
    """A value as JSON inside ``<template>``: data, never run, so the policy needs no hole (HTMX drops scripts it swaps in).

    ``<``, ``>`` and ``&`` are escaped inside the JSON, so no text can end the block.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))  # noqa: S704 - escaped just above


def share_of(part: Decimal | int | str | None, whole: Decimal | int | str | None = 1) -> str:
    """A length for ``data-v``: percent with one decimal between 0 and 100; ``0%`` when there is nothing to show."""
    if part is None or whole is None or Decimal(whole) == 0:
        return "0%"
    value = max(Decimal(0), min(Decimal(100), Decimal(part) / Decimal(whole) * 100))
    return f"{value:.1f}%"


def make_environment(
    *,
    loader_paths: Iterable[Path | str] = (),
    loader: BaseLoader | None = None,
    asset_url: Callable[[str], str] | None = None,
    globals_: Mapping[str, object] | None = None,
    auto_reload: bool = False,
) -> Environment:
    """Make the environment.

    Args:
        loader_paths: template folders searched before the shared ones.
        loader: a loader of the program's own, searched before everything (used by Django's backend).
        asset_url: logical name → address; default serves :data:`xinqiao.ui.assets.BUILD_DIR` under ``/static/ui/``.
        globals_: what the program adds (``url``, ``csrf_field`` …).
        auto_reload: reread changed templates (development).
    """
    paths = [str(path) for path in loader_paths]
    loaders: list[BaseLoader] = [*([loader] if loader else []), FileSystemLoader([*paths, str(TEMPLATES)])]
    environment = Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=auto_reload,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"],
    )
    prepare(environment, asset_url=asset_url)
    environment.globals.update(globals_ or {})
    return environment


def _live(function: Callable[..., object]) -> Callable[..., object]:
    """Jinja folds a filter on a constant while compiling, in whatever language came first; this keeps it for the render."""

    @pass_context
    @wraps(function)
    def call(_context: Context, *arguments: object, **options: object) -> object:
        return function(*arguments, **options)

    return call


def prepare(environment: Environment, *, asset_url: Callable[[str], str] | None = None) -> None:
    """Put words, filters and helpers into an environment that somebody else has made (Django's backend)."""
    install = getattr(environment, "install_gettext_callables")  # noqa: B009 - added by the i18n extension at run time
    # Old style on purpose: the percent sign is everywhere in this field, and newstyle would interpolate it.
    install(i18n.gettext, i18n.ngettext, newstyle=False, pgettext=i18n.pgettext, npgettext=i18n.npgettext)
    environment.filters.update({name: _live(function) for name, function in FILTERS.items()})
    environment.globals.update(GLOBALS)
    url = asset_url or assets.asset_url
    environment.globals.update(
        asset_url=url,
        check_icon=assets.check_icon,
        data_block=data_block,
        share_of=share_of,
        language=i18n.language,
    )
