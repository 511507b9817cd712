"""Reading a public key that somebody pasted, with the days it is good for: the same wherever a key is registered."""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.http import HttpRequest

from xinqiao.domain.errors import Invalid, Unavailable, XinqiaoError
from xinqiao.hub.portals.posted import start_of_typed_day
from xinqiao.trust.keys import Jwk, VerifyKey
from xinqiao.ui import format as fmt
from xinqiao.ui.i18n import gettext as _

YEAR = timedelta(days=365)
_LONGEST = 4_000
#: The member that makes a key a private one, also inside a set of keys or in half a paste that is no JSON any more.
_PRIVATE = re.compile(r'"d"\s*:')


@dataclass(slots=True)
class KeyForm:
    """What was pasted and typed, kept when something was wrong; ``jwk`` and ``days`` count when ``errors`` is empty."""

    values: dict[str, str]
    errors: dict[str, str] = field(default_factory=dict)
    jwk: Jwk = field(default_factory=dict)
    days: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def fresh(cls, at: datetime) -> "KeyForm":
        """An empty form: a year from today."""
        today = fmt.shanghai(at).date()
        return cls({"jwk": "", "not_before": today.isoformat(), "not_after": (today + YEAR).isoformat()})

    @classmethod
    def read(cls, request: HttpRequest) -> "KeyForm":
        """The posted values, and what is wrong with them beside its field."""
        post = request.POST
        form = cls({name: post.get(name, "").strip() for name in ("jwk", "not_before", "not_after")})
        form._read_days()
        form._read_key()
        return form

    def known(self) -> None:
        """Say that the service knows this key already."""
        self.errors["jwk"] = _("这把密钥已经登记过。")

    def _read_days(self) -> None:
        for name in ("not_before", "not_after"):
            try:
                self.days[name] = start_of_typed_day(self.values[name], field=name)
            except XinqiaoError:
                self.errors[name] = _("写成 2026-12-31。")
        if len(self.days) == 2 and self.days["not_before"] >= self.days["not_after"]:
            self.errors["not_after"] = _("结束要晚于开始。")

    def _read_key(self) -> None:
        text = self.values["jwk"]
        try:
            jwk = json.loads(text[:_LONGEST])
        except (ValueError, RecursionError):
            jwk = None
        if _PRIVATE.search(text) or (isinstance(jwk, dict) and "d" in jwk):
            # said before anything else, and not echoed: a private key that was pasted is no secret any more
            self.values["jwk"] = ""
            self.errors["jwk"] = _("这里面有私钥。它已经不再保密，请换一把，只粘贴公钥。")
            return
        if not isinstance(jwk, dict):
            self.errors["jwk"] = _("这不是一个 JSON 对象，请粘贴整个公钥。")
            return
        try:
            VerifyKey.from_jwk(jwk)
        except (Invalid, Unavailable):
            self.errors["jwk"] = _("认不出这把公钥。支持 Ed25519 和 SM2 的 JWK。")
        else:
            self.jwk = jwk
