"""Makes ``audit-events.md`` from the code that writes leaves: ``python docs/reference/audit_events.py``.

The syntax trees of ``src/xinqiao/hub`` are searched for every call that writes a leaf; type, identifiers, facts and
commitments are read from its arguments. What cannot be resolved stops the generator, so nothing is left out silently.
"""

import ast
import sys
from dataclasses import dataclass
from pathlib import Path

from xinqiao.trust.leaf import LeafType

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "src" / "xinqiao" / "hub"
PAGE = Path(__file__).with_name("audit-events.md")

WORDS = {
    LeafType.REQUEST: "机构申请授权 an institution asked for an authorisation",
    LeafType.GRANT: "企业确认授权，全部或部分 the enterprise confirmed, wholly or in part",
    LeafType.APPEND: "授权追加：同一授权的新制品 a new artefact of the same authorisation",
    LeafType.REFUSE: "企业不同意，或到期没有答复 refused, or lapsed unanswered",
    LeafType.REVOKE: "企业撤回 withdrawn by the enterprise",
    LeafType.BIND: "签了委托提供，账户委托给开户行 an account is entrusted to its bank",
    LeafType.UNBIND: "解除绑定 the entrustment ended",
    LeafType.PERMIT: "给节点的一次性许可 one-shot leave for a node",
    LeafType.USE: "放行了一份产品；许可的结局 a product was released: the end of its permit",
    LeafType.DENY: "不放行，带代码；写明许可时是它的结局 a no with its code; the end of a permit it names",
    LeafType.FAIL: "数源失败或没有答；许可的结局，不计次数 the source failed: the end of its permit, no use counted",
    LeafType.SELF_USE: "企业看了自己的产品 the subject read its own product",
    LeafType.COLLECT: "数源的一批：收到、校验完、退回、失败、撤回 a batch of a source: received, checked, returned, failed, withdrawn",
    LeafType.CORRECT: "异议与信用修复的一步；一条记录不再公示 a step of an objection or of credit repair; a record is published no more",
    LeafType.LOGIN: "一次登录，成功或失败 a log-in, passed or failed",
    LeafType.ADMIN: "管理的动作 an act of administration",
    LeafType.KEY: "密钥登记、批准、撤销 a key proposed, approved, revoked",
    LeafType.STATEMENT: "其他值得证明的事实 any other fact worth proving",
}

type Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Site:
    """One call that writes a leaf."""

    types: tuple[str, ...]
    where: str
    ids: tuple[str, ...]
    facts: tuple[str, ...]
    personal: tuple[str, ...]


class Source:
    """All functions of the hub, by name, and where each call stands."""

    def __init__(self) -> None:
        self.trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HUB.rglob("*.py"))}
        self.functions: dict[str, list[Function]] = {}
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    self.functions.setdefault(node.name, []).append(node)

    def named(self, name: str) -> Function:
        """The one function of this name. Raises when there is none or are several."""
        found = self.functions.get(name, [])
        if len(found) != 1:
            raise LookupError(f"{len(found)} functions are called {name}")
        return found[0]


def returned(function: Function) -> list[ast.expr]:
    """What a function gives back."""
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]


def assigned(name: str, function: Function) -> list[ast.expr]:
    """What a name of a function stands for."""
    found = []
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=target)], value=value) if target == name:
                found.append(value)
            case ast.AnnAssign(target=ast.Name(id=target), value=ast.expr() as value) if target == name:
                found.append(value)
            case _:
                continue
    return found


class Reader:
    """Reads the arguments of the calls in one function."""

    def __init__(self, source: Source, module: ast.Module, function: Function) -> None:
        self.source = source
        self.module = module
        self.function = function

    def _local(self, name: str) -> Function:
        for node in self.module.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name:
                return node
        return self.source.named(name)

    def _own(self, name: str) -> Function:
        """A method of the class that this function belongs to."""
        for node in self.module.body:
            if isinstance(node, ast.ClassDef) and self.function in node.body:
                for one in node.body:
                    if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef) and one.name == name:
                        return one
        raise LookupError(f"no method {name} beside {self.function.name}")

    def members(self, value: ast.expr | None) -> list[str]:
        """The member names of a mapping of facts."""
        match value:
            case None | ast.Constant(value=None):
                return []
            case ast.Dict(keys=keys, values=values):
                out: list[str] = []
                for key, item in zip(keys, values, strict=True):
                    if key is None:
                        out += self.members(item)
                    elif isinstance(key, ast.Constant):
                        out.append(str(key.value))
                return out
            case ast.BoolOp(values=values):
                return [name for item in values for name in self.members(item)]
            case ast.Name(id=name):
                known = [n for item in assigned(name, self.function) for n in self.members(item)]
                return known or self._from_caller(name)
            case ast.Call(func=ast.Name(id=name)):
                inside = Reader(self.source, self.module, self._local(name))
                return [n for item in returned(inside.function) for n in inside.members(item)]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                inside = Reader(self.source, self.module, self._own(name))
                return [n for item in returned(inside.function) for n in inside.members(item)]
            case _:
                raise LookupError(f"facts {ast.unparse(value)} in {self.function.name}")

    def refs(self, value: ast.expr | None) -> list[str]:
        """The names of the identifiers a leaf concerns."""
        match value:
            case None:
                return []
            case ast.Call(func=ast.Name(id="Refs"), keywords=keywords):
                return [k.arg for k in keywords if k.arg]
            case ast.Call(func=ast.Name(id="replace"), args=[first], keywords=keywords):
                return [*self.refs(first), *(k.arg for k in keywords if k.arg)]
            case ast.Call(func=ast.Name(id=name)):
                inside = Reader(self.source, self.module, self._local(name))
                return [n for item in returned(inside.function) for n in inside.refs(item)]
            case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr=name)):
                inside = Reader(self.source, self.module, self._own(name))
                return [n for item in returned(inside.function) for n in inside.refs(item)]
            case ast.Name(id=name):
                known = [n for item in assigned(name, self.function) for n in self.refs(item)]
                return known or self._from_caller(name)
            case ast.Attribute(attr="refs"):
                return ["…"]
            case _:
                raise LookupError(f"refs {ast.unparse(value)} in {self.function.name}")

    def _from_caller(self, name: str) -> list[str]:
        arguments = self.function.args
        if name not in {a.arg for a in (*arguments.args, *arguments.kwonlyargs)}:
            raise LookupError(f"{name} in {self.function.name}")
        return ["…"]

    def types(self, value: ast.expr | None) -> list[str]:
        """Which types a call may write."""
        match value:
            case ast.Constant(value=str() as text):
                return [text]
            case ast.IfExp(body=body, orelse=orelse):
                return [*self.types(body), *self.types(orelse)]
            case ast.Name(id=name):
                known = [text for item in assigned(name, self.function) for text in self.types(item)]
                return known or self._given(name)
            case _:
                raise LookupError(f"type {value and ast.unparse(value)} in {self.function.name}")

    def _given(self, parameter: str) -> list[str]:
        """What the callers of this function give for one of its parameters."""
        arguments = self.function.args
        place = [a.arg for a in arguments.args].index(parameter)
        return [
            text
            for tree in self.source.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == self.function.name
            for text in self.types(node.args[place])
        ]


def argument(call: ast.Call, name: str, place: int) -> ast.expr | None:
    """An argument by keyword or by place."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[place] if len(call.args) > place else None


#: The writing functions themselves pass on what their callers gave; the callers are what is listed.
_PASS_ON = {"append_leaf", "write_leaf", "_leaf", "append"}


def site(reader: Reader, call: ast.Call, where: str) -> Site | None:
    """What a call writes, if it writes a leaf."""
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    match name:
        case "append_leaf" | "Entry":
            kind, facts = argument(call, "type", 0), argument(call, "facts", 2)
            refs, personal = argument(call, "refs", 3), argument(call, "personal", 4)
            ids = reader.refs(refs)
        case "write_leaf":
            kind, facts, personal = (
                argument(call, "type_", 0),
                argument(call, "facts", 3),
                argument(call, "personal", 4),
            )
            ids = ["subject", "institution", "authorisation"]
        case "_leaf":
            kind = argument(call, "type_", 99) or ast.Constant("ADMIN")
            given = [ast.Constant(k.arg) for k in call.keywords if k.arg not in ("type_", "refs")]
            act = call.args[0].value if isinstance(call.args[0], ast.Constant) else "…"
            facts = ast.Dict(
                [ast.Constant(f"act={act}"), ast.Constant("by"), *given], [ast.Constant(0)] * (2 + len(given))
            )
            personal, ids = None, reader.refs(argument(call, "refs", 99))
        case _:
            return None
    names = _with_act(reader, facts)
    return Site(
        tuple(dict.fromkeys(reader.types(kind))), where, tuple(sorted(set(ids))), tuple(dict.fromkeys(names)),
        tuple(reader.members(personal)),
    )  # fmt: skip


def _with_act(reader: Reader, facts: ast.expr | None) -> list[str]:
    """The members, with the act spelled out where the code names it."""
    names = reader.members(facts)
    if isinstance(facts, ast.Dict):
        for key, value in zip(facts.keys, facts.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "act" and isinstance(value, ast.Constant):
                names = [f"act={value.value}" if n == "act" else n for n in names]
    return names


def sites() -> list[Site]:
    """Every call that writes a leaf, in the order of files."""
    source = Source()
    found: list[Site] = []
    for path, tree in source.trees.items():
        text = path.read_text(encoding="utf-8")
        if "append_leaf" not in text and "write_leaf" not in text and "audit.services import" not in text:
            continue
        where = path.relative_to(HUB.parent).as_posix()
        scopes: list[tuple[str, Function]] = []
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                scopes.append((node.name, node))
            elif isinstance(node, ast.ClassDef):
                inner = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
                scopes += [(f"{node.name}.{n.name}", n) for n in inner]
        for name, function in scopes:
            if function.name in _PASS_ON:
                continue
            reader = Reader(source, tree, function)
            calls = [n for n in ast.walk(function) if isinstance(n, ast.Call)]
            found += [s for call in calls if (s := site(reader, call, f"{where}:{name}"))]
    return found


def page() -> str:
    """The whole page."""
    found = sites()
    written = {kind for one in found for kind in one.types}
    lines = [
        "# 存证事件 Audit events",
        "",
        "每一种叶记下什么，由写叶的代码本身生成：`python docs/reference/audit_events.py`。叶的格式见[存证日志](../protocol/audit-log.md)。",
        "What each kind of leaf records, made from the very calls that write them. The form of a leaf is in the protocol.",
        "",
        "`ids` 是本平台的编号，`facts` 是可以明示的事实，`commitments` 是加盐承诺（值不在日志里）。`…` 由调用者给出。没有一处写姓名、号码、金额。",
        "`ids` are opaque, `facts` may stand in clear, `commitments` hide their values. No name, number or amount is written anywhere.",
    ]
    for kind in LeafType:
        if kind not in written:
            continue
        lines += [
            "",
            f"## `{kind}` {WORDS[kind]}",
            "",
            "| 写在 written by | ids | facts | commitments |",
            "| --- | --- | --- | --- |",
        ]
        rows = {
            f"| `{one.where}` | {_code(one.ids)} | {_code(one.facts)} | {_code(one.personal)} |"
            for one in found
            if kind in one.types
        }
        lines += sorted(rows)
    unused = [kind for kind in LeafType if kind not in written]
    lines += [
        "",
        "## 留给以后 Reserved",
        "",
        f"{_code(unused)}：这一版没有代码写它们。 No code writes these yet.",
        "",
    ]
    return "\n".join(lines)


def _code(names: "tuple[str, ...] | list[LeafType]") -> str:
    return " ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE}\n")
