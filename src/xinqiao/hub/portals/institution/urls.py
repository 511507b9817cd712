"""Addresses of the institution portal."""

from django.urls import path

from xinqiao.hub.portals.access import institution_page
from xinqiao.hub.portals.institution import (
    credit,
    credit_request,
    firms,
    home,
    items,
    keys,
    people,
    products,
    queries,
    records,
    requests,
)
from xinqiao.hub.portals.institution.shell import desk_page
from xinqiao.hub.portals.notices import notice_urls

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
    path("credit", credit.listing, name="credit"),
    path("credit/new", credit_request.new, name="credit_new"),
    path("credit/asked/<str:query_id>", credit.record, name="credit_record"),
    path("credit/<str:authorisation_id>", credit.detail, name="credit_one"),
    path("credit/<str:authorisation_id>/report", credit.show, name="credit_report"),
    path("credit/<str:authorisation_id>/report.pdf", credit.pdf, name="credit_pdf"),
    path("credit/<str:authorisation_id>/report.json", credit.as_json, name="credit_json"),
    path("records", records.listing, name="records"),
    path("records.csv", records.as_csv, name="records_csv"),
    path("records/ledger", records.ledger, name="ledger"),
    path("records/<str:query_id>", records.detail, name="record"),
    *notice_urls("institution", institution_page, desk_page),
    path("products", products.listing, name="products"),
    path("products/new", products.new, name="product_new"),
    path("products/versions/<str:version_id>", products.version, name="product_version"),
    path("products/versions/<str:version_id>/edit", products.edit, name="product_edit"),
    path("products/versions/<str:version_id>/act", products.act, name="product_act"),
    path("products/<str:product_id>/revise", products.revise, name="product_revise"),
    path("people", people.listing, name="people"),
    path("people/add", people.add, name="person_add"),
    path("people/<str:user_id>/roles", people.propose, name="roles_propose"),
    path("people/<str:user_id>/approve", people.approve, name="roles_approve"),
    path("people/<str:user_id>/end", people.end, name="person_end"),
    path("keys", keys.listing, name="keys"),
    path("keys/propose", keys.propose, name="key_propose"),
    path("keys/<str:kid>/revoke", keys.revoke, name="key_revoke"),
]
