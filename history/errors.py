"""Why a service refuses. What is bad input is Django's ValidationError; these are the other reasons."""


class Refused(Exception):
    """A service did nothing. `code` is for programs, `detail` for people."""

    code = "refused"

    def __init__(self, detail, code=None):
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code


class Forbidden(Refused):
    """The person may see it, but not do this (403)."""

    code = "forbidden"


class Stale(Refused):
    """The row has changed since the version that the caller saw (412). `current` is the row as it is now."""

    code = "stale"

    def __init__(self, detail, current):
        super().__init__(detail)
        self.current = current


class Unreadable(Refused):
    """What was sent cannot be understood (400). `errors` says where: `{parameter: [{"code", "message", …}]}`."""

    code = "invalid"

    def __init__(self, detail, errors):
        super().__init__(detail)
        self.errors = errors


class Conflict(Refused):
    """The state of things forbids it (409)."""

    code = "conflict"
