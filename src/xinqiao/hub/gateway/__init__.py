"""The institutions' interface: one table of operations, strict input, signed answers, and the data plane of queries.

An ASGI program of its own. Whatever is not in the table is handed to Django (the portals), so that one address serves
all. Rules are the apps'; here are transport, authentication of messages, and the order of things.
"""
