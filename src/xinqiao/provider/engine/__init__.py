"""The fund-flow engine over columns: the same figures as ``domain.fundflow``, for banks that have many accounts.

``prepare`` once per account and data version, ``compute`` for any number of months, ``run`` for both. The law is
the indicator dictionary 3.9; types, label rules and definitions come from ``domain.fundflow``, the computation here
is its own, so that the two can be held against each other (tests/provider/engine).
"""

from xinqiao.provider.engine.run import PreparedStatement, compute, prepare, prepare_columns, run

__all__ = ["PreparedStatement", "compute", "prepare", "prepare_columns", "run"]
