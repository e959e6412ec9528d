"""Programs that ask a running tracker, each over a connection of its own."""

import http.client
import json
import time
from contextlib import suppress
from dataclasses import dataclass
from threading import Barrier, Thread


@dataclass(frozen=True)
class Answer:
    """What came of a request: `status` is None where nobody answered, or not to the end."""

    status: int | None
    headers: dict
    text: str
    seconds: float

    @property
    def json(self):
        """The answer, read."""
        return json.loads(self.text)

    @property
    def good(self):
        """Whether it was done."""
        return self.status is not None and 200 <= self.status < 300


class Client:
    """One program, which keeps its connection as long as the server does."""

    def __init__(self, port, token="", patience=30):
        self.port = port
        self.token = token
        self.patience = patience
        self.connection = None

    def call(self, method, path, body=None, **headers):
        """Send a request, a `body` as JSON, once; return its Answer."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        begun = time.monotonic()
        try:
            status, found, text = self._send(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            self.close()
            status, found, text = None, {}, ""
        return Answer(status, found, text, time.monotonic() - begun)

    def _send(self, method, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.patience)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        if answer.will_close:
            self.close()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, text

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """Begin the next request on a new connection."""
        if self.connection is not None:
            with suppress(OSError):
                self.connection.close()
        self.connection = None


def ask(port, method, path, body=None, token="", **headers):
    """Send one request over a connection of its own; return the Answer."""
    with Client(port, token) as client:
        return client.call(method, path, body, **headers)


def at_once(count, work):
    """Return the results of `work(place)` in as many threads, which begin together. Raises what the first raised."""
    results, faults, barrier = [None] * count, [], Barrier(count)

    def one(place):
        barrier.wait()
        try:
            results[place] = work(place)
        except Exception as error:
            faults.append(error)

    threads = [Thread(target=one, args=(place,)) for place in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    return results
