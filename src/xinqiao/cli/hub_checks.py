"""Checks of ``xinqiao doctor`` that need the hub's settings: names, secrets, database, log, nodes.

Nothing here writes, and an SQLite file that does not exist is not opened, because opening would make it.
"""

import json
import os
from pathlib import Path

import httpx

from xinqiao.cli.findings import Finding, bad, note, ok
from xinqiao.cli.machine_checks import key_file

FIRST_START = "首次启动时生成 made by the first start of xinqiao serve"
#: PostgreSQL without these may lose what it acknowledged; no client can make up for it.
_SERVER = {"fsync": "on", "full_page_writes": "on"}


_NODE_STEPS = {
    "no_directory": "它取不到平台目录：检查它到平台的网络和锚文件 it has no directory: check its way to the hub",
    "no_data": "它的存储是空的 its store is empty",
    "store_unavailable": "它读不了自己的存储 it cannot read its store",
}


def load_settings() -> list[Finding]:
    """Read the environment and the settings; a later check needs an ``ok`` here."""
    from django.core.exceptions import ImproperlyConfigured

    from xinqiao.hub.project.environment import environment

    check, see = "设置 settings", "docs/reference/settings.md"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
    try:
        environment().check_names()
        import django

        django.setup()
    except ImproperlyConfigured as error:
        return [bad(check, str(error), see)]
    given = sorted(name for name in os.environ if name.startswith("XINQIAO_"))
    return [ok(check, "、".join(given) or "没有设置任何环境变量，全用默认 no variable is set: all defaults")]


def platform() -> list[Finding]:
    """What the settings mean for people: address, demonstration, identity verifier, test hooks."""
    from django.conf import settings

    home, url = Path(settings.XINQIAO_HOME), str(settings.XINQIAO_PUBLIC_URL)
    findings = [
        ok("目录 home", str(home))
        if home.is_dir() and os.access(home, os.W_OK)
        else bad(
            "目录 home",
            f"{home} 不可写 is not writable",
            "换一个目录或改权限 choose another or change its rights",
        )
        if home.exists()
        else note("目录 home", f"{home} 还没有 does not exist yet", FIRST_START)
    ]
    local = url.startswith(("http://localhost", "http://127.0.0.1"))
    if url.startswith("https://"):
        findings.append(ok("地址 address", url))
    elif local:
        findings.append(
            note("地址 address", f"{url}：只供本机 this machine only", "设 XINQIAO_PUBLIC_URL=https://…")
        )
    else:
        findings.append(bad("地址 address", f"{url}：没有 TLS no TLS", "设 XINQIAO_PUBLIC_URL=https://…"))
    if settings.TEST_HOOKS:
        step = "真实平台去掉 XINQIAO_TEST_HOOKS remove it on a real platform"
        findings.append(
            (note if settings.DEMO else bad)(
                "测试挂钩 hooks", "时钟可被外部拨动 the clock can be moved", step
            )
        )
    if settings.DEMO:
        findings.append(
            note("身份核验 identity", "演示：身份与刷脸都是模拟的 a demonstration: both are simulated")
        )
    elif not settings.IDENTITY_VERIFIER:
        step = "设 XINQIAO_IDENTITY_VERIFIER，或 XINQIAO_DEMO=1 只作演示"
        findings.append(
            bad("身份核验 identity", "没有核验方，企业登录不了 none: no enterprise can log in", step)
        )
    else:
        findings.append(ok("身份核验 identity", settings.IDENTITY_VERIFIER))
    return findings


def catalogue() -> list[Finding]:
    """The items of the national list and of this province; a start refuses a mistake in them."""
    from django.conf import settings

    from xinqiao.catalogue import CURRENT, CatalogueError, load

    check = "清单 catalogue"
    try:
        found = load(CURRENT, settings.XINQIAO_CATALOGUE_DIR)
    except CatalogueError as error:
        first = f"{error.problems[0]}（共 {len(error.problems)} 处 mistakes in all）"
        return [bad(check, first, f"xinqiao catalogue check {settings.XINQIAO_CATALOGUE_DIR}")]
    added = sum(item.origin != "national" for item in found.items.values())
    return [ok(check, f"{found.document}，{len(found.items)} 项 items，省里增加 of the province: {added}")]


def secrets() -> list[Finding]:
    """The session key, the hub's signing key and the key of personal fields: there, private, readable."""
    from django.conf import settings

    from xinqiao.trust.commitments import load_or_create_kek
    from xinqiao.trust.encoding import strict_object
    from xinqiao.trust.keys import SigningKey

    session = "会话密钥 session key"
    if settings.SECRET_KEY_IS_EPHEMERAL:
        findings = [note(session, "还没有 absent", FIRST_START)]
    elif len(settings.SECRET_KEY) < 50:
        findings = [bad(session, f"{len(settings.SECRET_KEY)} 个字符 characters", "至少 50 个 at least 50")]
    elif os.environ.get("XINQIAO_SECRET_KEY"):
        findings = [ok(session, "XINQIAO_SECRET_KEY")]
    else:
        named = os.environ.get("XINQIAO_SECRET_KEY_FILE") or settings.XINQIAO_HOME / "keys" / "secret_key"
        findings = [key_file(session, Path(named), len, made=FIRST_START)]
    hub, field = Path(settings.XINQIAO_HUB_KEY_FILE), Path(settings.XINQIAO_FIELD_KEY_FILE)
    return [
        *findings,
        key_file(
            "平台密钥 hub key", hub, lambda raw: SigningKey.from_jwk(strict_object(raw)), made=FIRST_START
        ),
        # an existing file is only read by it, so nothing is made here
        key_file("字段密钥 field key", field, lambda _: load_or_create_kek(field), made=FIRST_START),
    ]


def database() -> tuple[list[Finding], bool]:
    """Reachable, effective settings, migrations. The flag says whether tables may be read."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import DatabaseError, connection

    from xinqiao.hub.runtime import check_database

    check = "数据库 database"
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        if not path.exists():
            return [note(check, f"SQLite {path} 还没有 does not exist yet", FIRST_START)], False
        place = f"SQLite {path}"
    else:
        known = connection.settings_dict
        place = f"PostgreSQL {known['HOST']}:{known['PORT']}/{known['NAME']}"
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        # the message of a driver may quote the address with its password: only its kind is told
        return [
            bad(check, f"{place} 连不上 unreachable: {type(error).__name__}", "检查地址与服务 check it")
        ], False
    findings = []
    try:
        check_database()
        findings.append(ok(check, place))
        findings += _server()
    except ImproperlyConfigured as error:
        findings.append(bad(check, str(error), "见 see docs/operations/postgres.md"))
    waiting = _waiting_migrations()
    if waiting:
        step = "xinqiao manage migrate，或让 xinqiao serve 来做 or let serve do it"
        findings.append(bad("迁移 migrations", f"{len(waiting)} 个未应用 waiting: {waiting[0]} …", step))
    else:
        findings.append(ok("迁移 migrations", "都已应用 all applied"))
    return findings, not waiting


def _server() -> list[Finding]:
    """The server's own settings, which a client cannot set."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return []
    findings = []
    with connection.cursor() as cursor:
        for name, wanted in _SERVER.items():
            cursor.execute(f"SHOW {name}")
            (found,) = cursor.fetchone()
            if found != wanted:
                step = "postgresql.conf；否则断电会丢失已确认的结果 acknowledged effects may be lost"
                findings.append(bad(f"PostgreSQL {name}", found, step))
        cursor.execute("SHOW data_checksums")
        if cursor.fetchone()[0] != "on":
            step = "pg_checksums --enable（停机时 while stopped）"
            findings.append(note("PostgreSQL data_checksums", "off", step))
    return findings


def _waiting_migrations() -> list[str]:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def audit() -> list[Finding]:
    """The log: its size, how far it is ahead of its last signed head, and whether this clock is behind it."""
    from xinqiao.hub.apps.audit.models import LogHead
    from xinqiao.hub.apps.audit.services import audit_health
    from xinqiao.hub.runtime import runtime

    now = runtime.clock.now()
    health = audit_health(now)
    said = f"{health.size} 条 leaves，检查点到 checkpoint at {health.checkpoint_size}"
    if health.failing:
        step = "启动 xinqiao worker；没有新检查点时平台停止放行 run a worker: nothing is released without a checkpoint"
        findings = [bad("存证日志 log", f"{said}，已 {health.age.total_seconds():.0f} 秒 s", step)]
    else:
        findings = [ok("存证日志 log", said)]
    last = LogHead.objects.filter(id=1).values_list("last_at", flat=True).first()
    if last is not None and last > now:
        behind = (last - now).total_seconds()
        findings.append(
            bad("时钟 clock", f"比最近的存证慢 behind the newest leaf by {behind:.0f} s", "校准 set it")
        )
    return findings


def network(transport: httpx.BaseTransport | None = None) -> list[Finding]:
    """The hub at its public address with its own directory, and every active node. ``transport``: for tests."""
    from django.conf import settings

    from xinqiao.hub.apps.identity.selectors import nodes
    from xinqiao.hub.node_client import NodeClient

    if not Path(settings.XINQIAO_HUB_KEY_FILE).exists():
        return [note("网络 network", "没有平台密钥，不去问 not asked without a hub key")]
    findings = [_own_directory(transport)]
    client = NodeClient(transport=transport)
    for node in nodes():
        check = f"节点 {node.name}"
        if node.status != "active":
            findings.append(note(check, f"{node.base_url}：已停用 {node.status}"))
            continue
        answer = client.health(node.base_url)
        if answer is None:
            findings.append(
                bad(check, f"{node.base_url} 没有回答 does not answer", "联系该机构 ask its institution")
            )
        elif answer.get("node") != node.id:
            findings.append(
                bad(check, f"{node.base_url} 是另一个节点 is another node", "更正地址 correct it")
            )
        elif answer.get("status") != "ok":
            said = str(answer.get("status"))
            findings.append(
                bad(check, f"{node.base_url}：{said}", _NODE_STEPS.get(said, "看它的日志 see its log"))
            )
        else:
            findings.append(
                ok(check, f"{node.base_url}，数据截至 as of {str(answer.get('data_as_of'))[:10]}")
            )
    return findings


def _own_directory(transport: httpx.BaseTransport | None) -> Finding:
    from django.conf import settings

    from xinqiao.domain.errors import XinqiaoError
    from xinqiao.hub.runtime import runtime
    from xinqiao.trust.jws import ArtefactType, verify_jws

    check, url = "平台目录 directory", f"{settings.XINQIAO_PUBLIC_URL}/api/v1/directory"
    try:
        with httpx.Client(transport=transport, timeout=3.0, trust_env=False) as client:
            answer = client.get(url)
        token = json.loads(answer.content)["directory"] if answer.status_code == 200 else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return note(check, f"{url} 没有回答（平台没在运行？）no answer: is the hub running?")
    if not isinstance(token, str):
        return bad(
            check, f"{url} → {answer.status_code}", "地址指到别的程序了？ does it lead to another program?"
        )
    try:
        verify_jws(token, runtime.hub_keys(), typ=ArtefactType.DIRECTORY, at=runtime.clock.now())
    except XinqiaoError as error:
        step = "那里运行的平台用的是另一把密钥 the hub there has another key"
        return bad(check, f"{url}：{error.code}", step)
    return ok(check, url)
