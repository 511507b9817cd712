"""Every address of the router, whichever portal it belongs to, is closed to strangers and to the wrong people.

The list is taken from the running resolver, so a new page cannot escape (abuse cases A11, B1; deny by default).
"""

from collections.abc import Iterator
from functools import cache

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import IntConverter
from tests.hub.cast import Cast

from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity.models import User

#: What anybody may read: the public pages and the log-ins themselves.
PUBLIC = {
    "/",
    "/data",
    "/catalogue",
    "/firms",
    "/products",
    "/products/compare",
    "/products/calculator",
    "/policies",
    "/size",
    "/verify",
    "/connect",
    "/login",
    "/login/staff",
    "/admin/login/",
}
#: What leads on without showing anything.
MOVING = {"/logout", "/admin/logout/", "/admin/jsi18n/", "/admin/"}
ABSENT = "nobody-" + "0" * 32


def addresses(patterns: list[URLPattern | URLResolver] | None = None, prefix: str = "/") -> Iterator[str]:
    """Every address with something in place of its parameters."""
    for one in patterns if patterns is not None else get_resolver().url_patterns:
        text = str(one.pattern)
        for name, converter in one.pattern.converters.items():
            value = "7" if isinstance(converter, IntConverter) else ABSENT
            for spelling in (
                f"<str:{name}>",
                f"<int:{name}>",
                f"<path:{name}>",
                f"<slug:{name}>",
                f"<{name}>",
            ):
                text = text.replace(spelling, value)
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, prefix + text)
        elif "(?P" not in text and "^" not in text:
            yield prefix + text


ALL = sorted(set(addresses()))


@cache
def strangers(address: str) -> HttpResponse:
    """What a stranger is answered on an empty platform: asked once, looked at by several tests."""
    return Client().get(address)


def leads_to_login(answer: object) -> bool:
    return answer.status_code == 302 and "login" in answer["Location"]  # type: ignore[attr-defined, index, no-any-return]


def test_the_router_was_really_walked() -> None:
    assert len(ALL) > 80
    assert {f"/{portal}/" for portal in ("e", "i", "o", "admin")} <= set(ALL) | MOVING


@pytest.mark.django_db
@pytest.mark.parametrize("address", ALL)
def test_a_stranger_sees_nothing_but_the_public_pages(address: str) -> None:
    answer = strangers(address)
    if address in PUBLIC:
        assert answer.status_code == 200
    elif address not in MOVING:
        assert answer.status_code in (401, 403, 404, 405) or leads_to_login(answer), answer.status_code


@pytest.mark.django_db
@pytest.mark.parametrize("address", ALL)
def test_nothing_is_sent_to_any_address_without_the_token_of_the_form(address: str) -> None:
    """A page of another site can make a browser send a form; it cannot know the token (A11)."""
    leaves, users = Leaf.objects.count(), User.objects.count()
    answer = Client(enforce_csrf_checks=True).post(address, {"decision": "confirm"})
    assert answer.status_code in (403, 404, 405) or leads_to_login(answer), answer.status_code
    assert (Leaf.objects.count(), User.objects.count()) == (leaves, users)


@pytest.mark.django_db
@pytest.mark.parametrize("address", ALL)
def test_no_page_can_be_framed_and_none_is_guessed(address: str) -> None:
    answer = strangers(address)
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers.get("Content-Security-Policy", "")
    assert "frame-ancestors 'none'" in policy, policy


@pytest.mark.parametrize(
    ("username", "closed"), [("bank", ("/e/", "/o/", "/admin/")), ("ops", ("/e/", "/i/"))]
)
def test_people_of_one_portal_are_shut_out_of_the_others(
    cast: Cast, username: str, closed: tuple[str, ...]
) -> None:
    User.objects.filter(username="ops").update(roles=["admin"])
    client = Client()
    client.force_login(User.objects.get(username=username))
    tried = [address for address in ALL if address.startswith(closed) and address not in PUBLIC | MOVING]
    assert len(tried) > 20
    open_to = {
        address: answer.status_code
        for address in tried
        if (answer := client.get(address)).status_code not in (401, 403, 404, 405)
        and not leads_to_login(answer)
    }
    assert open_to == {}
