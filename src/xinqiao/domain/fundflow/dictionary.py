"""The whole dictionary: 108 lines in order, and lookup by id."""

from collections.abc import Mapping
from types import MappingProxyType

from xinqiao.domain.fundflow.definitions import Line
from xinqiao.domain.fundflow.lines_a import LINES_A
from xinqiao.domain.fundflow.lines_b_k import LINES_B, LINES_K
from xinqiao.domain.fundflow.lines_c_d import LINES_C, LINES_D
from xinqiao.domain.fundflow.lines_q_f import LINES_F, LINES_Q

LINES: tuple[Line, ...] = LINES_Q + LINES_F + LINES_B + LINES_K + LINES_C + LINES_D + LINES_A
BY_ID: Mapping[str, Line] = MappingProxyType({line.id: line for line in LINES})
