"""A small SVG writer: shapes and words with fixed decimals, so the same data give the same bytes."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

FONT = "Inter, Noto Sans SC"


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") or "0"


def tint(hue: str, share: float, paper: str = "#ffffff") -> str:
    """A hue mixed with paper: what ``color-mix`` does on the page."""
    pairs = [(int(hue[k : k + 2], 16), int(paper[k : k + 2], 16)) for k in (1, 3, 5)]
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


class Svg:
    """One picture of a given size in points."""

    def __init__(self, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def line(
        self, x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 0.6, dash: str = ""
    ) -> None:
        """A straight line."""
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="M{_n(x1)} {_n(y1)}L{_n(x2)} {_n(y2)}" stroke="{colour}" stroke-width="{_n(width)}"{dashes} fill="none"/>'
        )

    def rect(self, x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> None:
        """A filled rectangle; nothing for one without height."""
        if width <= 0 or height <= 0:
            return
        round_ = f' rx="{_n(radius)}"' if radius else ""
        self._parts.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"{round_} fill="{fill}"/>'
        )

    def polyline(self, points: Sequence[tuple[float, float]], colour: str, width: float) -> None:
        """A line through points."""
        if len(points) > 1:
            self._parts.append(
                f'<path d="{self._path(points)}" stroke="{colour}" stroke-width="{_n(width)}" stroke-linejoin="round" fill="none"/>'
            )

    def polygon(self, points: Sequence[tuple[float, float]], fill: str, opacity: float) -> None:
        """A filled area."""
        if len(points) > 2:
            self._parts.append(
                f'<path d="{self._path(points)}Z" fill="{fill}" fill-opacity="{_n(opacity)}"/>'
            )

    def circle(self, x: float, y: float, radius: float, fill: str, stroke: str, width: float) -> None:
        """A dot."""
        self._parts.append(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(radius)}" fill="{fill}" stroke="{stroke}" stroke-width="{_n(width)}"/>'
        )

    def text(
        self, x: float, y: float, words: str, colour: str, *, size: float = 7.5, anchor: str = "start"
    ) -> None:
        """Words on a base line."""
        self._parts.append(
            f'<text x="{_n(x)}" y="{_n(y)}" font-family="{FONT}" font-size="{_n(size)}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
        )

    @staticmethod
    def _path(points: Sequence[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in points)

    def __str__(self) -> str:
        size = f'width="{_n(self.width)}" height="{_n(self.height)}" viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(self._parts)}</svg>'
