"""Enterprise sizes 大中小微: 统计上大中小微型企业划分办法（2017），国统字〔2017〕213号.

The thresholds are data (``xinqiao.catalogue.size``); here are their shape, the decision and its words. A size says nothing
of credit, and 小型微利企业 of the tax law is another thing altogether.
"""

from xinqiao.domain.msme.decide import Figures, Rank, Sizing, Unsized, classify, is_msme
from xinqiao.domain.msme.rule import Group, Indicator, SizeClass, SizeRule, Threshold, parse_rule
from xinqiao.domain.msme.words import Sentence, explain

__all__ = [
    "Figures",
    "Group",
    "Indicator",
    "Rank",
    "Sentence",
    "SizeClass",
    "SizeRule",
    "Sizing",
    "Threshold",
    "Unsized",
    "classify",
    "explain",
    "is_msme",
    "parse_rule",
]
