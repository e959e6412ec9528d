"""A site that takes its time, and says which process has answered."""

import os
import time


def application(_environ, start_response):
    """Answer with the number of the process."""
    time.sleep(0.05)
    body = str(os.getpid()).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
