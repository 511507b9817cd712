"""Addresses of the enterprise portal."""

from django.urls import path

from xinqiao.hub.portals.enterprise import (
    accounts,
    consents,
    credit,
    home,
    items,
    ledger,
    me,
    notices,
    report,
)

app_name = "enterprise"
urlpatterns = [
    path("", home.start, name="home"),
    path("authorisations", consents.listing, name="consents"),
    path("authorisations/<str:authorisation_id>", consents.card, name="consent"),
    path("authorisations/<str:authorisation_id>/preview", consents.preview, name="consent_preview"),
    path("authorisations/<str:authorisation_id>/confirm", consents.confirm, name="consent_confirm"),
    path("authorisations/<str:authorisation_id>/append", consents.append, name="consent_append"),
    path(
        "authorisations/<str:authorisation_id>/append/confirm",
        consents.append_confirm,
        name="consent_append_confirm",
    ),
    path("authorisations/<str:authorisation_id>/withdraw", consents.withdraw, name="consent_withdraw"),
    path("items", items.listing, name="items"),
    path("items/<str:authorisation_id>", items.card, name="item"),
    path("items/<str:authorisation_id>/confirm", items.confirm, name="item_confirm"),
    path("items/<str:authorisation_id>/withdraw", items.withdraw, name="item_withdraw"),
    path("accounts", accounts.listing, name="accounts"),
    path("accounts/bind", accounts.bind, name="bind"),
    path("accounts/<str:binding_id>/agreement", accounts.agreement, name="agreement"),
    path("accounts/<str:binding_id>/sign", accounts.sign, name="agreement_sign"),
    path("accounts/<str:binding_id>/unbind", accounts.unbind_account, name="unbind"),
    path("report", report.show, name="report"),
    path("report/glance", report.glance, name="report_glance"),
    path("report/pdf", report.pdf, name="report_pdf"),
    path("report/json", report.as_json, name="report_json"),
    path("credit", credit.ask, name="credit"),
    path("credit/report", credit.show, name="credit_report"),
    path("credit/pdf", credit.pdf, name="credit_pdf"),
    path("credit/json", credit.as_json, name="credit_json"),
    path("ledger", ledger.show, name="ledger"),
    path("ledger/export", ledger.export, name="ledger_export"),
    path("me", me.show, name="me"),
    path("me/notices", notices.listing, name="notices"),
    path("me/notices/read", notices.read_all, name="notices_read_all"),
    path("me/notices/<str:notice_id>/read", notices.read, name="notice_read"),
    path("me/agents", me.add_agent, name="agent_add"),
    path("me/agents/<str:person_id>/end", me.stop_agent, name="agent_end"),
    path("me/passkeys", me.add_passkey, name="passkey_add"),
    path("me/statements", me.add_statement, name="statement_add"),
    path("me/statements/<int:statement_id>/withdraw", me.drop_statement, name="statement_withdraw"),
]
