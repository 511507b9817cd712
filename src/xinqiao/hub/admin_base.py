"""The base of every admin page: staff look, they do not edit. Changes go through verbs, which leave a trace."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.db import models
from django.http import HttpRequest

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin
else:

    class _ModelAdmin(admin.ModelAdmin):
        # Generic for the type checker only; at run time Django's class takes no parameter.
        @classmethod
        def __class_getitem__(cls, _):
            return cls


class LookOnly[M: models.Model](_ModelAdmin[M]):
    """A list and a read-only page; nothing can be added, changed or deleted here."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Never."""
        return False
