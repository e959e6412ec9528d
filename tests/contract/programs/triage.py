"""A whole triage with the client that openapi-python-client makes: prints what came of each step."""

import datetime
import os

from generated_client import AuthenticatedClient, models
from generated_client.api.batches import batches_undo
from generated_client.api.comments import issues_comments_create
from generated_client.api.issues import issues_read
from generated_client.api.triage import issues_triage, triage_list

address = os.environ["TRACKER_URL"]
triager = AuthenticatedClient(base_url=address, token=os.environ["TRACKER_TOKEN"], raise_on_unexpected_status=True)
reporter = AuthenticatedClient(base_url=address, token=os.environ["REPORTER_TOKEN"], raise_on_unexpected_status=True)


def decide(key, decision, **details):
    """Decide on an issue. Return the issue as it is then, and the batch."""
    body = models.DecisionRequest(decision=models.Decision(decision), **details)
    decided = issues_triage.sync(key, client=triager, body=body)
    assert isinstance(decided, models.Decided), decided
    return decided.issue, decided.batch


queue = triage_list.sync(client=triager, q="product:WEB")
print("queue", queue.counts.new, *sorted(issue.key for issue in queue.results))

high = models.DecisionRequestSet.from_dict({"priority": "high"})
issue, accepted = decide("WEB-1", "accept", set_=high)
print(issue.key, issue.status, issue.priority.value)
issue, _batch = decide("WEB-2", "duplicate", duplicate_of="WEB-1")
print(issue.key, issue.status, issue.resolution.value, issue.duplicate_of)
issue, _batch = decide("WEB-3", "decline", resolution=models.DeclineResolution.INVALID, comment="Works here.")
print(issue.key, issue.status, issue.resolution.value)
issue, _batch = decide("WEB-4", "needinfo", ask="rosa", question="Which browser?")
print(issue.key, issue.waiting)
issues_comments_create.sync("WEB-4", client=reporter, body=models.CommentRequest(body="Firefox."))
issue = issues_read.sync("WEB-4", client=triager)
print(issue.key, issue.waiting, issue.returned_reason.value)
until = datetime.datetime(2099, 1, 2, tzinfo=datetime.UTC)
issue, _batch = decide("WEB-5", "snooze", until=until)
print(issue.key, issue.snoozed_until == until)
issue, _batch = decide("WEB-6", "reroute", product="API")
print(issue.key, issue.returned_reason.value)

late = issues_triage.sync("WEB-3", client=triager, body=models.DecisionRequest(decision=models.Decision.ACCEPT))
print(late.status, late.code)
undone = batches_undo.sync(accepted, client=triager)
print("undone", undone.undone, len(undone.left_alone), issues_read.sync("WEB-1", client=triager).status)
queue = triage_list.sync(client=triager, q="product:WEB")
print("queue", *sorted(issue.key for issue in queue.results))
