"""``xinqiao manage …``: Django's own management commands, with the hub's settings."""

import os


def main_manage(argv: list[str]) -> int:
    """Hand ``argv`` to Django."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
    from django.core.management import execute_from_command_line  # settings must be named first

    execute_from_command_line(["xinqiao manage", *argv])
    return 0
