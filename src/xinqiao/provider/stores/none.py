"""The store of a node that holds no accounts: a department that serves items only."""

from datetime import datetime

import pyarrow as pa

from xinqiao.domain.fundflow.model import Parity
from xinqiao.domain.fundflow.parity import ParityTable
from xinqiao.provider.stores.base import TRANSACTION_COLUMNS, AccountRecord


class NoStore:
    """No account is known here, so no entrustment and no product can be."""

    def is_ready(self) -> bool:
        return True

    def find_account(self, account_no: str) -> AccountRecord | None:
        return None

    def version(self, account_no: str) -> str:
        return ""

    def rows(self, account_no: str) -> pa.Table:
        return pa.table({name: pa.array([], pa.string()) for name in TRANSACTION_COLUMNS})

    def data_as_of(self) -> datetime | None:
        return None

    def related_names(self, uscc: str) -> tuple[str, ...]:
        return ()

    def parity(self) -> Parity:
        return ParityTable()

    def close(self) -> None:
        return None
