"""The environment for Django's Jinja2 template backend.

In the hub's settings::

    {"BACKEND": "django.template.backends.jinja2.Jinja2", "APP_DIRS": False, "DIRS": [...],
     "OPTIONS": {"environment": "xinqiao.ui.django_env.environment"}}

``request``, ``csrf_input`` and ``csrf_token`` are in every context already; ``url(name, **kwargs)`` is added here.
"""

from collections.abc import Callable
from typing import cast

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import BaseLoader, Environment

from xinqiao.ui import assets
from xinqiao.ui.environment import make_environment


def _url(name: str, *args: object, **kwargs: object) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


def _asset_url(name: str) -> str:
    # Static folder "ui" is our build folder: STATICFILES_DIRS = [("ui", assets.BUILD_DIR)]. Names carry a hash already.
    return static(assets.asset_url(name, prefix="ui/"))


def environment(
    *,
    loader: BaseLoader | None = None,
    auto_reload: bool = False,
    autoescape: bool = True,
    undefined: object = None,
    **options: object,
) -> Environment:
    """Make the environment with what Django passes; ``autoescape`` and ``undefined`` are ours to decide and ignored."""
    return make_environment(
        loader=loader,
        auto_reload=auto_reload,
        asset_url=_asset_url,
        globals_={"url": cast(Callable[..., str], _url), "static": static},
    )
