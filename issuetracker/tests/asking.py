"""Prints, as JSON, what the API of a tracker answers by a token: to addresses, then to a new issue in a product."""

import json
import sys

import django

django.setup()

from django.test import Client  # noqa: E402


def main(secret, product, *addresses):
    """Ask, and print `{"answers": [[status, body], …], "new": [status, body]}`."""
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    answers = []
    for address in addresses:
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        # A page of an error has a nonce.
        answers.append([answer.status_code, body.decode() if answer.status_code == 200 else ""])
    issue = {"title": "After the restore", "product": product}
    answer = client.post(f"/api/v1/products/{product}/issues/", issue, content_type="application/json")
    print(json.dumps({"answers": answers, "new": [answer.status_code, answer.json()]}))


main(*sys.argv[1:])
