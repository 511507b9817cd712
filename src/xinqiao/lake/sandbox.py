"""Run one function in a child process with limits, so that a hostile file cannot take the program down.

A crafted spreadsheet or Parquet file may exhaust memory, spin, or crash native code. The child is a fresh
interpreter (no shared memory, no inherited descriptors beyond its pipes), may not grow past its limits, has no
network where the system lets it give that up, may not write a file unless it was given room for one, and answers in
JSON: nothing of it is unpickled.
"""

import contextlib
import importlib
import json
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from xinqiao.domain.canonical import Json
from xinqiao.domain.errors import Code, Invalid, TooLarge, Unsupported, XinqiaoError

_ERROR, _RESULT = "error", "result"
_KINDS: dict[int, type[XinqiaoError]] = {kind.status: kind for kind in (TooLarge, Unsupported, Invalid)}
#: One pool of memory and one thread for the native libraries: their reserves count against the child's limits.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use: address space in bytes, processor seconds, seconds on the wall.

    ``private`` bounds what it may allocate, in bytes: the resident set cannot grow past that and the libraries'
    own pages. ``file_bytes`` is the largest single file it may write. 0: no bound of its own, no file.
    """

    memory: int = 4 << 30
    cpu_seconds: int = 120
    wall_seconds: float = 240
    private: int = 0
    file_bytes: int = 0


DEFAULT_LIMITS = Limits()


def run_limited(func: Callable[..., Json], *args: Json, limits: Limits = DEFAULT_LIMITS) -> Json:
    """Call ``func(*args)`` in a limited child and return what it returned.

    ``func`` is a function at the top of an importable module; arguments and result are JSON values.

    Raises:
        XinqiaoError: what ``func`` raised itself, with its code, detail and facts (TooLarge and Unsupported keep
            their class, everything else is Invalid).
        Invalid: ``FILE_UNREADABLE`` when the child crashed, ran out of memory or time, or raised anything else.
    """
    order = {
        "module": func.__module__,
        "name": func.__qualname__,
        "args": list(args),
        "limits": asdict(limits),
    }
    try:
        done = subprocess.run(
            [sys.executable, "-B", "-P", "-m", "xinqiao.lake.sandbox"],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=limits.wall_seconds,
            env=_ENVIRONMENT | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise _gave_up("took too long") from error
    if done.returncode != 0:
        raise _gave_up("could not be read within the limits")
    answer = json.loads(done.stdout)
    if _ERROR in answer:
        told = answer[_ERROR]
        kind = _KINDS.get(told["status"], Invalid)
        raise kind(Code(told["code"]), told["detail"], facts=told["facts"])
    result: Json = answer[_RESULT]
    return result


def _gave_up(why: str) -> Invalid:
    return Invalid(Code.FILE_UNREADABLE, f"the file {why}")


def _limit(limits: Limits) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    if limits.private:
        resource.setrlimit(resource.RLIMIT_DATA, (limits.private, limits.private))
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.file_bytes, limits.file_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError):  # an older kernel, or one that does not let an ordinary user do it
        os.unshare(os.CLONE_NEWNET if os.geteuid() == 0 else os.CLONE_NEWUSER | os.CLONE_NEWNET)


def child() -> int:
    """What the child runs: read the order, limit itself, call, answer."""
    # The answer goes to a private copy of stdout: a library that prints must not corrupt it.
    answer_to = os.dup(1)
    os.dup2(2, 1)
    order = json.loads(sys.stdin.buffer.read())
    _limit(Limits(**order["limits"]))
    func = getattr(importlib.import_module(order["module"]), order["name"])
    try:
        answer: dict[str, object] = {_RESULT: func(*order["args"])}
    except XinqiaoError as error:
        told = {"code": error.code.value, "detail": error.detail, "facts": error.facts}
        answer = {_ERROR: told | {"status": error.status}}
    with os.fdopen(answer_to, "wb") as out:
        out.write(json.dumps(answer).encode())
    return 0


def readable(path: Path) -> Path:
    """The path, when it names a regular file that can be opened: a pipe can be read once, a device may never end.

    Raises:
        Invalid: ``FILE_UNREADABLE``.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise Invalid(Code.FILE_UNREADABLE, "not a regular file")
        with path.open("rb"):
            return path
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise Invalid(Code.FILE_UNREADABLE, "the file cannot be opened") from error


if __name__ == "__main__":
    sys.exit(child())
