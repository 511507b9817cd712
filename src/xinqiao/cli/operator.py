"""``xinqiao operator``: the platform's own people, beginning with the first: add somebody, list them, end an account;
and its own systems at the interface.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from xinqiao.cli.installed import database_ready
from xinqiao.cli.terminal import new_password, padded, width
from xinqiao.domain.errors import XinqiaoError

if TYPE_CHECKING:
    from xinqiao.hub.apps.identity.models import User

_ROLES = {
    "admin": "管理员 administrator",
    "security": "安全员 security officer",
    "service": "客服 service",
    "auditor": "审计员 auditor",
}
#: Why the service said no: by the field it names, or by the reason it gives.
_WHY = {
    "login": "登录名用小写字母、数字、点、横线，至多 40 个字符 a log-in name has lower-case letters, digits, . _ -",
    "name": "姓名至多 80 个字 a name has at most 80 characters",
    "not_after": "有效期至少一天 at least one day",
    "CONFLICT_DUPLICATE jwk": "这把公钥已经登记过 this key is known already",
    "jwk": "认不出这把公钥，或者里面有私钥 no usable public key, or a private one",
    "role": "审计员不兼任，管理员与安全员是两个人 an auditor is nothing else; admin and security are two people",
    "PASSWORD_TOO_SHORT": "口令至少 12 个字符 a password has at least 12 characters",
    "PASSWORD_TOO_COMMON": "这个口令太常见 this password is too common",
    "PASSWORD_TOO_SIMILAR": "口令和登录名太像 the password is too much like the log-in name",
    "CONFLICT_DUPLICATE": "这个登录名已经有人用 the log-in name is taken",
    "NOT_FOUND": "平台没有这个人 nobody of the platform has this log-in name",
    "ENDED": "这个账号已经停用 the account has ended already",
    "LAST_ADMINISTRATOR": "这是最后一位管理员：先加一位，再停用 the last administrator: add another one first",
}


def main_operator(argv: list[str]) -> int:
    """Add, list or end; 2 means that nothing was done and standard error says why."""
    args = _parser().parse_args(argv)
    if not database_ready():
        return 2
    try:
        match args.verb:
            case "add":
                return _add(args)
            case "end":
                return _end(args.login)
            case "add-system":
                return _add_system(args)
            case "end-system":
                return _end_system(args.id)
            case "systems":
                return _systems()
            case _:
                return _list(as_json=args.json)
    except XinqiaoError as refused:
        print(f"没有办成 not done: {_why(refused)}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="xinqiao operator", description="平台自己的人 the platform's own people"
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    add = verbs.add_parser(
        "add", description="加一个人；口令问两遍，不显示。Add somebody; the password is asked for twice."
    )
    add.add_argument("login", help="登录名 log-in name")
    add.add_argument(
        "--role", action="append", required=True, choices=list(_ROLES),
        help="可以写几次；审计员不兼任，管理员与安全员是两个人 may be repeated; auditor stands alone, admin and security apart",
    )  # fmt: skip
    add.add_argument(
        "--name", default="", help="显示的姓名，不写就用登录名 the name that is shown (default: the login)"
    )
    add.add_argument(
        "--password-stdin", action="store_true", help="口令从标准输入读一行 one line of standard input"
    )
    listing = verbs.add_parser(
        "list", description="列出所有人，包括已停用的。Everybody, also those who left."
    )
    listing.add_argument("--json", action="store_true", help="输出 JSON machine-readable output")
    end = verbs.add_parser(
        "end",
        description="停用一个账号，立即生效，打开的会话也失效。End an account at once, with its open sessions.",
    )
    end.add_argument("login", help="登录名 log-in name")
    _system_verbs(verbs)
    return parser


def _system_verbs(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    add = verbs.add_parser(
        "add-system",
        description="登记平台自己的一个系统的公钥（xinqiao desk init 打印的），打印它的编号。Let one of the platform's own systems in.",
    )
    add.add_argument("name", help="系统名称 its name")
    add.add_argument("--jwk", type=Path, required=True, metavar="FILE", help="公钥文件 the public key")
    add.add_argument("--days", type=int, default=365, help="有效天数 good for so many days")
    verbs.add_parser("systems", description="列出平台自己的系统。The platform's own systems.")
    end = verbs.add_parser("end-system", description="停用一个系统，立即生效。End a system at once.")
    end.add_argument("id", help="系统编号 dsk-…")


def _add_system(args: argparse.Namespace) -> int:
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.services import add_desk_key
    from xinqiao.hub.runtime import runtime

    try:
        jwk = json.loads(args.jwk.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        print(f"读不出公钥 the key cannot be read: {error}", file=sys.stderr)
        return 2
    now = runtime.clock.now()
    row = add_desk_key(
        actor=SystemActor("cli"), name=args.name, jwk=jwk, not_before=now, not_after=now + timedelta(days=args.days),
        at=now,
    )  # fmt: skip
    print(row.id)
    return 0


def _end_system(desk_id: str) -> int:
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.services import revoke_desk_key
    from xinqiao.hub.runtime import runtime

    row = revoke_desk_key(actor=SystemActor("cli"), desk_id=desk_id, at=runtime.clock.now())
    print(f"已停用，令牌立即失效 ended, with its tokens: {row.name}")
    return 0


def _systems() -> int:
    from xinqiao.hub.apps.identity.oversight import desk_systems

    rows = [
        {
            "id": one.id,
            "name": one.name,
            "kid": one.kid,
            "status": one.status,
            "not_after": one.not_after.isoformat(),
        }
        for one in desk_systems()
    ]
    print(json.dumps(rows, ensure_ascii=False, indent=1))
    return 0


def _add(args: argparse.Namespace) -> int:
    from xinqiao.hub.actors import OperatorRole, SystemActor
    from xinqiao.hub.apps.identity.services import add_operator
    from xinqiao.hub.runtime import runtime

    password = new_password(from_stdin=args.password_stdin)
    if password is None:
        return 2
    user = add_operator(
        actor=SystemActor("cli"), login=args.login, password=password, name=args.name,
        roles=frozenset(OperatorRole(role) for role in args.role if role != "auditor"),
        auditor="auditor" in args.role, at=runtime.clock.now(),
    )  # fmt: skip
    print(f"已添加 added: {args.login}，{_words(_held(user))}")
    return 0


def _end(login: str) -> int:
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.services import end_operator
    from xinqiao.hub.runtime import runtime

    end_operator(actor=SystemActor("cli"), login=login, at=runtime.clock.now())
    print(f"已停用，会话立即失效 ended, with every open session: {login}")
    return 0


def _list(*, as_json: bool) -> int:
    from xinqiao.hub.apps.identity.oversight import operators

    people = operators()
    if as_json:
        rows = [
            {
                "login": one.username,
                "name": one.display_name,
                "roles": _held(one),
                "active": one.is_active,
                "created_at": one.created_at.isoformat(),
            }
            for one in people
        ]
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    if not people:
        print("还没有人 nobody yet: xinqiao operator add", file=sys.stderr)
        return 0
    table = [
        (
            one.username,
            one.display_name,
            _words(_held(one)),
            "在用 active" if one.is_active else "已停用 ended",
        )
        for one in people
    ]
    wide = [max(width(row[column]) for row in table) for column in range(3)]
    for row in table:
        cells = [padded(cell, columns) for cell, columns in zip(row, wide, strict=False)]
        print("  ".join([*cells, row[3]]))
    return 0


def _held(user: "User") -> list[str]:
    return ["auditor"] if user.kind == "auditor" else [str(role) for role in user.roles]


def _words(roles: Sequence[str]) -> str:
    return "、".join(_ROLES[role] for role in roles) or "没有角色 no role"


def _why(refused: XinqiaoError) -> str:
    field = str(refused.facts.get("field", ""))
    known = (str(refused.facts.get("reason", "")), f"{refused.code} {field}", refused.code.value, field)
    return next((_WHY[key] for key in known if key in _WHY), str(refused))
