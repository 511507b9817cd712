"""The Django project of the hub: settings from the environment, root addresses, WSGI. No rule lives here."""
