"""Bad input by family: twenty payloads each, for fields (FIELDS), or for whole requests (REQUESTS).

A payload for a field is a value of JSON, a text, or bytes that stand as they are in a body or behind a percent sign.
"""

import base64
import gzip
import io
import tarfile
import zipfile

QUICK = 2


def nested(depth, opening, inner, closing):
    """Return a value of JSON, as bytes since Python's own writer would not go that deep."""
    return Raw(depth * opening + inner + depth * closing)


class Raw(bytes):
    """JSON that is written as it stands."""


def _zip(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in files:
            archive.writestr(name, body)
    return buffer.getvalue()


def _tar(name, kind=tarfile.REGTYPE, link=""):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, link
        archive.addfile(member)
    return buffer.getvalue()


WRONG_TYPES = [
    None, True, False, 0, -1, 1.5, 7, "", " ", [], {}, [None], [[]], ["x", 1], {"id": 1}, {"username": None},
    {"": ""}, [{"a": [1, {"b": None}]}], {"username": "ada", "display_name": 7}, [True, False, None],
]  # fmt: skip
DEPTH = [
    *(nested(depth, b"[", b"", b"]") for depth in (1, 5, 20, 100, 400, 900, 5000, 100_000)),
    *(nested(depth, b'{"a":', b"1", b"}") for depth in (5, 20, 100, 400, 900, 5000, 50_000)),
    nested(300, b'[{"a":', b'"x"', b"}]"),
    b"[" * 100_000,
    b'{"a":' * 50_000,
    "(" * 1000 + "is:open" + ")" * 1000,
    "not " * 1500 + "is:open",
]
SIZES = [
    *("a" * size for size in (41, 101, 151, 201, 255, 256, 501, 1001, 2001, 4097, 7500, 65_537, 300_000, 1_100_000)),
    "é" * 3000, "字" * 30_000, " " * 5000 + "x", "a " * 3000, "\n" * 5000 + "x", ["x"] * 5000,
]  # fmt: skip
NUL = [
    "\x00", "a\x00", "\x00a", "a\x00b", "\x00" * 20, "WEB\x00-1", "ada\x00", "new\x00", "\x00new", "is:open\x00",
    "status:\x00", '"\x00"', "high\x00", "2026-01-01\x00", "1\x00", "bug\x00.png", "\x00\n", ["a\x00"], {"a\x00": 1},
    {"a": ["b", {"c": "\x00"}]},
]  # fmt: skip
SURROGATES = [
    "\ud800", "\udfff", "a\ud800b", "\udc00\ud800", "\ud83d", "\ude00", "x\ud83d", "\ude00x", "\udbff" * 20,
    "\ud800\ud800", "is:open \ud800", "status:\udc00", "WEB-\udc00", "ada\udc80", "2026-01-0\udc31", "\udcff\udcfe",
    ["\ud800"], {"\ud800": 1}, {"a": "\udfff"}, "\ud83d\ude00\ud83d",
]  # fmt: skip
CONTROLS = [
    "\x01", "a\x02b", "\x07bell", "\x08", "tab\there", "line\nfeed", "carriage\rreturn", "\r\n\r\n", "\x0b\x0c",
    "\x1b[31mred", "\x1b]0;title\x07", "\x7f", "\x80\x9f", "\x85", "\u2028", "\u2029", "\ufeff", "\ufffe\uffff",
    "\x1c\x1d\x1e\x1f", "a\x00\x01".replace("\x00", "\x10"),
]  # fmt: skip
BIDI = [
    "\u202egpj.exe", "a\u202eb\u202c", "\u2066x\u2069", "\u2067x", "\u2068x\u2069\u2069", "\u200fright", "\u200eleft",
    "\u061cx", "\u202a\u202b\u202d" * 50, "\u200b", "\u200b\u200c\u200d", "\u2060", "a\u0301" * 50,
    "Z" + "\u0351" * 500, "ﷺ" * 100, "ŀ", "İ" * 100, "ß" * 101, "ﬃ", "𝕬𝖉𝖆",
]  # fmt: skip
NUMBERS = [
    "-0", "1e309", "-1e309", "1e1000000", "NaN", "Infinity", "-Infinity", "0x10", "0b1", "1_000", "1,5", "٣", "²",
    "½", Raw(b"1e400"), Raw(b"NaN"), Raw(b"-Infinity"), Raw(b"1" * 4000), Raw(b"0." + b"0" * 5000 + b"1"),
    -(2**63) - 1,
]  # fmt: skip
DATES = [
    "0000-00-00", "0001-01-01", "9999-12-31", "10000-01-01", "-0001-01-01", "2026-02-29", "2026-13-01", "2026-00-10",
    "2026-1-1", "20260101", "2026-W01-1", "2026-01-01T25:00:00Z", "2026-01-01T00:00:60Z", "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-01-01T00:00:00+99:99", "1e10", "now",
    "٢٠٢٦-٠١-٠١",
]  # fmt: skip
SQL = [
    "'", "''", '"', "`", "\\'", "' OR '1'='1", "1 OR 1=1", "'; DROP TABLE issues_issue; --", "1; SELECT pg_sleep(5)",
    "' UNION SELECT password FROM accounts_user --", "%' ESCAPE '", "%", "_", "%%%%s", "%(a)s", "$$;$$", "E'\\047'",
    "/*", "1) AND randomblob(1000000000) IS NOT NULL --", "') OR issues_fulltext MATCH '*",
]  # fmt: skip
LOOKUPS = [
    "author__password", "password__startswith", "__", "pk__in", "_connector", "-author__password", "?", "id__gt=0",
    "product__members__user__password", "assignee__isnull", "order_by", "title__regex=(a+)+$", "extra", "-",
    "__class__", "tokens__digest__gte", {"_connector": "OR"}, {"id__gt": 0}, {"author__password__startswith": "p"},
    ["-id", "password"],
]  # fmt: skip
HTML = [
    "<script>hit()</script>", "<img src=x onerror=hit()>", '"><svg onload=hit()>', "'><b id=x>",
    "</title><script>hit()</script>", "</textarea><script>hit()</script>", "<!--", "]]>", "<svg/onload=hit()>",
    '" autofocus onfocus=hit() x="', "<iframe src=javascript:hit()>", "<style>*{display:none}</style>",
    "<base href=//evil.example>", "<meta http-equiv=refresh content=0;//evil.example>",
    "<form action=//evil.example>", "&lt;script&gt;", "&#60;script&#62;", "<math><mi//xlink:href=x>",
    "<template><script>hit()</script>", "<a href=javascript:hit()>x</a>",
]  # fmt: skip
MARKDOWN = [
    "[" * 20_000, "[a](" * 10_000, "*a " * 15_000, "_a **b " * 8000, "> " * 15_000, "`" * 30_000, "- " * 15_000,
    "~~a " * 15_000, "![" * 15_000, "<" * 30_000, "|a" * 15_000 + "\n" + "|-" * 15_000, "a\n" * 20_000 + "===",
    "https://a." * 6000, "\\" * 40_000, "&" * 40_000, "#" * 6 + " " + "# " * 15_000,
    "".join(f"{'  ' * n}- x\n" for n in range(150)), "[x]: y\n" * 8000, "```" + "python\n" * 6000,
    "".join("*" * n + "a" for n in range(300)),
]  # fmt: skip
TEMPLATES = [
    "{{ 7|add:7 }}", "{% debug %}", "{% load static %}", "{{ request.user.password }}", "{% include 'base.html' %}",
    "{{ settings.SECRET_KEY }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{7*7}", "{0.__class__}", "{user.password}",
    "%(password)s", "%s%s%s%n", "{!r}", "{", "}", "{}{}{}", "{% verbatim %}", "{# #}{{",
]  # fmt: skip
PATHS = [
    "../../etc/passwd", "..", ".", "/", "//", "\\", "..\\..\\", "%2e%2e%2f", "%00", "%", "%zz", "/etc/passwd",
    "C:\\con", "file:///etc/passwd", "~root", "a/b/c", "WEB/issues", ";a=b", "a#b?c", "/" + "a" * 7000,
]  # fmt: skip
URLS = [
    "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
    "https:evil.example", "https:/evil.example", "javascript:hit()", "JaVaScRiPt:hit()", "\tjavascript:hit()",
    "java\tscript:hit()", "data:text/html,<script>hit()</script>", "vbscript:x", "/\t/evil.example",
    "http://testserver@evil.example", "http://[::1", "/%0d%0aX-Evil: 1", "/\r\nX-Evil: 1", "product", "issue",
]  # fmt: skip
FORMULAS = [
    "=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", '=HYPERLINK("//evil.example")',
    "=IMPORTXML(1)", '"=1', "'=1", "＝1", "－1", "＠x", "|calc", "%0A=1", ";=1", ",=1", "=DDE(1)",
]  # fmt: skip
ARCHIVES = [
    _zip(("a", b"0" * 1_000_000)), _zip(("../../evil", b"x")), _zip(("/etc/passwd", b"x")),
    _zip(*((f"f{n}", b"") for n in range(500))), _zip(("a.zip", _zip(("b", b"0" * 100_000)))), _tar("../evil"),
    _tar("link", tarfile.SYMTYPE, "/etc/passwd"), gzip.compress(b"0" * 1_000_000), b"PK\x05\x06" + 18 * b"\x00",
    b"PK\x03\x04" + 40 * b"\xff", b"\x1f\x8b\x08" + 20 * b"\x00", b"Rar!\x1a\x07\x00", b"7z\xbc\xaf\x27\x1c",
    b"BZh91AY&SY", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x80\x04\x95cos\nsystem\n",
    base64.b64encode(b"\x80\x04cos\nsystem\n(S'true'\ntR."), b"%PDF-1.4", b"\x89PNG\r\n\x1a\n" + 20 * b"\x00",
]  # fmt: skip
ENCODINGS = [
    b"\xff", b"\xfe\xff", b"\xc0\xaf", b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf8\x88\x80\x80\x80", b"\xc3", b"a\xc3", b"\xc3(", b"\x80", b"\xbf" * 50,
    "é".encode("latin-1"), "字".encode("shift_jis"), "x".encode("utf-16"), "x".encode("utf-32"), "я".encode("koi8-r"),
    b"+ADw-script+AD4-",
]  # fmt: skip
HUGE = [
    2**31, 2**31 - 1, 2**32, 2**53 + 1, 2**63 - 1, 2**63, 2**64, 10**30, -(2**31), -(2**63), 10**300, "9" * 19,
    "9" * 30, "9" * 400, "9" * 5000, "WEB-" + "9" * 18, "WEB-" + "9" * 40, "-" + "9" * 30, "0" * 40 + "1", [10**30],
]  # fmt: skip

FIELDS = {
    "wrong types": WRONG_TYPES,
    "depth": DEPTH,
    "sizes": SIZES,
    "NUL": NUL,
    "surrogates": SURROGATES,
    "control characters": CONTROLS,
    "bidi": BIDI,
    "numbers": NUMBERS,
    "dates": DATES,
    "SQL": SQL,
    "ORM lookups": LOOKUPS,
    "HTML": HTML,
    "Markdown bombs": MARKDOWN,
    "templates": TEMPLATES,
    "paths": PATHS,
    "URLs": URLS,
    "formulas": FORMULAS,
    "archives": ARCHIVES,
    "encodings": ENCODINGS,
    "huge ids": HUGE,
}

HEADERS = [
    {"X-Forwarded-For": "9" * 5000}, {"X-Forwarded-For": "' OR 1=1, ::1%lo"}, {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "javascript"}, {"User-Agent": "\xff" * 500}, {"User-Agent": "<script>hit()</script>"},
    {"Accept": "*/*;q=nonsense,,;"}, {"Accept": "text/" + "x" * 5000}, {"Accept-Language": "x" * 5000},
    {"Accept-Encoding": "gzip;q=x, br;q=-1"}, {"Referer": "//evil.example"}, {"Origin": "null"},
    {"Authorization": "Bearer"}, {"Authorization": "Bearer \xff\xfe"}, {"Authorization": "Basic " + "A" * 4000},
    {"If-Match": '"' * 999}, {"If-None-Match": "W/*,*,,\xff"},
    {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"}, {"Range": "bytes=-1,9-1,"},
    {"X-HTTP-Method-Override": "DELETE"},
]  # fmt: skip
METHODS = [
    "HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "PATCH", "DELETE", "PROPFIND", "LOCK", "MOVE", "PURGE", "LINK",
    "get", "post", "GETT", "X" * 500, "M-SEARCH", "VERSION-CONTROL", "QUERY", "PRI",
]  # fmt: skip
TYPES = [
    "", "nonsense", "text/plain", "text/html", "application/xml", "application/json",
    "application/json; charset=utf-16", "application/json; charset=nonsense", "APPLICATION/JSON",
    "application/x-www-form-urlencoded; charset=utf-7", "application/x-www-form-urlencoded; charset=nonsense",
    "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 300,
    "multipart/mixed; boundary=x", "application/octet-stream", "application/x-pickle", "application/json, text/html",
    "application/yaml", "*/*",
]  # fmt: skip
COOKIES = [
    "session=", "session=x; session=y", "session=" + "x" * 7000, "session=\xff\xfe", "session=../../etc/passwd",
    "session=' OR 1=1 --", "session=%00", "csrf=", "csrf=" + "x" * 5000, "csrf=\xff", "messages=nonsense",
    "messages=" + "x" * 4000, "device=x", "device=eyJ4Ijox:x:x", ";;;=;=", "a" * 7000, "=x", "session",
    "sessionid[]=1", "; ".join(f"c{n}={n}" for n in range(500)),
]  # fmt: skip
UNKNOWN = [
    ("nonsense", "x"), ("id", 7), ("pk", 7), ("lock_version", 99), ("author", "ada"),
    ("created_at", "2020-01-01T00:00:00Z"), ("is_superuser", True), ("is_staff", "on"), ("product_id", 1),
    ("__class__", "x"), ("_state", {}), ("", "x"), ("a" * 5000, "x"), ("author__password", "x"), ("actor", "ada"),
    ("via", "import"), ("deleted_at", None), ("password", "x"), ("<script>hit()</script>", "x"),
    ("constructor.prototype", {}),
]  # fmt: skip
DUPLICATES = [
    ("", ""), ("x", "y"), ("x", ""), ("", "x"), ("1", "2"), ("-1", "1"), ("new", "closed"), ("a", "A"),
    ("WEB", "web"), ("WEB-1", "WEB-2"), ("ada", "sam"), ("true", "false"), ("on", ""), ("high", "low"),
    ("2026-01-01", "x"), ("is:open", "is:closed"), ("x" * 2000, "y"), ("é", "e\u0301"), ("null", "1"), ("x",) * 500,
]  # fmt: skip

REQUESTS = {
    "headers": HEADERS,
    "duplicate keys": DUPLICATES,
    "unknown fields": UNKNOWN,
    "methods": METHODS,
    "content types": TYPES,
    "cookies": COOKIES,
}
FAMILIES = {**FIELDS, **REQUESTS}


def payloads(family, number, long):
    """Return the payloads of `family` for place `number`: all, or two, which are others in the next place."""
    every = FAMILIES[family]
    return every if long else [every[(QUICK * number + step) % len(every)] for step in range(QUICK)]
