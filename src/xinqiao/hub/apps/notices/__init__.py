"""Telling: the outbox of events that other programs must hear, and the notices that people read."""
