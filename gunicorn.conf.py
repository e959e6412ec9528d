"""How gunicorn serves the tracker; `manage.py serve` reads this too."""

import gc
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "issuetracker.settings")

from django.conf import settings

from issuetracker.counts import counts

bind = f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"
worker_class = "issuetracker.accepting.SharingWorker"
workers = 2
threads = 4
# Of so many objects more than before it is asked whether anything refers to them.
GARBAGE = 20_000
# Loaded once and shared by the workers: half the time to start, and less memory.
preload_app = True
# The longest that gunicorn can be told to take.
limit_request_line = 8190
graceful_timeout = 8
# Who takes nothing of a file that the system sends by itself would keep a thread for ever.
sendfile = False
# The tracker stands at the root of its host: no header says otherwise.
forwarder_headers = ""
control_socket_disable = True
# Its lines look like all others.
logconfig_dict = {
    **settings.LOGGING,
    "loggers": {
        **settings.LOGGING["loggers"],
        "gunicorn.error": {"level": "INFO", "handlers": [], "propagate": True},
        # LOG_REQUESTS writes requests down, without what may be secret in their addresses.
        "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
    },
}


def pre_fork(server, worker):
    """Lend a process to come an area of its own to count in."""
    worker.area = counts.lend()


def post_fork(server, worker):
    """Count there, in the new process, and let it look less often for what nothing refers to any more.

    What was loaded before is not looked through, and so stays shared; nearly all that a page makes goes by itself.
    """
    counts.take(worker.area)
    gc.freeze()
    gc.set_threshold(GARBAGE)


def child_exit(server, worker):
    """Let the next process have the area of one that has ended."""
    counts.give_back(worker.area)
