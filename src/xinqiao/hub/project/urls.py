"""Root addresses. Each portal brings its own ``urls`` module; the list below is the only place that joins them."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

handler404 = "xinqiao.hub.portals.middleware.page_not_found"
handler500 = "xinqiao.hub.portals.middleware.server_error"
urlpatterns: list[URLPattern | URLResolver] = [
    path("admin/", admin.site.urls),
    path("", include("xinqiao.hub.portals.urls")),
]
