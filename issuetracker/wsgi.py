"""The web application, as gunicorn loads it."""

import os

from django.core.wsgi import get_wsgi_application

from issuetracker.database import guard_web_process
from issuetracker.uploads import entire

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")

application = entire(get_wsgi_application())
guard_web_process()
