"""A corpus of hostile files made by a script, each with the outcome that is documented, and harmless twins.

No file of it is kept: ``samples()`` says how each is made, and the same bytes come out on every run.
"""

from xinqiao.campaigns.hostile_files.columns import parquets
from xinqiao.campaigns.hostile_files.sample import OK, Sample
from xinqiao.campaigns.hostile_files.texts import encodings, objects, tables
from xinqiao.campaigns.hostile_files.zips import archives, workbooks

__all__ = ["OK", "Sample", "samples"]


def samples() -> list[Sample]:
    """All files, in a fixed order."""
    return [*archives(), *workbooks(), *encodings(), *tables(), *objects(), *parquets()]
