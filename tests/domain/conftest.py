"""No property is timed: a busy machine must not turn a law into a failure."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
