"""Every place where input comes in: of the API by its schema, of the pages by the forms that stand on them."""

import json
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from urllib.parse import parse_qsl, quote, quote_from_bytes, urlencode, urljoin, urlsplit

from django.urls import Resolver404, resolve

from tests.hostile.families import Raw
from tests.hostile.world import addresses, fields_of

# What gunicorn takes of an address (gunicorn.conf.py), and of one header.
LINE_LIMIT = 8000
# A value that is well, for what a request cannot do without.
WELL = {
    "title": "Fresh",
    "key": "NEW",
    "name": "Fresh",
    "slug": "fresh",
    "category": "triage",
    "body": "Hello",
    "q": "is:open",
    "user": "sam",
    "role": "viewer",
    "field": "title",
    "decision": "accept",
    "set": {"priority": "high"},
    "state": "withdrawn",
    "kind": "relates",
    "issue": "WEB-2",
    "question": "Since when?",
    "password": "correct horse battery",
    "scopes": ["read"],
}
# Of two fields, that of which the first is not given where the second is.
INSTEAD = {"ids": "q"}
MARK = b"@@payload@@"


@dataclass(frozen=True)
class Request:
    """A request that is well, apart from what a place puts into it."""

    method: str
    path: str
    what: str
    fields: tuple = ()
    query: tuple = ()
    headers: dict = field(default_factory=dict)
    content_type: str = ""
    body: bytes | None = None

    def send(self, client):
        """Send it. Return the answer."""
        path = f"{self.path}?{urlencode(self.query)}" if self.query else self.path
        body = self.encoded() if self.body is None else self.body
        extra = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.headers.items()}
        if self.method.upper() in ("GET", "HEAD") and not body:
            return client.generic(self.method, path, **extra)
        return client.generic(self.method, path, body, content_type=self.content_type or self.kind, **extra)

    @property
    def api(self):
        """Whether it speaks JSON."""
        return self.path.startswith("/api/")

    @property
    def kind(self):
        """The content type that is right."""
        return "application/json" if self.api else "application/x-www-form-urlencoded"

    def encoded(self, put=None):
        """Return the body, in which `put`, a name and a payload, stands for that field."""
        name, payload = put or (None, None)
        left_out = {name, INSTEAD.get(name)}
        pairs = [(key, value) for key, value in self.fields if key not in left_out and value is not None]
        if not self.api:
            return "&".join(
                f"{quote(key)}={escaped(value)}" for key, value in [*pairs, *([put] if put else [])]
            ).encode()
        if not pairs and not put:
            return b""
        if put:
            pairs.append((name, MARK.decode()))
        return json.dumps(dict(pairs)).encode().replace(b'"' + MARK + b'"', written(payload))


def written(payload):
    """Return a payload as JSON; bytes that are no JSON as a text of them."""
    if isinstance(payload, Raw):
        return payload
    if isinstance(payload, bytes):
        plain = bytes(byte for byte in payload if byte not in b'"\\' and byte >= 32)
        return b'"' + plain + b'"'
    return json.dumps(payload).encode()


def escaped(payload):
    """Return a payload as it stands in an address or a form."""
    if isinstance(payload, bytes):
        return quote_from_bytes(payload, safe="")
    if isinstance(payload, str):
        return quote(payload.encode("utf-8", "surrogatepass"), safe="")
    return quote(json.dumps(payload), safe="")


@dataclass(frozen=True)
class Place:
    """One field or parameter of one request."""

    request: Request
    where: str
    name: str

    def __str__(self):
        return f"{self.request.method} {self.request.what} {self.where} {self.name}"

    def filled(self, payload):
        """Return the request with `payload` at this place, or None where no server would let it through."""
        ask = self.request
        if self.where == "body":
            return replace(ask, body=ask.encoded((self.name, payload)))
        text = escaped(payload)
        if len(text) > LINE_LIMIT:
            return None
        if self.where == "query":
            rest = [(name, value) for name, value in ask.query if name != self.name]
            pairs = [*(f"{quote(name)}={escaped(value)}" for name, value in rest), f"{quote(self.name)}={text}"]
            return replace(ask, path=f"{ask.path}?{'&'.join(pairs)}", query=())
        if self.where == "path":
            # A point or two alone is taken out of an address before it is sent.
            return None if text in ("", ".", "..") else replace(ask, path=ask.path.replace(self.mark, text))
        value = payload if isinstance(payload, str) else json.dumps(payload) if not isinstance(payload, bytes) else ""
        value = "".join(sign for sign in value if " " <= sign <= "\xff")
        return replace(ask, headers={**ask.headers, self.name: value})

    @property
    def mark(self):
        """What stands in the path for the value that this place is about."""
        return f"@{self.name}@"


def of_schema(schema, world):
    """Return the places of the API: the fields of bodies, and the parameters in query, path and header.

    What one view does at two addresses stands once.
    """
    places = {}
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            ask = _request(schema, world, path, method, operation)
            view = resolve(ask.path)
            did = (view.func.cls, view.func.actions[method])
            found = [Place(ask, "body", name) for name in _body(schema, operation)[0]]
            for one in operation.get("parameters", []):
                found.append(_parameter(ask, one, path, view.kwargs))
            for place in found:
                places.setdefault((*did, place.where, place.name), place)
    return list(places.values())


def _body(schema, operation):
    """Return the names of the fields of an operation's body, and those that it needs."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return [], []
    shape = schema["components"]["schemas"][content["schema"]["$ref"].rpartition("/")[2]]
    return list(shape["properties"]), shape.get("required", [])


def _request(schema, world, path, method, operation):
    names, needed = _body(schema, operation)
    well = {**WELL, "user": "rosa"} if "{username}" in path else WELL
    fields = tuple((name, well[name]) for name in names if name in needed or name == "q")
    if path == "/api/v1/issues/" and method == "post":
        fields += (("product", "WEB"),)
    query = (("title", "Cart"),) if path.endswith("v1/similar/") else ()
    return Request(method.upper(), path.format(**names_in(world, path)), path, fields, query)


def names_in(world, path):
    """Return what stands for each name in a path of the schema."""
    values = {"product_key": "WEB", "issue_key": "WEB-1", "number": 1, "username": "rosa", "slug": "new"}
    values["comment_pk"] = world.ids["comment"]
    parts = path.split("/")
    if "{id}" in parts:
        kind = parts[parts.index("{id}") - 1]
        ids = {"labels": "labels" if "product_key" in path else "site-label", "batches": "batch"}
        kind = ids.get(kind, kind if kind in world.ids else kind.removesuffix("s"))
        values["id"] = world.ids["away" if "restore" in path or "purge" in path else kind]
    return values


def _parameter(ask, one, path, values):
    where, name = one["in"], one["name"]
    if where == "path":
        value = values["pk" if name == "id" and "pk" in values else name]
        known = path.replace(f"{{{name}}}", f"@{name}@")
        other = {key: values.get("pk" if key == "id" else key) for key in ("product_key", "issue_key", "number", "id")}
        other |= {name: values.get(name) for name in ("username", "slug", "comment_pk")}
        assert value is not None
        return Place(replace(ask, path=known.format(**other)), where, name)
    return Place(ask, where, name)


class Forms(HTMLParser):
    """The forms of a page: method, address, and fields with what they hold."""

    def __init__(self):
        super().__init__()
        self.forms, self.named, self.open, self.select, self.area = [], {}, None, None, None

    def handle_starttag(self, tag, attributes):
        """Note a form, or a field of one."""
        given = dict(attributes)
        if tag == "form":
            self.open = {
                "method": given.get("method", "get").upper(),
                "action": given.get("action") or "",
                "fields": {},
            }
            self.forms.append(self.open)
            if given.get("id"):
                self.named[given["id"]] = self.open
            return
        home = self.named.get(given.get("form")) if given.get("form") else self.open
        name = given.get("name")
        if home is None or not (name or tag == "option"):
            return
        if tag == "input" and given.get("type") in ("checkbox", "radio"):
            # What is not ticked is not sent, and yet a field.
            home["fields"].setdefault(name, None)
            if "checked" in given:
                home["fields"][name] = given.get("value", "on")
        elif tag in ("input", "button"):
            home["fields"].setdefault(name, given.get("value") or "")
        elif tag == "textarea":
            home["fields"][name] = ""
            self.area = (home, name)
        elif tag == "select":
            home["fields"][name] = None
            self.select = (home, name, "multiple" in given)
        elif tag == "option" and self.select:
            home, name, several = self.select
            if "selected" in given or (home["fields"][name] is None and not several):
                home["fields"][name] = given.get("value") or ""

    def handle_data(self, data):
        """Note what a text area holds."""
        if self.area:
            self.area[0]["fields"][self.area[1]] += data

    def handle_endtag(self, tag):
        """Note the end of a form or a field."""
        if tag == "form":
            self.open = None
        elif tag == "textarea" and self.area:
            home, name = self.area
            home["fields"][name] = home["fields"][name].removeprefix("\n")
            self.area = None
        elif tag == "select":
            self.select = None


def forms_of(text):
    """Return the forms of a page."""
    parser = Forms()
    parser.feed(text)
    return parser.forms


def _route(path):
    """Return the pattern that `path` is matched by; None where it is no address of ours."""
    try:
        return f"/{resolve(path).route}"
    except Resolver404:
        return None


def of_pages(world, clients):
    """Return the places of the pages: the fields of every form on every page, and what is variable in addresses.

    `clients` are those who look: each page is read by each of them. A field of one view's form stands once.
    """
    places = {}
    for _name, pattern, address in addresses(world):
        if address.startswith(("/api/", "/openapi")):
            continue
        for client in clients:
            answer = client.get(address)
            if answer.streaming:
                # Read to its end, a file is closed.
                list(answer.streaming_content)
                continue
            if answer.status_code in (200, 403, 404) and answer["Content-Type"].startswith("text/html"):
                _note(places, address, answer.content.decode())
        for name in fields_of(pattern):
            place = _in_path(pattern, name, address)
            if place:
                places.setdefault(("path", pattern, name), place)
    return list(places.values())


def _in_path(pattern, name, address):
    route = resolve(address)
    values = {**(route.kwargs or {})}
    if name not in values:
        return None
    parts = address.split("/")
    value = str(values[name])
    if value not in parts:
        return None
    parts[parts.index(value)] = f"@{name}@"
    return Place(Request("GET", "/".join(parts), pattern), "path", name)


def _note(places, address, text):
    for form in forms_of(text):
        target = urlsplit(urljoin(address, form["action"]))
        route = _route(target.path)
        if route is None:
            continue
        held = {name: WELL.get(name, value) if value == "" else value for name, value in form["fields"].items()}
        held.pop("csrfmiddlewaretoken", None)
        if form["method"] == "GET":
            ask = Request("GET", target.path, route, query=tuple((name, value or "") for name, value in held.items()))
        else:
            ask = Request("POST", target.path, route, tuple(held.items()), tuple(parse_qsl(target.query)))
        where = "query" if form["method"] == "GET" else "body"
        for name in held:
            places.setdefault((where, route, name), Place(ask, where, name))
