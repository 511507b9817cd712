"""The staff's admin: every list opens, nothing can be changed, nothing secret is shown."""

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import path
from tests.hub.cast import ACCOUNT_NO, OWNER_ID, Cast

from xinqiao.hub.apps.consents.models import Authorisation, Binding
from xinqiao.hub.apps.identity.models import EnterprisePerson, User

urlpatterns = [path("admin/", admin.site.urls)]
OURS = [
    model
    for model in admin.site._registry
    if model._meta.app_label in ("audit", "notices", "identity", "consents", "fundflow")
]


@pytest.fixture
def staff(cast: Cast, settings) -> Client:  # type: ignore[no-untyped-def]
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "portals" not in name]
    cast.withdraw(cast.owner, cast.confirmed(cast.bound()))
    User.objects.create_superuser("root", "long-enough-password")
    client = Client()
    assert client.login(username="root", password="long-enough-password")
    return client


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_and_every_page_opens_read_only_and_shows_no_secret(staff: Client, model) -> None:  # type: ignore[no-untyped-def]
    base = f"/admin/{model._meta.app_label}/{model._meta.model_name}"
    assert staff.get(f"{base}/").status_code == 200
    assert staff.get(f"{base}/add/").status_code == 403
    row = model.objects.first()
    if row is None:
        return
    page = staff.get(f"{base}/{row.pk}/change/")
    assert page.status_code == 200
    for secret in (ACCOUNT_NO, OWNER_ID, "甲一"):
        assert secret not in page.content.decode()
    assert staff.post(f"{base}/{row.pk}/change/", {"state": "confirmed"}).status_code == 403
    assert staff.post(f"{base}/{row.pk}/delete/", {"post": "yes"}).status_code == 403


def test_encrypted_fields_are_on_no_page(staff: Client) -> None:
    binding, person = Binding.objects.get(), EnterprisePerson.objects.first()
    assert person is not None
    pages = staff.get(f"/admin/consents/binding/{binding.pk}/change/").content.decode()
    pages += staff.get(f"/admin/identity/enterpriseperson/{person.pk}/change/").content.decode()
    for secret in (binding.account_no_enc, binding.account_no_index, person.name_enc, person.id_no_index):
        assert secret not in pages
    assert Authorisation.objects.get().state == "withdrawn"
