"""Addresses of the institution portal."""

from django.urls import path

from xinqiao.hub.portals.institution import (
    firms,
    home,
    items,
    keys,
    notices,
    people,
    queries,
    records,
    requests,
)

app_name = "institution"
urlpatterns = [
    path("", home.start, name="home"),
    path("panel/<str:authorisation_id>", home.panel, name="panel"),
    path("firms", firms.listing, name="firms"),
    path("firms/invite", firms.invite, name="invite"),
    path("requests", requests.listing, name="requests"),
    path("requests/new", requests.new, name="request_new"),
    path("requests/<str:authorisation_id>", requests.detail, name="request"),
    path("requests/<str:authorisation_id>/report", queries.show, name="query"),
    path("requests/<str:authorisation_id>/report.pdf", queries.pdf, name="query_pdf"),
    path("requests/<str:authorisation_id>/report.json", queries.as_json, name="query_json"),
    path("items", items.listing, name="items"),
    path("items/new", items.new, name="item_new"),
    path("items/records", items.records, name="item_records"),
    path("items/records.csv", items.as_csv, name="item_records_csv"),
    path("items/records/<str:query_id>", items.record, name="item_record"),
    path("items/<str:authorisation_id>", items.detail, name="item"),
    path("reports", records.reports, name="reports"),
    path("records", records.listing, name="records"),
    path("records.csv", records.as_csv, name="records_csv"),
    path("records/ledger", records.ledger, name="ledger"),
    path("records/<str:query_id>", records.detail, name="record"),
    path("notices", notices.listing, name="notices"),
    path("notices/read", notices.read_all, name="notices_read_all"),
    path("notices/<str:notice_id>/read", notices.read, name="notice_read"),
    path("people", people.listing, name="people"),
    path("people/add", people.add, name="person_add"),
    path("people/<str:user_id>/roles", people.propose, name="roles_propose"),
    path("people/<str:user_id>/approve", people.approve, name="roles_approve"),
    path("people/<str:user_id>/end", people.end, name="person_end"),
    path("keys", keys.listing, name="keys"),
    path("keys/propose", keys.propose, name="key_propose"),
    path("keys/<str:kid>/revoke", keys.revoke, name="key_revoke"),
]
