"""The verbs of the consents app at one address. Each is written in the module of its subject."""

from xinqiao.hub.apps.consents.authorisations import (
    append_authorisation,
    confirm_authorisation,
    withdraw_authorisation,
)
from xinqiao.hub.apps.consents.bindings import (
    sign_entrustment,
    start_binding,
    unbind,
)
from xinqiao.hub.apps.consents.deliveries import (
    DELIVER_ENTRUSTMENT,
    DELIVER_TERMINATION,
    deliver_entrustment,
    deliver_termination,
    record_closure,
)
from xinqiao.hub.apps.consents.requests import lapse_requests, refuse_authorisation, request_authorisation

__all__ = [
    "DELIVER_ENTRUSTMENT",
    "DELIVER_TERMINATION",
    "append_authorisation",
    "confirm_authorisation",
    "deliver_entrustment",
    "deliver_termination",
    "lapse_requests",
    "record_closure",
    "refuse_authorisation",
    "request_authorisation",
    "sign_entrustment",
    "start_binding",
    "unbind",
    "withdraw_authorisation",
]
