"""Addresses of the operator portal."""

from django.urls import path

from xinqiao.hub.portals.operation import (
    checkpoints,
    health,
    home,
    institution_new,
    institutions,
    node_new,
    nodes,
    refusals,
    sources,
)

app_name = "operator"
urlpatterns = [
    path("sources", sources.listing, name="sources"),
    path("sources/new", sources.new, name="source_new"),
    path("sources/<str:source_id>", sources.detail, name="source"),
    path("sources/<str:source_id>/status", sources.set_status, name="source_status"),
    path("sources/<str:source_id>/items", sources.set_items, name="source_items"),
    path("source-keys/<str:kid>/approve", sources.approve_key, name="source_key_approve"),
    path("source-keys/<str:kid>/revoke", sources.revoke_key, name="source_key_revoke"),
    path("batches", sources.batches, name="batches"),
    path("batches/<str:batch_id>", sources.batch, name="batch"),
    path("batches/<str:batch_id>/retry", sources.retry, name="batch_retry"),
    path("", home.start, name="home"),
    path("nodes", nodes.listing, name="nodes"),
    path("nodes/<str:node_id>", nodes.detail, name="node"),
    path("nodes/<str:node_id>/status", nodes.set_status, name="node_status"),
    path("nodes/<str:node_id>/check", nodes.check, name="node_check"),
    path("nodes/<str:node_id>/keys", nodes.add_key, name="node_key_add"),
    path("nodes/<str:node_id>/keys/<str:kid>/revoke", nodes.revoke_key, name="node_key_revoke"),
    path("institutions", institutions.listing, name="institutions"),
    path("institutions/new", institution_new.new, name="institution_new"),
    path("institutions/<str:institution_id>", institutions.detail, name="institution"),
    path("institutions/<str:institution_id>/status", institutions.set_status, name="institution_status"),
    path("institutions/<str:institution_id>/nodes/new", node_new.new, name="node_new"),
    path("keys/<str:kid>/approve", institutions.approve, name="key_approve"),
    path("keys/<str:kid>/revoke", institutions.revoke, name="key_revoke"),
    path("members/<str:user_id>/approve", institutions.approve_member, name="member_approve"),
    path("checkpoints", checkpoints.listing, name="checkpoints"),
    path("checkpoints/log", checkpoints.log, name="log"),
    path("checkpoints/consistency.json", checkpoints.proof, name="consistency"),
    path("refusals", refusals.listing, name="refusals"),
    path("health", health.show, name="health"),
    path("health/events/<str:event_id>/resume", health.resume, name="event_resume"),
]
