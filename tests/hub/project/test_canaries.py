"""Case E9 for the hub's core: planted canaries appear in no log line, no leaf, no error and not in the database file."""

import logging

import pytest
from django.db import connection
from tests.hub.cast import ACCOUNT_NO, CLERK_ID, OWNER_CLAIM, OWNER_ID, Cast

from xinqiao.domain.errors import XinqiaoError
from xinqiao.hub.apps.audit.models import Leaf
from xinqiao.hub.apps.identity import services as identity
from xinqiao.hub.worker import Worker

CANARIES = (ACCOUNT_NO, OWNER_ID, CLERK_ID)


def test_numbers_of_people_and_accounts_are_written_nowhere_in_clear(
    cast: Cast, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    said: list[str] = []
    binding = cast.bound()
    cast.withdraw(cast.owner, cast.confirmed(binding))
    for failing in (
        lambda: cast.presented(),
        lambda: identity.login_enterprise(claim=OWNER_CLAIM, at=cast.now, verifier=Refusing()),
    ):
        with pytest.raises(XinqiaoError) as refused:
            failing()
        said.append(f"{refused.value} {refused.value.facts}")
    cast.fake.answers["/node/v1/ownership-checks"] = lambda body: (
        500,
        {"detail": f"no {body['account_no']}"},
    )
    with pytest.raises(XinqiaoError) as fault:
        cast.presented("6222000077778888")
    said.append(f"{fault.value} {fault.value.facts}")
    Worker.make(cast.client).run_once()

    captured = capfd.readouterr()
    written = " ".join([caplog.text, captured.out, captured.err, *said, *_tables()])
    for canary in (*CANARIES, "6222000077778888"):
        assert canary not in written
    assert Leaf.objects.exists()


class Refusing:
    """A verifier that refuses everybody."""

    def verify(self, claim: identity.IdentityClaim, at: object) -> identity.VerifiedIdentity:
        """Refuse."""
        from xinqiao.domain.errors import Code, Unauthenticated

        raise Unauthenticated(Code.IDENTITY_NOT_VERIFIED, "not verified")


def _tables() -> list[str]:
    """Every row of every table, except the demonstration's seeded identities, which are invented and marked."""
    texts = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            if table == "identity_demoidentity":
                continue
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                texts += [
                    bytes(v).decode("latin-1") if isinstance(v, bytes | memoryview) else str(v) for v in row
                ]
    return texts
