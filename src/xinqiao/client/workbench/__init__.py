"""The workbench 前置机: the institution's own front-end, run by the institution, with the institution's own key.

The platform passes sealed products through and cannot open them; they are opened here, in memory, for the one page they
are shown on. People log in with accounts of ``client.toml``. Starlette and the shared look; no database, no files.
"""
