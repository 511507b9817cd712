"""Which case a contract came from. Part of the app's models (``models`` imports it); a loan may be reported without a case."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from xinqiao.hub.apps.cases.models import Case


class LoanOfCase(models.Model):
    """One contract, one case; neither ever changes."""

    contract = models.OneToOneField(
        "loans.LoanContract", primary_key=True, on_delete=models.PROTECT, related_name="of_case"
    )
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="loan")

    class Meta:
        verbose_name = _("贷款所属的融资申请")
        verbose_name_plural = _("贷款所属的融资申请")

    def __str__(self) -> str:
        return f"{self.contract_id} {self.case_id}"
