"""Whether the platform itself works: database, worker, outbox, log, versions, the settings that matter."""

import platform
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from xinqiao.hub.actors import OperatorRole
from xinqiao.hub.apps.audit.models import Checkpoint
from xinqiao.hub.apps.audit.selectors import checkpoints
from xinqiao.hub.apps.audit.services import AuditHealth, audit_health
from xinqiao.hub.apps.identity import selectors as identity
from xinqiao.hub.apps.identity.models import Node
from xinqiao.hub.apps.notices import selectors as notices
from xinqiao.hub.apps.notices.models import OutboxEvent
from xinqiao.hub.apps.notices.services import resume_event
from xinqiao.hub.portals.access import Visit, operator_page
from xinqiao.hub.portals.operation.shell import Staff, has, manager, staff_page
from xinqiao.hub.runtime import effective_pragmas
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

#: The worker looks at every node each thirty seconds; longer silence than this means it does not run.
WORKER_SILENT = timedelta(minutes=2)
_PACKAGES = ("xinqiao", "django", "granian", "cryptography", "psycopg")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at: ``state`` is ok, wait or no; ``words`` what was found; ``step`` what to do."""

    name: str
    state: str
    words: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What the checks are about, asked once for a page that shows some of it again."""

    at: datetime
    audit: AuditHealth
    checkpoint: Checkpoint | None
    nodes: list[Node]
    pending: int
    parked: list[OutboxEvent]

    @classmethod
    def now(cls, at: datetime) -> "Look":
        """Everything as it stands at ``at``."""
        newest = next(iter(checkpoints(limit=1)), None)
        return cls(
            at, audit_health(at), newest, identity.nodes(), notices.pending_count(), notices.parked_events()
        )

    @property
    def worker_seen(self) -> datetime | None:
        """When the worker last left a trace: a checkpoint, or a look at a node."""
        seen = [node.last_health_at for node in self.nodes if node.last_health_at is not None]
        if self.checkpoint is not None:
            seen.append(self.checkpoint.at)
        return max(seen, default=None)


def checks(look: Look) -> list[Check]:
    """Everything that is looked at, in the order of importance."""
    return [_database(), _audit(look.audit), _worker(look), _outbox(look)]


def _database() -> Check:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    words = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(connection.vendor, connection.vendor)
    return Check(_("数据库"), "ok", _("{name}，能读").format(name=words))


def _audit(health: AuditHealth) -> Check:
    ahead = health.size - health.checkpoint_size
    words = _("{size} 条，最近的检查点到 {covered}").format(
        size=fmt.count(health.size), covered=fmt.leaf(health.checkpoint_size)
    )
    if health.failing:
        step = _("停止放行中。检查后台程序和磁盘；写不下记录，就不放行。")
        return Check(_("存证"), "no", words, step)
    if ahead and health.age > timedelta(seconds=3 * settings.CHECKPOINT_EVERY_SECONDS):
        return Check(_("存证"), "wait", words, _("检查点比平时晚，看后台程序是否在跑。"))
    return Check(_("存证"), "ok", words)


def _worker(look: Look) -> Check:
    seen, at = look.worker_seen, look.at
    if seen is None:
        return Check(_("后台程序"), "wait", _("还没有留下痕迹"), _("运行 xinqiao worker。"))
    words = _("{time} 最后一次留下痕迹").format(time=fmt.instant(seen))
    if at - seen > WORKER_SILENT and identity.providers():
        return Check(
            _("后台程序"), "no", words, _("没有在跑。运行 xinqiao worker；在它恢复前，通知和撤回送达会晚。")
        )
    return Check(_("后台程序"), "ok", words)


def _outbox(look: Look) -> Check:
    words = _("{n} 件在路上，{m} 件停下等人").format(n=look.pending, m=len(look.parked))
    if look.parked:
        return Check(_("发件箱"), "no", words, _("看下面停下的事件，排除原因后重新投递。"))
    return Check(_("发件箱"), "ok", words)


def _versions() -> list[tuple[str, str]]:
    found = [("Python", platform.python_version())]
    for name in _PACKAGES:
        try:
            found.append((name, version(name)))
        except PackageNotFoundError:
            continue
    return found


def _settings() -> list[tuple[str, str, str]]:
    """Name, value, and a warning where the value has no place on a real platform. Never a secret, never a path."""
    yes, no = _("是"), _("否")
    return [
        ("XINQIAO_PUBLIC_URL", settings.XINQIAO_PUBLIC_URL, ""),
        ("XINQIAO_HUB_ID", settings.XINQIAO_HUB_ID, ""),
        ("XINQIAO_DEMO", yes if settings.DEMO else no, _("演示：数据不是真的") if settings.DEMO else ""),
        (
            "XINQIAO_TEST_HOOKS",
            yes if settings.TEST_HOOKS else no,
            _("测试用的时钟开着，不能用于真实业务") if settings.TEST_HOOKS else "",
        ),
        (
            _("身份核验"),
            settings.IDENTITY_VERIFIER.rpartition(".")[2] or _("没有配置"),
            _("演示核验，不连接真实的身份服务") if settings.IDENTITY_VERIFIER.endswith("DemonstrationVerifier") else "",
        ),
        (_("检查点间隔"), _("{n} 秒").format(n=settings.CHECKPOINT_EVERY_SECONDS), ""),
        (_("没有检查点多久就停止放行"), _("{n} 秒").format(n=settings.AUDIT_FAIL_CLOSED_SECONDS), ""),
        (_("登录锁定"), _("{n} 次失败，锁 {m} 分钟").format(
            n=settings.LOGIN_FAILURES_BEFORE_LOCK, m=settings.LOGIN_LOCK_MINUTES), ""),
    ]  # fmt: skip


@require_GET
@operator_page
def show(visit: Visit[Staff]) -> HttpResponse:
    """Is it working, and if not, what to do."""
    look = Look.now(visit.at)
    found = checks(look)
    pragmas = effective_pragmas() if connection.vendor == "sqlite" else {}
    context = {
        "checks": found,
        "bad": sum(check.state != "ok" for check in found),
        "parked": look.parked,
        "versions": _versions(),
        "settings": _settings(),
        "pragmas": [(name, str(value)) for name, value in pragmas.items()],
        "clock": visit.at,
        "may_resume": has(visit, OperatorRole.ADMIN) or has(visit, OperatorRole.SERVICE),
    }
    return staff_page(visit, "operation/health.html", "health", context)


@require_POST
@operator_page
def resume(visit: Visit[Staff], event_id: str) -> HttpResponse:
    """Let the worker try a stopped delivery again."""
    resume_event(actor=manager(visit), event_id=event_id, at=visit.at)
    return HttpResponseRedirect(reverse("operator:health"))
