"""``xinqiao client items-…``: items called or verified at the source, for scripts. Part of ``xinqiao client``."""

import argparse
import json
from collections.abc import Callable
from pathlib import Path

from xinqiao.cli.client_parts import operator_of, saved, show, writing
from xinqiao.client import Client, ItemAnswer, StatedClaim, state_claim
from xinqiao.client.config import ClientConfig
from xinqiao.client.operations import new_key
from xinqiao.clock import SHANGHAI, SystemClock
from xinqiao.domain.canonical import Json
from xinqiao.domain.consent import Purpose, VisibleState
from xinqiao.domain.errors import Code, Conflict, Invalid

type Command = Callable[[str, Callable[..., int], str], argparse.ArgumentParser]


def _items(texts: list[str]) -> dict[str, list[str]]:
    """``ITEM:field,field`` → item and fields."""
    found: dict[str, list[str]] = {}
    for text in texts:
        item, _, fields = text.partition(":")
        names = [one for one in fields.split(",") if one]
        if not item or not names or item in found:
            raise Invalid(Code.INVALID, "an item is ITEM:field,field", facts={"field": "item"})
        found[item] = names
    return found


def _claims(config: ClientConfig, files: list[Path]) -> list[StatedClaim]:
    """Claims from files ``{"item", "values"}``, one or a list in each; their salts are made here."""
    stated = []
    on = SystemClock().now().astimezone(SHANGHAI).date()
    for file in files:
        value = json.loads(file.read_text(encoding="utf-8"))
        for one in value if isinstance(value, list) else [value]:
            if (
                not isinstance(one, dict)
                or not isinstance(one.get("values"), dict)
                or one.keys() - {"item", "values"}
            ):
                raise Invalid(Code.INVALID, 'a claim is {"item": …, "values": {…}}', facts={"field": "claim"})
            values = {str(name): str(text) for name, text in one["values"].items()}
            stated.append(state_claim(config.catalogue, str(one.get("item")), values, on=on))
    return stated


def _request(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    claims = _claims(config, args.claim)
    made = client.items.request(
        subject_uscc=args.uscc, purpose=Purpose(args.purpose), business_ref=args.business_ref,
        operator=operator_of(config, args), items=_items(args.item), claims=claims, valid_days=args.days,
        max_queries=args.times, message=args.message, idempotency_key=args.idempotency_key,
    )  # fmt: skip
    config.claims.keep(made.id, claims)
    return show(made)


def _list(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    if args.records:
        return show(client.items.records(cursor=args.after, limit=args.limit))
    state = VisibleState(args.state) if args.state else None
    page = client.items.authorisations(
        state=state, subject_uscc=args.uscc, cursor=args.after, limit=args.limit
    )
    return show(page)


def _get(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    if args.id.startswith("itq-"):
        return show(client.items.record(args.id))
    found = client.items.authorisation(args.id)
    kept: list[Json] = [{"item": one.item, "digest": one.digest} for one in config.claims.claims(found.id)]
    return show({**found.model_dump(mode="json"), "kept_claims": kept})


def _call(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    _free(args.save)
    granted = client.items.authorisation(args.authorisation)
    fields = args.field or granted.fields_of(args.item)
    if not fields:
        raise Invalid(Code.INVALID, "the item is not granted", facts={"field": "item"})
    answer = client.items.call(
        args.authorisation, args.item, fields, granted.purpose, operator_of(config, args),
        idempotency_key=args.idempotency_key or new_key(),
    )  # fmt: skip
    records: list[Json] = [{"values": {**one.values}, "objected": one.objected} for one in answer.records]
    given: dict[str, Json] = {"records": records, "withheld": answer.withheld, "truncated": answer.truncated}
    return _done(client, args, answer, given)


def _verify(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    _free(args.save)
    kept = config.claims.claims(args.authorisation)
    wanted = [one for one in kept if args.claim in (None, one.digest) and args.item in (None, one.item)]
    if len(wanted) != 1:
        digests: list[str] = [one.digest for one in wanted or kept]
        raise Invalid(Code.INVALID, "which claim? --claim or --item", facts={"claims": digests})
    granted = client.items.authorisation(args.authorisation)
    answer = client.items.verify(
        args.authorisation, wanted[0], granted.purpose, operator_of(config, args),
        idempotency_key=args.idempotency_key or new_key(),
    )  # fmt: skip
    return _done(client, args, answer, {"result": answer.result})


def _forget(client: Client, config: ClientConfig, args: argparse.Namespace) -> int:
    config.claims.forget(args.authorisation)
    return show({"forgotten": args.authorisation})


def _free(save: Path | None) -> None:
    if save is not None and save.exists():  # said before a use is spent on what could not be kept
        raise Conflict(Code.CONFLICT_DUPLICATE, f"{save} exists")


def _done(client: Client, args: argparse.Namespace, answer: ItemAnswer, given: dict[str, Json]) -> int:
    if args.save is not None:
        saved(client, args, answer)
    facts: dict[str, Json] = {
        "id": answer.id, "answer_no": answer.answer_no, "item": answer.item, "fields": [*answer.fields],
        "subject": answer.subject, "node": answer.node_name, "data_as_of": answer.data_as_of,
        "keep_until": answer.keep_until, "uses_left": answer.uses_left, "leaf": answer.use_leaf.index,
        "released_at": answer.released_at.isoformat(),
    }  # fmt: skip
    return show(facts | given)


def add_commands(command: Command) -> None:
    """The commands of items among those of ``xinqiao client``."""
    made = command("items-request", _request, "申请在源头调用或核验事项 ask for items and claims")
    made.add_argument("uscc")
    made.add_argument("--purpose", choices=[str(p) for p in Purpose], default="loan_application")
    made.add_argument("--business-ref", required=True, help="本机构的业务编号")
    made.add_argument(
        "--item", action="append", default=[], metavar="ITEM:field,field", help="接口事项和字段"
    )
    made.add_argument(
        "--claim", action="append", default=[], type=Path, metavar="FILE",
        help='要核验的值 {"item", "values"}；盐在这里生成，与值一起留在 claims/ 下',
    )  # fmt: skip
    made.add_argument("--days", type=int, default=30)
    made.add_argument("--times", type=int, default=3)
    made.add_argument("--message", default="")
    writing(made)
    made = command("items-list", _list, "事项授权列表，--records 为记录 authorisations of items, or records")
    made.add_argument("--state", choices=[str(s) for s in VisibleState])
    made.add_argument("--uscc")
    made.add_argument("--after", help="上一页的 next_cursor")
    made.add_argument("--limit", type=int, default=50)
    made.add_argument("--records", action="store_true")
    made = command("items-show", _get, "一份事项授权（ita-…）或一次调用、核验（itq-…）")
    made.add_argument("id")
    made = command("items-call", _call, "调用一个接口事项，在本机打开 call an item and open here")
    made.add_argument("authorisation")
    made.add_argument("item")
    made.add_argument("--field", action="append", help="要的字段；不写是授权的全部")
    _keeping(made)
    made = command("items-verify", _verify, "核验一组值：是或否 verify a claim: yes or no")
    made.add_argument("authorisation")
    made.add_argument("--item", help="只有一组值时可省")
    made.add_argument("--claim", help="那一组值的摘要")
    _keeping(made)
    made = command("items-forget", _forget, "删掉本机保存的值与盐 forget the kept values and salts")
    made.add_argument("authorisation")


def _keeping(made: argparse.ArgumentParser) -> None:
    made.add_argument("--save", type=Path, help="把结果与凭证写成一个文件（不写则不落盘）")
    made.add_argument("--proof", action="store_true", help="连同存证证明一起写 with inclusion proofs")
    writing(made)
