"""What the server loads: ``xinqiao.hub.gateway.asgi:app``, configured by the environment of ``xinqiao serve``."""

import os
from typing import cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402

from xinqiao.hub.gateway.app import Application, Plane  # noqa: E402
from xinqiao.hub.gateway.wsgi_bridge import WsgiApp  # noqa: E402
from xinqiao.hub.runtime import start  # noqa: E402


def _portal() -> WsgiApp:
    return cast(WsgiApp, get_wsgi_application())


start()
app = Application(plane=Plane(os.environ.get("XQ_SERVE_PLANE", "all")), portal=_portal)
