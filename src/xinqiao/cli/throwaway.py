"""``--postgres`` of the commands that bring their own database."""

import contextlib
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def throwaway_postgres() -> Iterator[str]:
    """The address of a real server that lives as long as the block.

    Raises:
        SystemExit: 2, where the development dependencies are not installed.
    """
    try:
        from xinqiao.devtools.postgres import throwaway_server
    except ImportError:
        print("--postgres 需要开发依赖 needs the development dependencies", file=sys.stderr)
        raise SystemExit(2) from None
    with throwaway_server(durable=True) as url:
        yield url
