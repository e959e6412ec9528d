"""What the words of other trackers mean in ours. Keys are in lower case."""

from issues.models import Issue, Priority, Severity

OPEN, STARTED, CLOSED = "open", "started", "closed"

FIXED = Issue.Resolution.FIXED.value
DUPLICATE = Issue.Resolution.DUPLICATE.value
WONT_DO = Issue.Resolution.WONT_DO.value
INVALID = Issue.Resolution.INVALID.value
CANNOT_REPRODUCE = Issue.Resolution.CANNOT_REPRODUCE.value
INCOMPLETE = Issue.Resolution.INCOMPLETE.value
WORKS_AS_DESIGNED = Issue.Resolution.WORKS_AS_DESIGNED.value

BUG, FEATURE, TASK = (kind.value for kind in (Issue.Type.BUG, Issue.Type.FEATURE, Issue.Type.TASK))
LOW, MEDIUM, HIGH, URGENT = (level.value for level in (Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT))
S4, S3, S2, S1 = (level.value for level in (Severity.S4, Severity.S3, Severity.S2, Severity.S1))

BUGZILLA = {
    "status": {
        "unconfirmed": OPEN,
        "new": OPEN,
        "confirmed": OPEN,
        "reopened": OPEN,
        "assigned": STARTED,
        "in_progress": STARTED,
        "resolved": CLOSED,
        "verified": CLOSED,
        "closed": CLOSED,
    },
    "resolution": {
        "fixed": FIXED,
        "duplicate": DUPLICATE,
        "wontfix": WONT_DO,
        "later": WONT_DO,
        "remind": WONT_DO,
        "moved": WONT_DO,
        "invalid": INVALID,
        "not_eclipse": INVALID,
        "worksforme": CANNOT_REPRODUCE,
        "incomplete": INCOMPLETE,
    },
    "priority": {"p1": URGENT, "p2": HIGH, "p3": MEDIUM, "p4": LOW, "p5": LOW},
    "severity": {"blocker": S1, "critical": S1, "major": S2, "normal": S3, "minor": S4, "trivial": S4},
    "type": {"defect": BUG, "bug": BUG, "enhancement": FEATURE, "task": TASK},
}

JIRA = {
    "status": {
        "open": OPEN,
        "new": OPEN,
        "to do": OPEN,
        "backlog": OPEN,
        "reopened": OPEN,
        "in progress": STARTED,
        "in review": STARTED,
        "patch available": STARTED,
        "resolved": CLOSED,
        "closed": CLOSED,
        "done": CLOSED,
    },
    "resolution": {
        "fixed": FIXED,
        "done": FIXED,
        "implemented": FIXED,
        "resolved": FIXED,
        "delivered": FIXED,
        "workaround": FIXED,
        "information provided": FIXED,
        "pending closed": FIXED,
        "duplicate": DUPLICATE,
        "won't fix": WONT_DO,
        "won't do": WONT_DO,
        "later": WONT_DO,
        "abandoned": WONT_DO,
        "auto closed": WONT_DO,
        "invalid": INVALID,
        "cannot reproduce": CANNOT_REPRODUCE,
        "works for me": CANNOT_REPRODUCE,
        "incomplete": INCOMPLETE,
        "not a bug": WORKS_AS_DESIGNED,
        "not a problem": WORKS_AS_DESIGNED,
    },
    "priority": {
        "blocker": URGENT,
        "highest": URGENT,
        "critical": HIGH,
        "high": HIGH,
        "major": MEDIUM,
        "medium": MEDIUM,
        "minor": LOW,
        "low": LOW,
        "trivial": LOW,
        "lowest": LOW,
    },
    "severity": {},
    "type": {
        "bug": BUG,
        "new feature": FEATURE,
        "improvement": FEATURE,
        "wish": FEATURE,
        "story": FEATURE,
        "epic": FEATURE,
        "task": TASK,
        "sub-task": TASK,
        "test": TASK,
    },
}

YOUTRACK = {
    "status": {
        "submitted": OPEN,
        "open": OPEN,
        "reopened": OPEN,
        "to be discussed": OPEN,
        "in progress": STARTED,
        "fixed": CLOSED,
        "resolved": CLOSED,
        "verified": CLOSED,
        "closed": CLOSED,
    },
    "resolution": {
        "fixed": FIXED,
        "duplicate": DUPLICATE,
        "won't fix": WONT_DO,
        "obsolete": WONT_DO,
        "incomplete": INCOMPLETE,
        "can't reproduce": CANNOT_REPRODUCE,
        "by design": WORKS_AS_DESIGNED,
    },
    "priority": {"show-stopper": URGENT, "critical": URGENT, "major": HIGH, "normal": MEDIUM, "minor": LOW},
    "severity": {},
    "type": {
        "bug": BUG,
        "exception": BUG,
        "cosmetics": BUG,
        "performance problem": BUG,
        "usability problem": BUG,
        "feature": FEATURE,
        "task": TASK,
    },
}

GITHUB_REASONS = {"completed": FIXED, "not_planned": WONT_DO, "duplicate": DUPLICATE, "reopened": FIXED}

# By the `source` of a record; any other source is read by all the tables, of which the first that knows a word counts.
SOURCES = {
    "msr2013-eclipse": BUGZILLA,
    "openoffice": BUGZILLA,
    "castle-youtrack": YOUTRACK,
    "gitbugs-hadoop": JIRA,
    "jira-storypoints": JIRA,
}
ANY = {kind: YOUTRACK[kind] | JIRA[kind] | BUGZILLA[kind] for kind in BUGZILLA}
