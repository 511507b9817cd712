"""The page ``docs/reference/api.md``, made from the table of operations; a test holds the two equal.

``xinqiao manage shell -v 0 -c "from xinqiao.hub.gateway.reference import page; print(page(), end='')"`` prints it.
"""

from collections import defaultdict

from pydantic import BaseModel

from xinqiao.domain.errors import Code
from xinqiao.hub.gateway.auth import Party
from xinqiao.hub.gateway.operations import STATUS, Operation, Security
from xinqiao.hub.gateway.table import TABLE

_SECURITY = {
    Security.NONE: "公开 open",
    Security.ASSERTION: "私钥断言 client assertion（RFC 7523）",
    Security.TOKEN: "令牌 + 报文签名 bound token + RFC 9421 signature",
}

_HEAD = """# 机构接口参考

本页由操作表生成（`hub/gateway/table.py`），与 `GET /openapi.json` 同源；交换的步骤与签名见[交换协议](../protocol/exchange.md)，错误码的话见[错误码](errors.md)。
This page is generated from the table of operations, like `GET /openapi.json`.

所有应答由平台签名（RFC 9421），已认证的请求其应答绑定到该请求的签名。请求体与参数里没有写出的成员一概拒绝：`UNKNOWN_FIELD`，若是应答才有的成员则 `READ_ONLY_FIELD`；同名成员或参数出现两次：`AMBIGUOUS_INPUT`。不属于本机构的对象与不存在的对象，应答相同。请求体不超过 256 KiB，报送文件的一片不超过 4 MiB。

| 操作 operationId | 方法与地址 | 凭证 | 说明 |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown."""
    rows = [
        f"| [`{one.id}`](#{one.id.lower()}) | `{one.method} {one.path}` | {_who(one)} | {one.summary_zh} |"
        for one in TABLE
    ]
    return _HEAD + "\n".join(rows) + "\n" + "".join(_section(one) for one in TABLE)


def _who(operation: Operation) -> str:
    """How a caller proves who it is, and who it is where that is no institution."""
    words = _SECURITY[operation.security] + ("，或会话标签 or a session's tag" if operation.tagged else "")
    return {Party.SOURCE: f"数源的{words} (sources)", Party.DESK: f"平台系统的{words} (the desk)"}.get(
        operation.party, words
    )


def _section(operation: Operation) -> str:
    lines = ["", f"## {operation.id}", "", f"`{operation.method} {operation.path}` · {operation.summary}", ""]
    if operation.idempotent:
        lines += [
            "需要 `Idempotency-Key`（8 至 80 个 `A-Za-z0-9._:~-`）：同键同体得同一应答，只生效一次。",
            "",
        ]
    if operation.raw_limit:
        lines += [
            f"请求体 body：文件的字节 `application/octet-stream`，至多 {operation.raw_limit:,} 字节。",
            "",
        ]
    for title, model in (("参数 parameters", operation.params), ("请求体 body", operation.body)):
        if model is not None:
            lines += [f"{title}：", "", *_members(model), ""]
    if operation.answer is not None:
        lines += [f"应答 answer `{operation.status}`：", "", *_members(operation.answer), ""]
    else:
        lines += [f"应答 answer `{operation.status}`：`{operation.media_type}`", ""]
    by_status: dict[int, list[Code]] = defaultdict(list)
    for code in operation.all_codes:
        by_status[STATUS[code]].append(code)
    lines += ["错误 errors：", ""]
    lines += [
        f"* {status}：{' '.join(f'`{code}`' for code in sorted(codes))}"
        for status, codes in sorted(by_status.items())
    ]
    return "\n".join(lines) + "\n"


def _members(model: type[BaseModel]) -> list[str]:
    found = []
    schema = model.model_json_schema(ref_template="{model}")
    properties, named = schema.get("properties", {}), schema.get("$defs", {})
    for name, field in model.model_fields.items():
        needed = "必填" if field.is_required() else "可选"
        found.append(f"* `{name}` {_kind(properties.get(name, {}), named)}（{needed}）")
    return found


def _kind(schema: dict[str, object], named: dict[str, dict[str, object]]) -> str:
    """A member's kind in a few words; objects keep their name, words and bounds are spelt out."""
    if "$ref" in schema:
        name = str(schema["$ref"])
        meant = named.get(name, {})
        return name if "properties" in meant or not meant else _kind(meant, named)
    if "const" in schema:
        return f"`{schema['const']}`"
    options = schema.get("anyOf")
    if isinstance(options, list):
        return " 或 ".join(_kind(one, named) for one in options)
    if "enum" in schema:
        values = schema["enum"]
        assert isinstance(values, list)
        return " / ".join(f"`{value}`" for value in values)
    if schema.get("type") == "array":
        items = schema.get("items")
        return f"列表 [{_kind(items, named)}]" if isinstance(items, dict) else "列表"
    words = {"string": "文本", "integer": "整数", "boolean": "布尔", "object": "对象", "null": "空"}
    word = words.get(str(schema.get("type")), "值")
    limits = [
        f"{label}{schema[key]}"
        for key, label in (("minimum", "≥ "), ("maximum", "≤ "), ("maxLength", "长 ≤ "), ("pattern", "形如 "))
        if key in schema
    ]
    return word + (f" {'，'.join(limits)}" if limits else "")
