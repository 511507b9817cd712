"""``xinqiao verify FILE``: check a log export, an own ledger or a report bundle, offline."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.encoding import strict_object
from xinqiao.trust.findings import Finding, VerifyReport
from xinqiao.trust.keys import VerifyKey
from xinqiao.trust.verify import verify_file

#: Codes are stable; words are for people, Chinese first.
_WORDS: dict[Finding, str] = {
    Finding.MALFORMED: "格式损坏 malformed",
    Finding.UNKNOWN_FORMAT: "不认识的文件格式 unknown format",
    Finding.INDEX_GAP: "序号不连续 index gap",
    Finding.CHAIN_BROKEN: "前后哈希不相接（内容被改动）chain broken",
    Finding.TIME_REVERSED: "时间早于前一条（倒填）back-dated",
    Finding.WRONG_LOG: "属于另一本日志 belongs to another log",
    Finding.ROOT_MISMATCH: "与签名的检查点不符 differs from a signed checkpoint",
    Finding.TRUNCATED: "日志被截短 truncated",
    Finding.TAIL_UNSIGNED: "末尾没有签名的检查点 tail not covered by a checkpoint",
    Finding.NO_CHECKPOINT: "没有签名的检查点 no checkpoint",
    Finding.CHECKPOINT_SIGNATURE: "检查点签名无效 bad checkpoint signature",
    Finding.FORK: "与以前留存的检查点是两段不同的历史 fork",
    Finding.INCLUSION: "不在签名的检查点之内 not included",
    Finding.CONSISTENCY: "检查点之间不能证明前后一致 checkpoints not shown consistent",
    Finding.NOT_CONCERNED: "与本方无关 does not concern this party",
    Finding.UNTRUSTED_KEY: "文件内的公钥不在信任之列 key not trusted",
    Finding.MEMBER_MISSING: "缺少必要内容 member missing",
    Finding.GRANT_TWICE: "同一授权登记两次 granted twice",
    Finding.CHANGE_WITHOUT_GRANT: "变更了不存在的授权 change without grant",
    Finding.CHANGE_AFTER_REVOKE: "撤回后又变更 change after withdrawal",
    Finding.USE_BEFORE_GRANT: "调用先于授权 use before grant",
    Finding.USE_AFTER_REVOKE: "撤回之后仍有调用 use after withdrawal",
    Finding.USE_OUTSIDE_GRANT: "超出授权范围的调用 use outside the grant",
    Finding.USE_WITHOUT_PERMIT: "没有许可的调用 use without permit",
    Finding.USE_OUTSIDE_PERMIT: "与许可不符的调用 use outside the permit",
    Finding.USE_OUTSIDE_ENTRUSTMENT: "账户解绑之后仍有调用 use after unbinding",
    Finding.PERMIT_TWICE: "许可重复 permit twice",
    Finding.PERMIT_ENDED_TWICE: "同一许可有两个结局 permit ended twice",
    Finding.PERMIT_WITHOUT_END: "许可没有结局 permit without end",
    Finding.ARTEFACT_SIGNATURE: "凭证签名无效 bad artefact signature",
    Finding.ARTEFACT_CHAIN: "凭证之间不相接 artefacts do not chain",
    Finding.DIGEST_MISMATCH: "报告内容与签名的摘要不符 product differs from its digest",
}
_KINDS = {"log": "完整日志 full log", "ledger": "本方账本 own ledger", "bundle": "报告凭证包 report bundle"}


def report_json(report: VerifyReport) -> dict[str, Json]:
    """The machine form of a verdict."""
    return {
        "ok": report.ok,
        "kind": report.kind,
        "leaves": report.leaves,
        "checkpoints": report.checkpoints,
        "first_bad": report.first_bad,
        "keys_from_file": report.keys_from_file,
        "problems": [
            {"code": p.code.value, "index": p.index, "other": p.other, "detail": p.detail}
            for p in report.problems
        ],
    }


def report_text(report: VerifyReport) -> str:
    """The form for people."""
    kind = _KINDS.get(report.kind, "未知 unknown")
    verdict = "核验通过 OK" if report.ok else "核验不通过 FAILED"
    lines = [
        f"{verdict}：{kind}，{report.leaves} 条 entries，{report.checkpoints} 个检查点 checkpoints",
    ]
    if report.first_bad is not None:
        lines.append(f"首个不可信的条目 first bad leaf：{report.first_bad}")
    for problem in report.problems:
        where = "文件 file" if problem.index is None else f"#{problem.index}"
        other = "" if problem.other is None else f" ↔ #{problem.other}"
        detail = f"（{problem.detail}）" if problem.detail else ""
        lines.append(f"  {where}{other}  {problem.code.value}  {_WORDS[problem.code]}{detail}")
    if report.keys_from_file:
        lines.append(
            "注意 note：公钥取自文件本身，只能证明文件前后一致；用 --key 指定另行取得的公钥，才能证明出自谁手。"
            " keys were taken from the file itself; pass --key to prove who made it."
        )
    return "\n".join(lines)


def _keys(paths: Sequence[Path]) -> list[VerifyKey] | None:
    """Read public JWK files: one key, or ``{"keys": […]}``."""
    if not paths:
        return None
    found: list[VerifyKey] = []
    for path in paths:
        value = strict_object(path.read_bytes())
        items = value.get("keys", [value])
        if not isinstance(items, list):
            raise ValueError(f"{path.name}: keys is a list")
        for item in items:
            if not isinstance(item, dict):
                raise ValueError(f"{path.name}: a key is an object")
            found.append(VerifyKey.from_jwk(item))
    return found


def main_verify(argv: list[str]) -> int:
    """Verify one file; 0 when it is good, 1 when it is not, 2 when it or a key cannot be read."""
    parser = argparse.ArgumentParser(
        prog="xinqiao verify",
        description="离线核验存证：日志、本方账本或报告凭证包。Verify evidence offline.",
    )
    parser.add_argument("file", type=Path, help="导出文件 the exported file")
    parser.add_argument(
        "--key",
        action="append",
        default=[],
        type=Path,
        help="信任的公钥（JWK 文件）trusted public key, repeatable",
    )
    parser.add_argument(
        "--checkpoint",
        action="append",
        default=[],
        type=Path,
        help="以前留存的检查点 a checkpoint kept from before, repeatable",
    )
    parser.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    args = parser.parse_args(argv)
    try:
        report = verify_file(
            args.file,
            trusted_keys=_keys(args.key),
            known_checkpoints=[path.read_text("utf-8") for path in args.checkpoint],
        )
    except (OSError, ValueError, XinqiaoError) as error:
        print(f"无法读取 cannot read: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(report_json(report), ensure_ascii=False, indent=1))
    else:
        print(report_text(report))
    return 0 if report.ok else 1
