"""Public pages: what this is, how data are used, verifying a report, connecting, and the ways to log in."""
