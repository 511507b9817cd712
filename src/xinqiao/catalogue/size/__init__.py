"""The rule of enterprise sizes as shipped: thresholds as data, read by :mod:`xinqiao.domain.msme`."""

import tomllib
from functools import cache
from importlib.resources import files

from xinqiao.domain.msme import SizeRule, parse_rule


@cache
def size_rule() -> SizeRule:
    """统计上大中小微型企业划分办法（2017）."""
    text = (files(__package__) / "msme_2017.toml").read_text(encoding="utf-8")
    return parse_rule(tomllib.loads(text))
