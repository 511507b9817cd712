"""What the commands of ``xinqiao client`` do alike: who asks, showing, saving with evidence."""

import argparse
import io
import json
import sys

from pydantic import BaseModel

from xinqiao.client import Client, ItemAnswer, Operator, Report
from xinqiao.client.config import ClientConfig
from xinqiao.client.ledger import proof_of
from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, XinqiaoError
from xinqiao.trust.keyfile import write_private


def show(value: BaseModel | dict[str, Json] | list[BaseModel]) -> int:
    """Print a result as JSON."""
    if isinstance(value, list):
        plain: object = [item.model_dump(mode="json") for item in value]
    else:
        plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    print(json.dumps(plain, ensure_ascii=False, indent=1))
    return 0


def operator_of(config: ClientConfig, args: argparse.Namespace) -> Operator:
    """The person who asks. Raises Invalid when nobody is named."""
    name = args.operator or config.operator.name
    department = args.department or config.operator.department
    if not name or not department:
        raise Invalid(Code.INVALID, "who asks? --operator and --department, or [operator] in client.toml")
    return Operator(name=name, department=department)


def writing(made: argparse.ArgumentParser) -> None:
    """The arguments of every command that has an effect."""
    made.add_argument("--operator", help="经办人 who asks")
    made.add_argument("--department", help="部门 department")
    made.add_argument("--idempotency-key", help="幂等键，重试时用同一个 the same for a retry")


def saved(client: Client, args: argparse.Namespace, report: Report | ItemAnswer) -> None:
    """Write a report or an answer with what proves it to ``args.save``."""
    write_private(args.save, _evidence(client, report) if args.proof else report.bundle())


def _evidence(client: Client, report: Report | ItemAnswer) -> bytes:
    out = io.BytesIO()
    try:
        client.ledger(out)
        return proof_of(report, out.getvalue())
    except XinqiaoError as error:
        # The use is spent: a file without the log's proofs is worth more than none.
        print(
            f"没有附上存证里的证明 saved without the log's proofs: {error.code} {error.detail}",
            file=sys.stderr,
        )
        return report.bundle()
