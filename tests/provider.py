"""An OpenID Connect provider of the tests: a real one, in a process of its own."""

import subprocess
import sys
import time
from contextlib import contextmanager

import requests

from tests.postgresql import free_port

READY_WITHIN = 60


@contextmanager
def running_provider():
    """Run a provider, and give its address."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            address = f"http://localhost:{port}"
            _wait_for(address, process)
            yield address
        finally:
            # It keeps nothing, and could wait for a browser that has gone.
            process.kill()


def _wait_for(address, process):
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{address}/.well-known/openid-configuration", timeout=5).raise_for_status()
            return
        except requests.RequestException:
            time.sleep(0.1)
    raise AssertionError("The provider does not start.")


def tell(address, sub, **claims):
    """Set what the provider at `address` tells of the person `sub`."""
    requests.put(f"{address}/users/{sub}", json=claims, timeout=5).raise_for_status()
