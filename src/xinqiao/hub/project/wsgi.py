"""The WSGI application that serves people: portals and admin. The institutions' data plane is another program."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xinqiao.hub.project.settings")
application = get_wsgi_application()
