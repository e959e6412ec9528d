"""Every route, and who may do what at it: worked out from the table of the design, not from the code that decides.

A new route is red until it stands here. Its line says on what it hangs (`SITE`, `PRODUCT`, `ISSUE` or `COMMENT`), and
for each method what it takes: one of `NEEDED`, or one of these:

    "open"      everybody, signed in or not
    "person"    whoever is signed in
    "staff"     the staff of the site (writes of the site)
    "onward"    nothing: the address of a form, opened, leads to its page, whatever there is
    "inviter"   whoever maintains a product, and the staff; for others there is no such page
    "nobody"    what is done here concerns somebody else, whoever asks

`body` is what is sent, complete enough that whoever may do it does it: that is tested, too; `file` says that a file
comes along. Names in braces are those of a `Place`. `quiet` says that what is hidden is left out rather than refused,
`asks` that signing in comes first.
"""

from dataclasses import dataclass, field

SITE, PRODUCT, ISSUE, COMMENT = "site", "product", "issue", "comment"
# The role from which on somebody may; "own" after a bar is what one's own takes.
NEEDED = {
    "view": "viewer",
    "see members": "viewer",
    "create": "reporter",
    "comment": "reporter",
    "vote": "viewer",
    "watch": "viewer",
    "save view": "viewer",
    "pin": "viewer",
    "share": "reporter",
    "edit": "triager",
    "edit text": "triager|reporter",
    "edit comment": "triager",
    "attach": "reporter",
    "detach": "triager",
    "triage": "triager",
    "relate": "triager",
    "undo": "triager",
    "bulk": "triager",
    "trash": "maintainer",
    "restore": "maintainer",
    "purge": "maintainer",
    "redact": "maintainer",
    "see trash": "maintainer",
    "maintain": "maintainer",
    "unarchive": "maintainer",
    "edit view": "maintainer",
}
# What is done in an archived product, too.
WITH_ARCHIVED = {
    *("view", "see members", "see trash", "save view", "pin"),
    *("unarchive", "trash", "restore", "purge", "redact"),
}
# What is done to what is in the trash.
IN_TRASH = {"restore", "purge"}
READS = {"view", "open", "person", "onward"}


@dataclass(frozen=True)
class Route:
    """What one route takes, by method; `get` holds for HEAD, too."""

    level: str
    get: str = ""
    post: str = ""
    put: str = ""
    patch: str = ""
    delete: str = ""
    body: dict = field(default_factory=dict)
    path: dict = field(default_factory=dict)
    query: str = ""
    # Whether a page asks to sign in before it looks.
    asks: bool = False
    quiet: bool = False
    # Whether the thing is named in the body, where a hidden one is a wrong value.
    named: bool = False
    # Whether a POST reads.
    reads: bool = False
    # Whether a file is sent along, as a form.
    file: bool = False
    # Whether something is added to a comment: on an issue that is seen, signing in comes before it is looked for.
    added: bool = False
    # Methods that write nothing though all is well: what is there is as it is asked for, or is no matter of record.
    still: tuple = ()

    @property
    def methods(self):
        """The methods that are answered, and what each takes."""
        told = {name: getattr(self, name) for name in ("get", "post", "put", "patch", "delete")}
        return {name: needed for name, needed in told.items() if needed}


def page(level, get="view", **more):
    """Return the Route of a page that is only looked at."""
    return Route(level, get=get, **more)


def form(level, post, **more):
    """Return the Route of a form on a page, whose address leads to that page."""
    return Route(level, get="onward", post=post, asks=True, **more)


def _part(kind, name):
    """Return the routes of the pages of a kind of part, whose id a Place calls `name`."""
    at = {"pk": f"{{{name}}}"}
    body = {"name": "New", "version": "1", "state": "open", "colour": "red"}
    return {
        f"product-{kind}": Route(PRODUCT, get="view", post="maintain", body=body),
        f"edit-{kind}": Route(PRODUCT, get="maintain", post="maintain", body=body, path=at, asks=True),
        f"archive-{kind}": form(PRODUCT, "maintain", body={"archived": "yes"}, path=at),
    }


def _proven(**more):
    """Return the Route of a page about how one signs in."""
    return Route(SITE, get="person", post="person", still=("post",), asks=True, **more)


PAGES = {
    "favicon": page(SITE, "open"),
    "status": page(SITE, "open"),
    "liveness": page(SITE, "open"),
    "livez": page(SITE, "open"),
    "readyz": page(SITE, "open"),
    # For who has METRICS_TOKEN or stands in METRICS_ALLOW; for people there is no such page.
    "metrics": page(SITE, "nobody"),
    "login": Route(SITE, get="open", post="open", still=("post",)),
    "account_login": Route(SITE, get="open", post="open", still=("post",)),
    # The second step is for who has just taken the first; who is signed in already is sent on.
    "mfa_authenticate": Route(SITE, get="person", post="person", body={"code": "123456"}, still=("post",), asks=True),
    # Nobody has a passkey here, and is sent back to sign in.
    "passkey-login": Route(SITE, get="open", post="nobody", body={"credential": "{{}}"}),
    "openid_connect_login": Route(SITE, get="nobody", post="nobody", path={"name": "x"}),
    "openid_connect_callback": page(SITE, "nobody", path={"name": "x"}),
    "prove": Route(SITE, get="person", post="person", body={"password": "x"}, still=("post",), asks=True),
    # Whoever has the secret of a link is let in by it, and nobody has this one.
    "password_reset": Route(SITE, get="open", post="open", body={"email": "olga@example.org"}, still=("post",)),
    "password_reset_sent": page(SITE, "open"),
    "password_reset_confirm": Route(
        SITE, get="open", post="open", path={"uidb64": "MQ", "token": "x-x"}, still=("post",)
    ),
    "sign-up": Route(SITE, get="open", post="open", body={"email": "new@example.org"}, still=("post",)),
    "sign-up-sent": page(SITE, "open"),
    "sign-up-with": Route(SITE, get="nobody", post="nobody", path={"token": "x"}),
    "confirm-address": Route(SITE, get="nobody", post="nobody", path={"token": "x"}),
    "invitation": Route(SITE, get="nobody", post="nobody", path={"secret": "x"}),
    # Where accounts are not made by invitation, nothing is written.
    "invitations": Route(
        SITE, get="inviter", post="inviter", body={"product": "PUB", "role": "viewer"}, still=("post",), asks=True
    ),
    "invitation-withdraw": Route(SITE, get="person", post="inviter", path={"pk": "{invitation}"}, asks=True),
    "logout": Route(SITE, post="open", still=("post",)),
    "password_change": Route(SITE, get="person", post="person", still=("post",), asks=True),
    "setup": Route(SITE, get="nobody", post="nobody", path={"token": "x"}),
    # Who has not signed in just now is sent to prove who they are.
    "password_set": _proven(),
    "app-add": _proven(body={"code": "123456"}),
    "app-remove": _proven(body={"confirm": "1"}),
    "recovery-codes": _proven(),
    "passkey-add": _proven(body={"name": "x", "credential": "{{}}"}),
    "passkey-rename": _proven(body={"name": "x"}, path={"pk": "1"}),
    "passkey-remove": _proven(body={"confirm": "1"}, path={"pk": "1"}),
    "disconnect": _proven(path={"name": "corp"}),
    "sign-in": page(SITE, "person", asks=True),
    "sessions": page(SITE, "person", asks=True),
    "sessions-end-others": Route(SITE, get="person", post="person", still=("post",), asks=True),
    "session-end": Route(SITE, get="person", post="nobody", path={"handle": "{session}"}, asks=True),
    "profile": Route(SITE, get="person", post="person", still=("post",), asks=True),
    "address-confirm": Route(SITE, get="person", post="person", still=("post",), asks=True),
    # Nor is a token made by who has not.
    "tokens": _proven(body={"name": "x", "scopes": ["read"]}),
    "token-revoke": Route(SITE, get="person", post="nobody", path={"pk": "{token}"}, asks=True),
    "my-work": page(SITE, "open"),
    "triage": page(SITE, "person", asks=True),
    "inbox": page(SITE, "person", asks=True),
    "issues": page(SITE, "open", query="q=cart"),
    "issue-new": Route(
        PRODUCT,
        get="view",
        post="create",
        body={"title": "New", "type": "bug", "severity": "unset", "priority": "none", "product": "{product}"},
        query="product={product}",
        asks=True,
    ),
    "issue-alike": page(PRODUCT, query="product={product}&title=Cart%20empties%20again", asks=True),
    "issue-bulk": Route(
        ISSUE,
        get="person",
        post="bulk",
        body={"ids": "{id}", "words": "p urgent", "apply": "1"},
        quiet=True,
        asks=True,
    ),
    "feed-address": form(PRODUCT, "view", body={"product": "{product}", "q": "cart"}),
    "issues-feed": page(SITE, "open"),
    "issues-export": page(SITE, "open", path={"kind": "csv"}),
    "query-help": page(SITE, "open"),
    "query-complete": page(PRODUCT, query="q=label:&product={product}"),
    "issue": page(ISSUE),
    "issue-edit": Route(ISSUE, get="edit text", post="edit text", body={"title": "New", "seen": "1"}, asks=True),
    "issue-set": form(ISSUE, "edit text", body={"title": "New"}),
    "issue-decide": form(ISSUE, "triage", body={"decision": "decline", "resolution": "invalid"}),
    "issue-here": form(ISSUE, "triage", still=("post",)),
    "issue-peek": page(ISSUE),
    # This one did not come by import.
    "issue-import": page(ISSUE, "nobody"),
    "issue-words": page(ISSUE, query="q=urgent"),
    "issue-menu": page(ISSUE, "edit", path={"field": "priority"}),
    "comment-add": form(ISSUE, "comment", body={"body": "Hello"}),
    "comment-edit": Route(
        COMMENT,
        get="view",
        post="edit comment",
        body={"body": "New", "version": "1"},
        path={"pk": "{comment}"},
        asks=True,
    ),
    "comment-trash": form(COMMENT, "trash", path={"pk": "{comment}"}),
    "comment-restore": form(COMMENT, "restore", path={"pk": "{comment}"}),
    "comment-redact": form(COMMENT, "redact", body={"confirm": "1"}, path={"pk": "{comment}"}),
    "attachment": page(COMMENT, path={"token": "{file_token}"}),
    "attachment-add": form(ISSUE, "attach", file=True),
    "attachment-detach": form(COMMENT, "detach", path={"pk": "{file}"}),
    "attachment-restore": form(COMMENT, "restore", path={"pk": "{file}"}),
    "attachment-redact": form(COMMENT, "redact", body={"confirm": "1"}, path={"pk": "{file}"}),
    "issue-relate": form(ISSUE, "relate", body={"kind": "relates", "issue": "{other}"}),
    "issue-unrelate": form(ISSUE, "relate", path={"kind": "blocks", "other": "{other}"}),
    "question-withdraw": form(ISSUE, "triage", path={"pk": "{question}"}),
    "question-redact": form(ISSUE, "redact", body={"confirm": "1"}, path={"pk": "{question}"}),
    "issue-vote": form(ISSUE, "vote", body={"wanted": "1"}),
    "issue-watch": form(ISSUE, "watch", body={"wanted": "1"}),
    "issue-redact": form(ISSUE, "redact", body={"field": "title", "confirm": "1"}),
    "issue-trash": form(ISSUE, "trash"),
    "issue-restore": form(ISSUE, "restore"),
    "issue-purge": form(ISSUE, "purge", body={"confirm": "1", "version": "{version_now}"}),
    "products": page(SITE, "open"),
    "product": page(PRODUCT),
    "product-issues": page(PRODUCT, query="q=cart"),
    "product-issues-feed": page(PRODUCT),
    "product-issues-export": page(PRODUCT, path={"kind": "jsonl"}),
    "product-trash": page(PRODUCT, "see trash", asks=True),
    "product-new": Route(
        SITE,
        get="staff",
        post="staff",
        body={"key": "NEW", "title": "New", "visibility": "public", "triage_days": "7"},
        asks=True,
    ),
    "product-settings": Route(
        PRODUCT,
        get="view",
        post="maintain",
        body={"key": "{product}", "title": "New", "visibility": "public", "triage_days": "7", "version": "{home_now}"},
        asks=True,
    ),
    "product-archive": form(PRODUCT, "unarchive", body={"archived": "{turn}"}),
    "product-delete": form(PRODUCT, "trash", body={"confirm": "1"}),
    "product-restore": form(PRODUCT, "restore"),
    "product-redact": form(PRODUCT, "redact", body={"confirm": "1"}),
    "product-purge": form(PRODUCT, "purge", body={"confirm": "1", "version": "{home_now}"}),
    "product-members": Route(
        PRODUCT, get="view", post="maintain", body={"user": "vera", "role": "triager", "version": "1"}, asks=True
    ),
    "member-remove": form(PRODUCT, "maintain", body={"version": "1"}, path={"username": "vera"}),
    **_part("components", "component"),
    **_part("milestones", "milestone"),
    **_part("versions", "version"),
    **_part("labels", "label"),
    "views": page(SITE, "open"),
    "view-new": Route(SITE, get="person", post="person", body={"name": "New", "query": "cart"}, asks=True),
    "view-counts": page(SITE, "open"),
    "view": page(PRODUCT, path={"pk": "{view}"}),
    "view-edit": Route(
        PRODUCT,
        get="view",
        post="edit view",
        body={"name": "New", "query": "cart", "product": "{product}", "shared": "on", "version": "1"},
        path={"pk": "{view}"},
        asks=True,
    ),
    "view-save": form(PRODUCT, "edit view", body={"query": "slow", "version": "1"}, path={"pk": "{view}"}),
    "view-pin": form(PRODUCT, "pin", body={"pinned": "1"}, path={"pk": "{view}"}),
    "view-delete": form(PRODUCT, "edit view", path={"pk": "{view}"}),
    "view-feed": page(PRODUCT, path={"pk": "{view}"}),
    "view-export": page(PRODUCT, path={"pk": "{view}", "kind": "jsonl"}),
    "palette": page(SITE, "open", query="q=cart"),
    "batch": page(ISSUE, "nobody", path={"pk": "{batch}"}, asks=True),
    "batch-undo": form(ISSUE, "undo", path={"pk": "{batch}"}),
    "openapi": page(SITE, "open"),
    "docs": page(SITE, "open"),
}


def _parts(kind):
    at = {"pk": f"{{{kind}}}"}
    return {
        f"api-{kind}-list": Route(PRODUCT, get="view", post="maintain", body={"name": "New"}),
        f"api-{kind}-detail": Route(
            PRODUCT, get="view", put="maintain", patch="maintain", delete="maintain", body={"name": "New"}, path=at
        ),
    }


def _issue(prefix):
    """Return the routes of an issue and of what hangs on it, below one of its two addresses."""
    remark = {"path": {"pk": "{comment}"}}
    asked = {"path": {"pk": "{question}"}}
    file = {"path": {"pk": "{file}"}}
    return {
        f"{prefix}-list": Route(
            PRODUCT, get="view" if "product" in prefix else "open", post="create", body={"title": "New"}
        ),
        f"{prefix}-bulk": Route(ISSUE, post="bulk", body={"ids": ["{id}"], "set": {"priority": "urgent"}}, quiet=True),
        f"{prefix}-export": page(PRODUCT, "view" if "product" in prefix else "open"),
        f"{prefix}-search": Route(
            PRODUCT, post="view" if "product" in prefix else "open", body={"q": "cart"}, reads=True
        ),
        f"{prefix}-detail": Route(
            ISSUE, get="view", put="edit text", patch="edit text", delete="trash", body={"title": "New"}
        ),
        f"{prefix}-purge": Route(ISSUE, post="purge"),
        f"{prefix}-redact": Route(ISSUE, post="redact", body={"field": "title"}),
        f"{prefix}-restore": Route(ISSUE, post="restore"),
        f"{prefix}-triage": Route(ISSUE, post="triage", body={"decision": "decline", "resolution": "invalid"}),
        f"{prefix}-comment-list": Route(ISSUE, get="view", post="comment", body={"body": "Hello"}),
        f"{prefix}-comment-detail": Route(
            COMMENT,
            get="view",
            put="edit comment",
            patch="edit comment",
            delete="trash",
            body={"body": "New"},
            **remark,
        ),
        f"{prefix}-comment-purge": Route(COMMENT, post="purge", **remark),
        f"{prefix}-comment-redact": Route(COMMENT, post="redact", body={"field": "body"}, **remark),
        f"{prefix}-comment-restore": Route(COMMENT, post="restore", **remark),
        f"{prefix}-comment-attachment-list": Route(
            COMMENT, get="view", post="edit comment", path={"comment_pk": "{comment}"}, file=True, added=True
        ),
        f"{prefix}-attachment-list": Route(ISSUE, get="view", post="attach", file=True),
        f"{prefix}-attachment-detail": Route(COMMENT, get="view", delete="detach", **file),
        f"{prefix}-attachment-file": page(COMMENT, **file),
        f"{prefix}-attachment-purge": Route(COMMENT, post="purge", **file),
        f"{prefix}-attachment-redact": Route(COMMENT, post="redact", body={"field": "file"}, **file),
        f"{prefix}-attachment-restore": Route(COMMENT, post="restore", **file),
        f"{prefix}-event-list": page(ISSUE),
        f"{prefix}-relation-list": Route(
            ISSUE, get="view", post="relate", body={"kind": "relates", "issue": "{other}"}
        ),
        f"{prefix}-relation-detail": Route(ISSUE, get="view", delete="relate", path={"pk": "{relation}"}),
        f"{prefix}-needinfo-list": page(ISSUE),
        f"{prefix}-needinfo-detail": Route(ISSUE, get="view", patch="triage", body={"state": "withdrawn"}, **asked),
        f"{prefix}-needinfo-redact": Route(ISSUE, post="redact", body={"field": "question"}, **asked),
        f"{prefix}-vote-list": Route(ISSUE, get="view", post="vote"),
        f"{prefix}-vote-detail": Route(ISSUE, get="view", delete="nobody", path={"pk": "{vote}"}),
        f"{prefix}-watcher-list": Route(ISSUE, get="view", post="watch"),
        f"{prefix}-watcher-detail": Route(ISSUE, get="view", delete="nobody", path={"username": "olga"}),
        f"{prefix}-similar": page(ISSUE),
        f"{prefix}-suggestions": page(ISSUE),
    }


API = {
    "api-root": page(SITE, "open"),
    "api-me": Route(SITE, get="person", patch="person", body={"display_name": "New"}),
    # By tokens that are for all, and by who has signed in just now.
    "api-token-list": Route(SITE, get="person", post="nobody", body={"name": "x", "scopes": ["read"]}),
    "api-token-detail": Route(SITE, get="nobody", delete="nobody", path={"pk": "{token}"}),
    "api-user-list": page(SITE, "person"),
    "api-user-detail": page(SITE, "person", path={"username": "olga"}),
    "api-status-list": Route(
        SITE, get="open", post="staff", body={"slug": "held", "name": "Held", "category": "started"}
    ),
    "api-status-detail": Route(
        SITE,
        get="open",
        put="staff",
        patch="staff",
        body={"slug": "new", "name": "Newest", "category": "triage"},
        path={"slug": "new"},
    ),
    "api-site-label-list": Route(SITE, get="open", post="staff", body={"name": "New"}),
    "api-site-label-detail": Route(
        SITE, get="open", put="staff", patch="staff", delete="staff", body={"name": "New"}, path={"pk": "{site_label}"}
    ),
    "api-view-list": Route(SITE, get="open", post="person", body={"name": "New", "query": "cart"}),
    "api-view-detail": Route(
        PRODUCT,
        get="view",
        put="edit view",
        patch="edit view",
        delete="edit view",
        body={"name": "New", "product": "{product}", "shared": True},
        path={"pk": "{view}"},
    ),
    "api-batch-detail": page(ISSUE, path={"pk": "{batch}"}),
    "api-batch-undo": Route(ISSUE, post="undo", path={"pk": "{batch}"}),
    "api-product-list": Route(SITE, get="open", post="staff", body={"key": "NEW", "title": "New"}),
    "api-product-detail": Route(
        PRODUCT,
        get="view",
        put="unarchive",
        patch="unarchive",
        delete="trash",
        body={"key": "{product}", "title": "New", "archived": False},
    ),
    "api-product-purge": Route(PRODUCT, post="purge"),
    "api-product-redact": Route(PRODUCT, post="redact", body={"field": "description"}),
    "api-product-restore": Route(PRODUCT, post="restore"),
    "api-product-event-list": page(PRODUCT),
    "api-member-list": Route(PRODUCT, get="see members", post="maintain", body={"user": "sam", "role": "viewer"}),
    "api-member-detail": Route(
        PRODUCT,
        get="see members",
        put="maintain",
        patch="maintain",
        delete="maintain",
        body={"user": "vera", "role": "triager"},
        path={"username": "vera"},
    ),
    **_parts("component"),
    **_parts("milestone"),
    **_parts("version"),
    **_parts("label"),
    **_issue("api-product-issue"),
    **_issue("api-issue"),
    "api-similar": page(PRODUCT, query="title=Cart&product={product}"),
    "api-triage": page(SITE, "person"),
    "api-query-parse": Route(SITE, post="open", body={"q": "cart"}, reads=True),
    "api-query-complete": page(SITE, "open", query="q=label:"),
}
# Below no product the product stands in the body, or all are meant.
API["api-issue-list"] = Route(
    PRODUCT, get="open", post="create", body={"title": "New", "product": "{product}"}, named=True
)
ROUTES = {**PAGES, **API}
# Nothing is known of them, or they are known by another name: the administration's sign-in, and what is not there.
NAMELESS = {"admin/login/", "admin/password_change/", "admin/r/<path:ids>/", "^api/"}
