"""Checks of ``xinqiao doctor`` that need no settings of the hub: machine, assets, fonts, key files, a node's home.

Nothing here writes: a doctor that makes the missing key hides what was missing.
"""

import ctypes
import shutil
import ssl
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from xinqiao import __version__
from xinqiao.cli.findings import Finding, bad, note, ok
from xinqiao.domain.errors import XinqiaoError
from xinqiao.trust.keyfile import read_private

#: Below this the log and the database have no room to finish what they began.
DISK_BAD = 512 << 20
DISK_NOTE = 5 << 30
#: ``adjtimex`` returns this when the kernel does not know the time to be right.
_TIME_ERROR = 5


def program() -> list[Finding]:
    """Which program, on which Python, with which TLS."""
    return [
        ok("程序 program", f"xinqiao {__version__}, Python {sys.version.split()[0]}, {ssl.OPENSSL_VERSION}")
    ]


def disk(home: Path, *, usage: Callable[[Path], tuple[int, int, int]] = shutil.disk_usage) -> list[Finding]:
    """Room on the disk that holds the home folder."""
    place = home
    while not place.exists() and place != place.parent:
        place = place.parent
    total, _, free = usage(place)
    said = f"{place}：空闲 free {free / (1 << 30):.1f} GiB / {total / (1 << 30):.1f} GiB"
    if free < DISK_BAD:
        return [
            bad(
                "磁盘 disk",
                said,
                "腾出空间；写不下存证时平台停止放行 make room: without it nothing is released",
            )
        ]
    return [
        note("磁盘 disk", said, "空间不多了 little is left") if free < DISK_NOTE else ok("磁盘 disk", said)
    ]


def clock(*, kernel: Callable[[], int] | None = None) -> list[Finding]:
    """Whether the time zone is known and the kernel believes its own clock.

    Messages allow ten seconds of difference (RFC 9421 profile), so a clock that nobody sets will refuse everybody.
    """
    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return [bad("时钟 clock", "没有时区数据 no time zone data", "安装系统的 tzdata install tzdata")]
    try:
        state = (kernel or _kernel_clock)()
    except (OSError, AttributeError):
        return [note("时钟 clock", "无法得知是否已校时 cannot tell whether it is synchronised")]
    if state == _TIME_ERROR:
        return [
            note(
                "时钟 clock",
                "内核说时钟没有校准 the kernel says it is not synchronised",
                "启用 NTP；误差超过 10 秒，签名就核不上 use NTP: over 10 s no signature verifies",
            )
        ]
    return [ok("时钟 clock", "已校准 synchronised，Asia/Shanghai")]


def _kernel_clock() -> int:
    # Large enough for struct timex; its first member ``modes`` is 0, so the call only reads.
    buffer = ctypes.create_string_buffer(1024)
    return int(ctypes.CDLL(None, use_errno=True).adjtimex(buffer))


def assets() -> list[Finding]:
    """The built browser assets and the English catalogue."""
    from xinqiao.ui.assets import BUILD_DIR, manifest
    from xinqiao.ui.catalogue import PO

    found = manifest()
    step = "make assets（wheel 里自带 a wheel carries them）"
    if not found.files:
        return [bad("页面资源 assets", f"没有构建 nothing is built in {BUILD_DIR}", step)]
    missing = sorted(name for name in found.files.values() if not (BUILD_DIR / name).is_file())
    if missing:
        return [bad("页面资源 assets", f"缺少 missing: {', '.join(missing[:5])}", step)]
    said = f"{len(found.files)} 个文件 files，{len(found.icons)} 个图标 icons"
    answers = [ok("页面资源 assets", said)]
    if not PO.with_suffix(".mo").is_file():
        answers.append(
            note(
                "英文 English", "没有编译的译文，页面只有中文 no compiled catalogue: pages are Chinese", step
            )
        )
    return answers


def fonts() -> list[Finding]:
    """The Chinese fonts that are embedded in the PDF report."""
    try:
        import pylopdf_fonts_zh_cn

        path = Path(pylopdf_fonts_zh_cn.sans_path())
    except (ImportError, OSError) as error:
        return [
            bad("字体 fonts", f"{type(error).__name__}: {error}", "重新安装 reinstall pylopdf-fonts-zh-cn")
        ]
    if not path.is_file():
        return [bad("字体 fonts", f"没有 missing: {path.name}", "重新安装 reinstall pylopdf-fonts-zh-cn")]
    return [ok("字体 fonts", f"{path.name}，{path.stat().st_size >> 20} MiB")]


def key_file(check: str, path: Path, read: Callable[[bytes], object], *, made: str) -> Finding:
    """One private file: present, mode 0600, readable as what it should be. ``made``: who makes it when absent."""
    try:
        data = read_private(path)
    except FileNotFoundError:
        return note(check, f"还没有 absent: {path}", made)
    except (OSError, XinqiaoError):
        return bad(check, f"{path}：{_mode(path)}", f"chmod 600 {path}")
    try:
        read(data)
    except (XinqiaoError, ValueError, KeyError):
        return bad(
            check,
            f"{path}：内容不是密钥 holds no key",
            "从备份恢复；不要删掉让它重做 restore it, do not remove it",
        )
    return ok(check, f"{path}（{_mode(path)}）")


def _mode(path: Path) -> str:
    try:
        return f"{stat.S_IMODE(path.lstat().st_mode):04o}"
    except OSError as error:
        return error.strerror or "?"


def node_home(home: Path, environ: Mapping[str, str]) -> list[Finding]:
    """A provider node's home: configuration, key, the hub's anchor, the bank's rows."""
    from xinqiao.provider.app import open_store
    from xinqiao.provider.config import ConfigError, load_config
    from xinqiao.provider.directory import read_anchor
    from xinqiao.provider.stores.base import StoreError
    from xinqiao.trust.encoding import strict_object
    from xinqiao.trust.keys import SigningKey

    try:
        config = load_config(home, environ)
    except ConfigError as error:
        return [bad("节点设置 node", str(error), "xinqiao provider init DIR 可以新建 makes a new one")]
    findings = [ok("节点设置 node", f"{config.name} {config.id}，{config.public_url} → {config.hub.url}")]
    made = "节点首次启动时生成 made by the node's first start"
    findings.append(
        key_file(
            "节点密钥 node key",
            config.signing_key,
            lambda raw: SigningKey.from_jwk(strict_object(raw)),
            made=made,
        )
    )
    try:
        read_anchor(config.hub.anchor)
        findings.append(ok("平台公钥 anchor", str(config.hub.anchor)))
    except (OSError, ValueError, XinqiaoError) as error:
        step = "向平台运营方另行取得锚文件 get the anchor file from the operator out of band"
        findings.append(bad("平台公钥 anchor", f"{config.hub.anchor}: {type(error).__name__}", step))
    try:
        store = open_store(config)
        try:
            as_of = store.data_as_of()
        finally:
            store.close()
    except (StoreError, XinqiaoError, OSError) as error:
        findings.append(bad("流水 rows", str(error), "检查 [store] 一节 look at the [store] section"))
    else:
        said = "没有流水 the store is empty" if as_of is None else f"数据截至 as of {as_of:%Y-%m-%d}"
        findings.append(note("流水 rows", said) if as_of is None else ok("流水 rows", said))
    return findings
