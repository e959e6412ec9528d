"""The headers of static files."""


def refuse_framing(headers, path, url):
    """Keep other sites from showing a static file as if it were theirs."""
    headers["X-Frame-Options"] = "DENY"
    headers["Content-Security-Policy"] = "frame-ancestors 'none'"
