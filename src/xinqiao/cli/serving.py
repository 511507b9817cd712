"""Serving an application that lives in one process."""


def serve_alone(factory: str, *, host: str, port: int) -> None:
    """Serve what ``module:function`` makes, with one worker, until stopped."""
    from granian import Granian
    from granian.constants import Interfaces

    Granian(
        factory,
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        log_access=False,
        websockets=False,
    ).serve()
