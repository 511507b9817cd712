"""Finding a firm among millions by a fragment of its name, its pinyin, its initials, or any number it ever had."""

from xinqiao.lake.firms.index import FirmIndex
from xinqiao.lake.firms.model import Added, Firm, Hit, Match

__all__ = ["Added", "Firm", "FirmIndex", "Hit", "Match"]
