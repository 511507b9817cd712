"""Addresses of the portal of the data sources."""

from django.urls import path

from xinqiao.hub.portals.access import source_page
from xinqiao.hub.portals.notices import notice_urls
from xinqiao.hub.portals.source import (
    batches,
    home,
    items,
    keys,
    people,
    quality,
    redress,
    sending,
    tickets,
)
from xinqiao.hub.portals.source.shell import source_page_of

app_name = "source"
urlpatterns = [
    path("", home.start, name="home"),
    path("items", items.listing, name="items"),
    path("items/<str:item>", items.detail, name="item"),
    path("items/<str:item>/template.<str:kind>", items.template, name="template"),
    path("items/<str:item>/send", sending.send, name="send"),
    path("items/<str:item>/uploads", sending.begin, name="upload_begin"),
    path("uploads/<str:upload_id>", sending.piece, name="upload_piece"),
    path("uploads/<str:upload_id>/finish", sending.finish, name="upload_finish"),
    path("batches", batches.listing, name="batches"),
    path("batches/<str:batch_id>", batches.detail, name="batch"),
    path("batches/<str:batch_id>/state", batches.state, name="batch_state"),
    path("batches/<str:batch_id>/refused.<str:kind>", batches.refused, name="refused"),
    path("batches/<str:batch_id>/receipt.json", batches.receipt, name="receipt"),
    path("batches/<str:batch_id>/withdraw", batches.withdraw, name="withdraw"),
    path("batches/<str:batch_id>/retry", batches.retry, name="retry"),
    path("quality", quality.own, name="quality"),
    path("quality.json", quality.own_json, name="quality_json"),
    path("tickets", tickets.listing, name="tickets"),
    path("tickets/<str:ticket_id>", tickets.detail, name="ticket"),
    *notice_urls("source", source_page, source_page_of),
    path("keys", keys.listing, name="keys"),
    path("keys/propose", keys.propose, name="key_propose"),
    path("keys/<str:kid>/revoke", keys.revoke, name="key_revoke"),
    path("redress", redress.listing, name="redress"),
    path("redress/objections/<str:objection_id>", redress.objection, name="objection"),
    path("redress/objections/<str:objection_id>/act", redress.objection_act, name="objection_act"),
    path("redress/repairs/<str:repair_id>", redress.repair, name="repair"),
    path("redress/repairs/<str:repair_id>/act", redress.repair_act, name="repair_act"),
    path("redress/evidence/<str:evidence_id>", redress.evidence, name="evidence"),
    path("people", people.listing, name="people"),
    path("people/add", people.add, name="person_add"),
    path("people/<str:user_id>/end", people.end, name="person_end"),
]
