"""The fund-flow engine over columns: the same figures as ``domain.fundflow``, for banks that have many accounts.

``prepare`` once per account and data version, ``compute`` for any number of months, ``run`` for both. The law is
the indicator dictionary 3.9; types, label rules and definitions come from ``domain.fundflow``, the computation here
is its own, so that the two can be held against each other (tests/provider/engine).
"""

from xinqiao.provider.engine.run import (
    PreparedStatement,
    compute,
    facts,
    prepare,
    prepare_columns,
    run,
    statement_engine,
)
from xinqiao.provider.engine.tables import FIGURES, figures_table, prepare_table

__all__ = [
    "FIGURES",
    "PreparedStatement",
    "compute",
    "facts",
    "figures_table",
    "prepare",
    "prepare_columns",
    "prepare_table",
    "run",
    "statement_engine",
]
