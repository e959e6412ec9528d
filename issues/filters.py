"""The plain filters and the order of a list of issues, as they stand in its address."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Cast, Concat, Lower, NullIf
from django.utils.translation import gettext as _

from accounts.models import User
from issues.models import Category, Issue, IssueLabel, Priority, Severity, Status
from issuetracker.keyset import Key
from products import access
from products.models import Component, Label, Milestone, ProductKey, Version

ME, NONE, ANY = SPECIAL = ("@me", "@none", "@any")
VALUES_LIMIT = 60

SORTS = {
    "updated": Key("updated_at", descending=True),
    "created": Key("created_at", descending=True),
    "priority": Key("priority", descending=True),
    # Unset is not the least severity but none at all.
    "severity": Key("severity_rank", descending=True, nullable=True, expression=NullIf("severity", Value(0))),
    "due": Key("due_on", nullable=True),
    "number": Key("number", descending=True),
    "status": Key("status__position"),
}
DEFAULT_SORT = "updated-desc"

STATES = {
    "open": Q(closed_at=None),
    "closed": Q(closed_at__isnull=False),
    "untriaged": Q(status__category=Category.TRIAGE),
    "triaged": ~Q(status__category=Category.TRIAGE),
    "duplicate": Q(resolution=Issue.Resolution.DUPLICATE),
    "confidential": Q(confidential=True),
    "unassigned": Q(assignee=None),
}
MINE = "mine"
WORDS = {
    "category": ("status__category", {value: value for value in Category.values}),
    "type": ("type", {value: value for value in Issue.Type.values}),
    "priority": ("priority", {row.name.lower(): row.value for row in Priority}),
    "severity": ("severity", {row.name.lower(): row.value for row in Severity}),
    "resolution": ("resolution", {value: value for value in Issue.Resolution.values}),
    "source": ("source", {value: value for value in Issue.Source.values}),
    "confidential": ("confidential", {"true": True, "false": False}),
}
PEOPLE = ("assignee", "author")
PARTS = {"component": Component, "milestone": Milestone, "version": Version, "label": Label}
ROWS = ("status", "product", "parent", *PEOPLE, *PARTS)
NAMES = ("is", *ROWS, *WORDS)
REPEATABLE = ("is", "label")
EMPTYABLE = ("assignee", "author", "component", "milestone", "version", "label", "parent", "resolution")


@dataclass(frozen=True)
class Filters:
    """What a list shows and in which order. `terms` are its parameters as pairs, tidied and in a fixed order."""

    terms: tuple
    condition: Q
    sort: str
    ordering: tuple

    def apply(self, queryset):
        """Return those of `queryset` that the filters let through; the order is left to `keyset.paginate`."""
        return queryset.filter(self.condition)

    @property
    def canonical(self):
        """The query string that means this list: equal for equal lists, and what cursors are bound to."""
        sort = [] if self.sort == DEFAULT_SORT else [("sort", self.sort)]
        return urlencode([*self.terms, *sort])


def parse(params, user, product=None):
    """Return the Filters that `params` (a QueryDict) ask for, as `user` sees things; other parameters are ignored.

    `product` is the Product, or its key, that the list is of, if it is of one. Raises ValidationError by parameter,
    also for values that do not exist for `user`. Looks all names up in one statement, or in none.
    """
    terms = _terms(params)
    errors = {}
    found = _look_up(terms, user, product)
    condition = Q()
    for name, values in terms:
        try:
            condition &= _condition(name, values, found, user)
        except ValidationError as error:
            errors[name] = error
    try:
        sort, ordering = parse_sort(params.get("sort", ""))
    except ValidationError as error:
        errors["sort"] = error
    if errors:
        raise ValidationError(errors)
    return Filters(tuple((name, ",".join(values)) for name, values in terms), condition, sort, ordering)


def parse_sort(text):
    """Return `(text in full, ordering)` of a sort such as "priority-desc,due". Raises ValidationError."""
    names, ordering = [], []
    for part in (text or DEFAULT_SORT).lower().split(","):
        name, _dash, direction = part.partition("-")
        if name not in SORTS or direction not in ("", "asc", "desc") or name in names:
            message = _("Sort by one of: %(names)s; with -asc or -desc.") % {"names": ", ".join(SORTS)}
            raise ValidationError(message, code="choice")
        key = SORTS[name]
        descending = direction == "desc" if direction else key.descending
        names.append(name)
        ordering.append(Key(key.name, descending, key.nullable, key.expression))
    full = ",".join(f"{name}-{'desc' if key.descending else 'asc'}" for name, key in zip(names, ordering, strict=True))
    return full, (*ordering, Key("id", ordering[-1].descending))


def _terms(params):
    """Return `[(name, [value, …])]` in a fixed order. Raises ValidationError where there is too much of it."""
    terms = []
    for name in NAMES:
        given = params.getlist(name)
        if len(given) > 1 and name not in REPEATABLE:
            message = _("Give this once, with commas between the values: %(name)s=a,b.") % {"name": name}
            raise ValidationError({name: ValidationError(message, code="repeated")})
        for text in sorted(given):
            values = sorted({_tidy(name, value) for value in text.split(",") if value.strip()})
            if values:
                terms.append((name, values))
    if sum(len(values) for _name, values in terms) > VALUES_LIMIT:
        message = _("Too many values: at most %(limit)d.") % {"limit": VALUES_LIMIT}
        raise ValidationError({terms[-1][0]: ValidationError(message, code="too_many")})
    return terms


def _tidy(name, value):
    value = value.strip()
    if name in ("product", "parent") and value.lower() not in SPECIAL:
        return value.upper()
    return value if name in PARTS and value.lower() not in SPECIAL else value.lower()


def _condition(name, values, found, user):
    """Return the condition of one term: any of its values. Raises ValidationError."""
    special = [value for value in values if value in (NONE, ANY) and name in EMPTYABLE]
    plain = [value for value in values if value not in special]
    condition = Q()
    for value in special:
        filled = _filled(name, user)
        condition |= filled if value == ANY else ~filled
    if name == "is":
        for value in plain:
            condition |= _state(value, user)
    elif name in WORDS:
        path, words = WORDS[name]
        if plain:
            condition |= Q(**{f"{path}__in": [_known(words, value) for value in plain]})
    elif plain:
        condition |= _rows(name, plain, found, user)
    return condition


def _state(value, user):
    if value == MINE:
        return Q(assignee=_me(user)) | Q(author=_me(user))
    return _known(STATES, value)


def _rows(name, values, found, user):
    categories = [value for value in values if name == "status" and value in Category.values]
    ids = []
    for value in values:
        if value == ME and name in PEOPLE:
            ids.append(_me(user))
        elif value not in categories or (name, value) in found:
            ids += _known(found, (name, value.lower()), value)
    condition = Q(**{f"{name}__in": ids}) if name != "label" else Q(_labelled(label__in=ids))
    named = [value for value in categories if (name, value) not in found]
    return condition | Q(status__category__in=named) if named else condition


def _filled(name, user):
    if name == "label":
        return Q(_labelled())
    if name == "parent":
        # A parent that the reader may not see does not exist for them.
        return Q(Exists(Issue.objects.visible_to(user).filter(pk=OuterRef("parent_id"))))
    return ~Q(resolution="") if name == "resolution" else Q(**{f"{name}__isnull": False})


def _labelled(**conditions):
    return Exists(IssueLabel.objects.filter(issue=OuterRef("pk"), **conditions))


def _known(table, key, value=None):
    if key not in table:
        message = _("There is no %(value)s.") % {"value": f"“{value or key}”"}
        raise ValidationError(message, code="unknown")
    return table[key]


def _me(user):
    if not access.is_person(user):
        raise ValidationError(_("Sign in first: nobody knows who you are."), code="anonymous")
    return user.pk


def _look_up(terms, user, product):
    """Return `{(name, value): [ids]}` of the rows that the terms name and `user` may see, asked for all at once."""
    parts = []
    for name, values in terms:
        values = [value for value in values if value not in SPECIAL and "\x00" not in value]
        if name in ROWS and values:
            rows = _rows_named(name, values, user, product)
            parts.append(rows.annotate(term=Value(name, CharField())).order_by())
    found: dict = {}
    if parts:
        rows = [part.values_list("term", "ident", "called") for part in parts]
        for name, pk, called in rows[0].union(*rows[1:], all=True):
            found.setdefault((name, called.lower()), []).append(pk)
    return found


def _rows_named(name, values, user, product):
    """Return the rows for one term, each with `ident`, its id, and `called`, what the term calls it."""
    if name == "product":
        seen = access.visible_products(user, "product__")
        rows = ProductKey.objects.filter(seen, product__deleted_at=None, key__in=values)
        return rows.annotate(ident=F("product_id"), called=_text("key"))
    if name == "parent":
        called = Concat("product__key", Value("-"), Cast("number", CharField()), output_field=CharField())
        rows = Issue.objects.visible_to(user).filter(_with_keys(values))
        return rows.annotate(ident=F("pk"), called=called)
    if name == "status":
        rows, field = Status.objects.all(), "slug"
    elif name in PEOPLE:
        rows, field = _people(user), "username"
    else:
        rows, field = PARTS[name].objects.visible_to(user), "name"
        if product is not None:
            of_it = Q(product__key=product) if isinstance(product, str) else Q(product=product)
            rows = rows.filter(of_it | Q(product=None) if name == "label" else of_it)
    rows = rows.annotate(ident=F("pk"), called=_text(field), lowered=Lower(field))
    # SQLite lowers ASCII alone: other letters are found as they are written.
    return rows.filter(Q(lowered__in=[value.lower() for value in values]) | Q(called__in=values))


def _text(field):
    return Cast(field, CharField())


def _with_keys(values):
    condition = Q(pk__in=[])
    for value in values:
        key, _dash, number = value.rpartition("-")
        if number.isascii() and number.isdigit() and len(number) < 19:
            condition |= Q(product__key=key, number=int(number))
    return condition


def _people(user):
    """Return the users whom `user` may name: for anonymous readers, those who appear on issues that they see."""
    if access.is_person(user):
        return User.objects.all()
    seen = Issue.objects.visible_to(user)
    assigned, written = (Exists(seen.filter(**{name: OuterRef("pk")})) for name in PEOPLE)
    return User.objects.filter(Q(assigned) | Q(written))
