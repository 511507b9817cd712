"""Registration of the app with Django."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """Policies, applications and their fund."""

    name = "xinqiao.hub.apps.policies"
    label = "policies"
    verbose_name = "惠企政策"

    def ready(self) -> None:
        """Files attached to applications are not loose."""
        from xinqiao.hub.apps.policies.files import attached
        from xinqiao.hub.apps.redress.evidence import HOLDERS

        if attached not in HOLDERS:
            HOLDERS.append(attached)
