"""``xinqiao policies``: look now for the firms that policies are for; let an organisation in as a policy department."""

import argparse
import json
import sys

from xinqiao.cli.installed import database_ready
from xinqiao.domain.errors import XinqiaoError
from xinqiao.ui.error_words import words


def main_policies(argv: list[str]) -> int:
    """Run the command; 0 when it was done, 2 when nothing was and standard error says why."""
    args = _parser().parse_args(argv)
    if not database_ready():
        return 2
    try:
        return _evaluate() if args.verb == "evaluate" else _department(args.uscc)
    except XinqiaoError as refused:
        said = words(refused.code)
        print(f"没有办成 not done: {said.zh} {said.en} ({refused.code})", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xinqiao policies", description="惠企政策 policies")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser(
        "evaluate",
        description="政策找人：现在就为同意的企业算一遍，后台程序每天也做。Look now for every firm that agreed, as the worker does daily.",
    )
    department = verbs.add_parser(
        "department", description="登记一个政策部门。Let an organisation in as a policy department."
    )
    department.add_argument("uscc", help="它的统一社会信用代码 its code, registered as an institution before")
    return parser


def _evaluate() -> int:
    from dataclasses import asdict

    from xinqiao.hub.apps.policies.finding import evaluate
    from xinqiao.hub.runtime import runtime

    print(json.dumps(asdict(evaluate(at=runtime.clock.now()))))
    return 0


def _department(uscc: str) -> int:
    from xinqiao.domain.errors import NotFound
    from xinqiao.hub.actors import SystemActor
    from xinqiao.hub.apps.identity.models import Institution
    from xinqiao.hub.apps.policies.services import register_department
    from xinqiao.hub.runtime import runtime

    found = Institution.objects.filter(uscc=uscc).first()
    if found is None:
        raise NotFound
    register_department(actor=SystemActor("cli"), institution_id=found.id, at=runtime.clock.now())
    print(f"已登记 registered: {found.name}")
    return 0
