"""The side of those who connect: institutions, sources that send records (``SourceClient``), the platform's own systems (``DeskClient``). The institution's: a typed SDK that signs, seals, opens and verifies, its command line, and the workbench.

``Client`` and ``AsyncClient`` have the same operations. Anything they do can be done with plain HTTP from
``/openapi.json``. Nothing here knows the platform's or the node's program: they meet over HTTP only.
"""

from xinqiao.client.aio import AsyncClient
from xinqiao.client.believed import Anchor, Directory
from xinqiao.client.claims import ClaimBook, StatedClaim, state_claim
from xinqiao.client.credit import OpenedPortrait, OpenedReport
from xinqiao.client.desk import DeskClient, Handled
from xinqiao.client.dossier import Dossier
from xinqiao.client.item_answer import ItemAnswer
from xinqiao.client.problems import NearestRequest, Problem, problem_of
from xinqiao.client.report import Report
from xinqiao.client.results import Operator
from xinqiao.client.supply import SourceClient, SupplyBatch
from xinqiao.client.supply_matters import Decided
from xinqiao.client.sync import Client

__all__ = [
    "Anchor",
    "AsyncClient",
    "ClaimBook",
    "Client",
    "Decided",
    "DeskClient",
    "Directory",
    "Dossier",
    "Handled",
    "ItemAnswer",
    "NearestRequest",
    "OpenedPortrait",
    "OpenedReport",
    "Operator",
    "Problem",
    "Report",
    "SourceClient",
    "StatedClaim",
    "SupplyBatch",
    "problem_of",
    "state_claim",
]
