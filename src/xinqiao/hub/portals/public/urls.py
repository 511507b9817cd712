"""Addresses of the public pages."""

from django.urls import path

from xinqiao.hub.portals.public import catalogue, firms, policies, products, web
from xinqiao.hub.portals.public.size import size

app_name = "public"
urlpatterns = [
    path("", web.home, name="home"),
    path("data", web.data, name="data"),
    path("catalogue", catalogue.listing, name="catalogue"),
    path("catalogue/<slug:item_id>", catalogue.one, name="catalogue_item"),
    path("catalogue/<slug:item_id>/template.<slug:kind>", catalogue.template, name="catalogue_template"),
    path("firms", firms.search, name="firms"),
    path("firms/<slug:uscc>", firms.one, name="firm"),
    path("products", products.listing, name="products"),
    path("products/compare", products.compare, name="compare"),
    path("products/calculator", products.calculator, name="calculator"),
    path("products/<slug:product_id>", products.one, name="product"),
    path("policies", policies.listing, name="policies"),
    path("policies/<slug:policy_id>", policies.one, name="policy"),
    path("verify", web.verify, name="verify"),
    path("connect", web.connect, name="connect"),
    path("size", size, name="size"),
    path("login", web.login, name="login"),
    path("login/staff", web.staff_login, name="staff_login"),
    path("logout", web.logout, name="logout"),
]
