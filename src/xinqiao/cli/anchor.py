"""``xinqiao anchor``: write the hub's anchor file, from which a bank or an institution knows the hub.

The file goes to them by another way than the network, and somebody compares the fingerprints with them by telephone.
"""

import argparse
import json
import sys
from pathlib import Path

from xinqiao.cli.installed import settings_ready


def main_anchor(argv: list[str]) -> int:
    """Write the file, or without ``--out`` its content; 2 means that nothing was written."""
    parser = argparse.ArgumentParser(
        prog="xinqiao anchor",
        description="写出平台的锚文件（公钥） write the hub's anchor file (public keys)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="写到文件；不写就打印 into a file (default: standard output)"
    )
    parser.add_argument("--force", action="store_true", help="覆盖已有的文件 overwrite an existing file")
    args = parser.parse_args(argv)
    if not settings_ready():
        return 2
    from django.conf import settings

    key_file = Path(settings.XINQIAO_HUB_KEY_FILE)
    if not key_file.exists():  # reading it would make it, and the anchor of a hub that nobody serves
        print(f"还没有平台密钥 no hub key yet: {key_file}；先运行 xinqiao serve first", file=sys.stderr)
        return 2
    from xinqiao.domain.errors import XinqiaoError
    from xinqiao.hub.apps.identity.services import anchor
    from xinqiao.hub.runtime import runtime

    try:
        text = json.dumps(anchor(), ensure_ascii=False, indent=1) + "\n"
        if args.out is not None:
            _write(args.out, text, force=args.force)
    except FileExistsError:
        print(f"{args.out} 已经存在，--force 覆盖 exists already; --force overwrites it", file=sys.stderr)
        return 2
    except (OSError, XinqiaoError) as error:
        print(f"没有写出 not written: {error}", file=sys.stderr)
        return 2
    # The content goes to standard output when no file is named, so what people read must not be mixed into it.
    told = sys.stdout if args.out is not None else sys.stderr
    if args.out is None:
        print(text, end="")
    else:
        print(f"已写出 written: {args.out}", file=told)
    print("请对方在电话里念出指纹，逐字核对 have the other side read these out by telephone:", file=told)
    for key in runtime.hub_verify_keys():
        print(f"  {key.kid}", file=told)
    return 0


def _write(path: Path, text: str, *, force: bool) -> None:
    """The whole file or none of it."""
    if not force:
        with path.open("x", encoding="utf-8") as out:
            out.write(text)
        return
    draft = path.with_name(f".{path.name}.new")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
