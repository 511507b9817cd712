"""Addresses of the portals, and the pages for errors."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("xinqiao.hub.portals.public.urls")),
    path("e/", include("xinqiao.hub.portals.enterprise.urls")),
    path("i/", include("xinqiao.hub.portals.institution.urls")),
    path("source/", include("xinqiao.hub.portals.source.urls")),
    path("o/", include("xinqiao.hub.portals.operation.urls")),
]
