"""Many clients at once: by wrk where it is installed, else by a simpler client of our own."""

import asyncio
import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

SCRIPT = Path(__file__).with_name("requests.lua")


@dataclass(frozen=True)
class Load:
    """What came of a load: latencies are in milliseconds. A load with failures is void."""

    requests: int
    seconds: float
    p50: float
    p99: float
    failed: int

    @property
    def rate(self):
        """Requests a second."""
        return self.requests / self.seconds


def put_load(address, token, requests, *, clients, seconds):
    """Send `requests`, triples of method, path and body, in any order to the server at `address`. Return the Load."""
    send = _by_wrk if shutil.which("wrk") else _by_asyncio
    return send(address, token, requests, clients, seconds)


def _by_wrk(address, token, requests, clients, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        file.writelines("\t".join(request) + "\n" for request in requests)
        file.flush()
        command = ["wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{seconds}s"]
        command += ["--timeout", "20s", "--script", str(SCRIPT), address, "--", file.name, token, str(time.time_ns())]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return Load(**json.loads(said.splitlines()[-1]))


def _by_asyncio(address, token, requests, clients, seconds):
    place = urlsplit(address)
    head = f"HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    sent = [
        f"{method} {path} {head}Content-Length: {len(body.encode())}\r\n\r\n{body}".encode()
        for method, path, body in requests
    ]
    waits, failures = [], []
    begun = time.perf_counter()

    async def ask_all():
        client = _ask(place, sent, begun + seconds, waits, failures)
        others = [_ask(place, sent, begun + seconds, waits, failures) for _one in range(clients - 1)]
        await asyncio.gather(client, *others)

    asyncio.run(ask_all())
    cuts = statistics.quantiles(waits or [0, 0], n=100)
    return Load(len(waits), time.perf_counter() - begun, cuts[49] * 1000, cuts[98] * 1000, len(failures))


async def _ask(place, sent, end, waits, failures):
    """Be one client: ask, read the answer, and ask again until the end."""
    while time.perf_counter() < end:
        writer = None
        try:
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            while (begun := time.perf_counter()) < end:
                writer.write(random.choice(sent))  # noqa: S311 (which request comes next is no secret)
                status, ends = await _read_status(reader)
                if status >= 400:
                    failures.append(begun)
                waits.append(time.perf_counter() - begun)
                if ends:
                    break
        except (OSError, EOFError):
            failures.append(begun)
        finally:
            if writer is not None:
                writer.close()


async def _read_status(reader):
    """Read one answer. Return its status, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    await reader.readexactly(int(headers.get("content-length", 0)))
    version, status = head.split()[:2]
    return int(status), version == "http/1.0" or headers.get("connection") == "close"
