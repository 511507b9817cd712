"""Printing inks: the light values of ``tokens.css`` (a test compares them), because paper has one theme."""

from typing import Final

INKS: Final[dict[str, str]] = {
    "ink": "#16211f",
    "ink-2": "#47534f",
    "ink-3": "#5f6965",
    "line": "#e6e2d9",
    "line-strong": "#cdc7ba",
    "sunken": "#f1efe9",
    "surface": "#ffffff",
    "brand": "#0b5f5a",
    "in": "#2b77bf",
    "out": "#c67a2c",
    "net": "#16211f",
    "c1": "#0f6e68",
    "s1": "#d6e7e2",
    "no": "#a3271c",
    "wait-soft": "#fbf1d9",
    "wait-line": "#e3c987",
    "wait": "#7d4f00",
}
