"""Every write to issues and what hangs on them, to statuses and saved views, and the undo of any batch."""

from issues.services.attachments import attach, detach, redact_attachment, restore_attachment, sweep_files
from issues.services.attention import unvote, vote, watch
from issues.services.batch import link_duplicates, reserve_numbers, write_batch
from issues.services.comments import add_comment, edit_comment, restore_comment, trash_comment
from issues.services.files import drop, kept
from issues.services.issues import create_issue, update_issue
from issues.services.needinfos import ask, withdraw
from issues.services.presence import be_here
from issues.services.records import CommentRecord, EventRecord, IssueRecord
from issues.services.relations import relate, stored_relation, unrelate
from issues.services.statuses import create_status, update_status
from issues.services.trash import purge, purge_expired, purge_imported, redact, restore_issue, trash_issue
from issues.services.triage import decide
from issues.services.undoing import can_undo, give_a_way_in, resume, right_by_hand, right_to_undo, running, undo
from issues.services.views import archive_view, create_view, pin_view, update_view

__all__ = [
    "CommentRecord",
    "EventRecord",
    "IssueRecord",
    "add_comment",
    "archive_view",
    "ask",
    "attach",
    "be_here",
    "can_undo",
    "create_issue",
    "create_status",
    "create_view",
    "decide",
    "detach",
    "drop",
    "edit_comment",
    "give_a_way_in",
    "kept",
    "link_duplicates",
    "pin_view",
    "purge",
    "purge_expired",
    "purge_imported",
    "redact",
    "redact_attachment",
    "relate",
    "reserve_numbers",
    "restore_attachment",
    "restore_comment",
    "restore_issue",
    "resume",
    "right_by_hand",
    "right_to_undo",
    "running",
    "stored_relation",
    "sweep_files",
    "trash_comment",
    "trash_issue",
    "undo",
    "unrelate",
    "unvote",
    "update_issue",
    "update_status",
    "update_view",
    "vote",
    "watch",
    "withdraw",
    "write_batch",
]
