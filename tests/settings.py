"""Settings of the test run: the hub's own, on a throwaway home, and on PostgreSQL when a server is named.

``XINQIAO_TEST_DATABASE_URL=postgresql://… pytest`` runs the same tests there (``python -m xinqiao.devtools.postgres``
starts such a server). Otherwise the database is an SQLite *file*, because threads need one.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_home = Path(tempfile.mkdtemp(prefix="xinqiao-test-"))
(_home / "static").mkdir()
atexit.register(shutil.rmtree, _home, ignore_errors=True)
_outside = {name: os.environ.get(name) for name in ("XINQIAO_HOME", "XINQIAO_DATABASE_URL", "XINQIAO_DEMO")}
os.environ["XINQIAO_HOME"] = str(_home)
os.environ["XINQIAO_DEMO"] = "1"
os.environ["XINQIAO_DATABASE_URL"] = (
    os.environ.get("XINQIAO_TEST_DATABASE_URL") or f"sqlite:///{_home}/hub.sqlite3"
)

from xinqiao.hub.project.settings import *  # noqa: E402, F403
from xinqiao.hub.project.settings import ALLOWED_HOSTS, DATABASES  # noqa: E402

# Programs started by a test choose their own home; what was set for the import above must not reach them.
for _name, _value in _outside.items():
    if _value is None:
        del os.environ[_name]
    else:
        os.environ[_name] = _value

ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed only
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["TEST"] = {"NAME": str(_home / "test.sqlite3")}
else:
    DATABASES["default"]["OPTIONS"].pop("pool", None)  # threads of one test come and go faster than a pool
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
