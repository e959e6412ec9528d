"""How gunicorn serves the tracker; `manage.py serve` reads this too."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")

from django.conf import settings

bind = f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"
worker_class = "gthread"
workers = 2
threads = 4
# Loaded once and shared by the workers: half the time to start, and less memory.
preload_app = True
# The longest that gunicorn can be told to take.
limit_request_line = 8190
graceful_timeout = 8
control_socket_disable = True
