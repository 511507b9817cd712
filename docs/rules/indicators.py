"""Writes ``indicators.md`` from the dictionary of ``xinqiao.domain.fundflow``; a test keeps the page fresh."""

from pathlib import Path

from xinqiao.domain.fundflow.definitions import FAMILY_ZH, SIGNAL_NOTE_ZH, Family
from xinqiao.domain.fundflow.dictionary import LINES
from xinqiao.domain.fundflow.model import RULES_VERSION

HEAD = f"""# 资金流指标词典

本页由 `docs/rules/indicators.py` 从 `xinqiao.domain.fundflow` 的词典表生成，请改表，不要改本页。规则版本 `{RULES_VERSION}`。

- 单位：`Y` 元（两位小数）、`R` 比率（四位小数）、`X` 其他小数（四位小数）、`N` 个数、`D` 天数、`B` 是否。一律半偶舍入，只舍入一次。
- “最少月数”不足时为空，原因 `SHORT_HISTORY`；其余空值原因见[清洗与口径](fundflow-cleaning.md#空值原因)。
- “完整月份”指整月都在观察期内的月份；“观察期”从开户日（未提供时为首笔所在月的 1 日）起，到窗口末日止。

*English: generated from the dictionary table; one line per indicator with keys and units, a sentence for the shop
owner, the formula, and the least number of full months.*
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for family in Family:
        parts.append(f"\n## {family.value} {FAMILY_ZH[family]}\n")
        if family is Family.ANOMALY:
            parts.append(f"\n> {SIGNAL_NOTE_ZH}。Statistical signal, not a finding.\n")
        parts.append("\n| 编号 | 指标 | 键：单位 | 一句话 | 口径 | 最少月数 | 版本 |\n")
        parts.append("| --- | --- | --- | --- | --- | --- | --- |\n")
        for line in LINES:
            if line.family is not family:
                continue
            keys = "<br>".join(f"`{key.name}`: {key.unit.value}" for key in line.keys) or "每个日期: Y"
            least = str(line.least_months) if line.least_months else ""
            state = str(line.version) if line.implemented else "未实现"
            parts.append(
                f"| {line.id} | {line.zh}<br>*{line.en}* | {keys} | {line.plain} | {line.formula}"
                f" | {least} | {state} |\n"
            )
    return "".join(parts)


if __name__ == "__main__":
    Path(__file__).with_suffix(".md").write_text(page(), encoding="utf-8")
