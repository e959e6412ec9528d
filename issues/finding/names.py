"""What the names in a query stand for: all are looked up in one statement, as far as the reader may see."""

from difflib import get_close_matches
from functools import reduce
from operator import or_

from django.db import connection
from django.db.models import CharField, Exists, F, OuterRef, Q, Sum, Value
from django.db.models.functions import Cast, Concat, Lower

from accounts.models import User
from history.log import name_key
from history.models import Change
from history.writing import in_any_case
from issues import fulltext
from issues.columns import issue_key
from issues.models import Comment, FormerKey, Issue, IssueNumber, Status, WordCount
from issues.query.fields import FIELDS, Kind
from issues.query.tree import By, Changed, Plain, Ref, Term, Text, Was, leaves
from issues.querysets import live_and_seen
from products import access
from products.models import PARTS, Label, ProductKey

NAMED = {**PARTS, "label": Label}
PERSON, ISSUE, CATEGORY, WORD, WORD_ANYWHERE = "person", "issue", "category", "word", "word anywhere"
# The beginning of a word is taken for common where it is as short as this, and for rare where it is longer.
SHORT = 2
COMMON = 2**31
OFFERED = 200
SUGGESTED = 3


class Names:
    """The names that a query's tree holds and what they stand for, as `user` sees it.

    `product` is the Product, or its key, whose list is asked for: names of parts are those of that product then.
    """

    def __init__(self, tree, user, product=None):
        self.user, self.product = user, product
        # In how many documents each word is: of those that the user may read, and of all.
        self.documents: dict = {WORD: {}, WORD_ANYWHERE: {}}
        # Of two people whose names differ by capitals, as SQLite has let them in, the one that is named is meant.
        self.exact: dict = {}
        self.found = self._look_up(wanted(tree))

    def ids(self, kind, text):
        """Return the ids that `text` stands for; an empty list where it is nothing that the user may see."""
        exact = self.exact.get(text) if kind == PERSON else None
        return exact or self.found.get((kind, text.lower()), [])

    def status_ids(self, text):
        """Return the ids of the status with that slug, or else of the statuses of that category."""
        return self.ids("status", text) or self.ids(CATEGORY, text)

    def keeps(self, kept, name):
        """Return whether the history that the user sees, of the product whose list it is, has `name` without a row."""
        seen = Issue.objects.visible_to(self.user).filter(of_product(self.product))
        return named_without_row(kept, name).filter(issue__in=seen).exists()

    def frequency(self, needles, counted=WORD):
        """Return in how many documents all `needles` can be at most: what is not known is in one.

        It is `counted` in what the user may read. How much there is to look at is told by WORD_ANYWHERE: nothing that
        is found, nor its order, may hang on that.
        """
        documents = self.documents[counted]
        return min(sum(self._frequency(way, documents) for way in needle.ways) for needle in needles)

    @staticmethod
    def _frequency(needle, documents):
        *whole, last = needle.terms
        common = needle.prefix and len(last) <= SHORT
        counts = [documents.get(term, 1) for term in (whole if needle.prefix else needle.terms)]
        return min(counts) if counts else COMMON if common else 1

    def close(self, kind, text):
        """Return a few names that are nearly `text`."""
        rows = self._rows(kind)
        if rows is None:
            return []
        called = {name.lower(): name for name in rows.order_by("called").values_list("called", flat=True)[:OFFERED]}
        return [called[name] for name in get_close_matches(text.lower(), called, SUGGESTED, 0.6)]

    def beginning(self, kind, text, limit):
        """Return up to `limit` different names of a kind that begin with `text`, in any case.

        It is `[(name, what it says besides)]`. People are found by any word of what they are called, too, and say that.
        """
        # SQLite lowers ASCII alone: names with other letters are found as they are written, or with a capital.
        written = sorted({text, text[:1].upper() + text[1:]})
        rows = self._rows(kind).annotate(lowered=Lower("called"), said=Value("", CharField()))
        begins = Q(lowered__startswith=text.lower()) | _any("called__startswith", written)
        if kind == PERSON:
            words, lowered = (Concat(Value(" "), one) for one in (F("display_name"), Lower("display_name")))
            rows = rows.annotate(said=F("display_name"), words=words, lowered_words=lowered)
            begins |= Q(lowered_words__contains=f" {text.lower()}")
            begins |= _any("words__contains", (f" {one}" for one in written))
        return list(rows.filter(begins).order_by("called").values_list("called", "said").distinct()[:limit])

    def _look_up(self, names):
        parts = [rows for kind, texts in sorted(names.items()) if (rows := self._rows(kind, texts)) is not None]
        if ISSUE in names:
            parts.append(self._former(names[ISSUE]))
        found: dict = {}
        if parts:
            rows = [part.order_by().values_list("kind", "ident", "called") for part in parts]
            for kind, pk, called in rows[0].union(*rows[1:], all=True):
                if kind in self.documents:
                    self.documents[kind][called] = pk
                    continue
                if kind == PERSON:
                    self.exact[called] = [pk]
                ids = found.setdefault((kind, called.lower()), [])
                if pk not in ids:
                    ids.append(pk)
        return found

    def _rows(self, kind, texts=None):
        """Return the rows of a kind, of those `texts` if given, with `kind`, `ident` (id) and `called` (name)."""
        if kind == ISSUE or kind in self.documents:
            return (self._issues(texts) if kind == ISSUE else self._words(kind, texts)) if texts else None
        rows, field, ident = self._named(kind, texts is None)
        rows = rows.annotate(kind=Value(kind, CharField()), ident=F(ident), called=Cast(field, CharField()))
        if texts is None:
            return rows
        lowered, beyond = [text.lower() for text in texts], [text for text in texts if not text.isascii()]
        if connection.vendor == "postgresql":
            # In its own small letters, which have an index, and are not everywhere Python's.
            alike = Q(lowered__in=[*lowered, *(Lower(Value(text)) for text in beyond)])
        else:
            # SQLite lowers ASCII alone.
            alike = reduce(or_, [in_any_case(field, text) for text in beyond], Q(lowered__in=lowered))
        return rows.annotate(lowered=Lower(field)).filter(alike)

    def _words(self, kind, terms):
        """Return how common words are, as a row with `ident` for each count."""
        rows = WordCount.objects.filter(word__in=terms)
        if kind == WORD and not access.is_superuser(self.user):
            rows = rows.filter(Q(product=None) | access.visible_products(self.user, "product__"))
        counted = rows.order_by().values("word").annotate(ident=Sum("documents"))
        return counted.annotate(kind=Value(kind, CharField()), called=F("word"))

    def _named(self, kind, offered):
        if kind == "product":
            seen = access.visible_products(self.user, "product__") & Q(product__isnull=False)
            return ProductKey.objects.filter(seen, product__deleted_at=None), "key", "product_id"
        if kind == "status":
            return Status.objects.all(), "slug", "pk"
        if kind == CATEGORY:
            return Status.objects.all(), "category", "pk"
        if kind == PERSON:
            return people(self.user, offered), "username", "pk"
        return self._parts(kind), "name", "pk"

    def _parts(self, kind):
        rows, own = NAMED[kind].objects.visible_to(self.user), of_product(self.product)
        return rows.filter(own | Q(product=None) if own and kind == "label" else own)

    def _issues(self, keys):
        """Return the issues with these keys, which they have or had."""
        condition = Q(pk__in=[])
        for key in keys:
            product, _dash, number = key.rpartition("-")
            condition |= Q(product__keys__key=product, number=int(number))
        rows = IssueNumber.objects.filter(live_and_seen(self.user, "issue__"), condition)
        key = issue_key("product__keys__key")
        return rows.annotate(kind=Value(ISSUE, CharField()), ident=F("issue_id"), called=key)

    def _former(self, keys):
        """Return the issues that had these keys in a product that has been purged."""
        rows = FormerKey.objects.filter(live_and_seen(self.user, "issue__"), key__in=keys)
        return rows.annotate(kind=Value(ISSUE, CharField()), ident=F("issue_id"), called=F("key"))


def _any(lookup, texts):
    return Q(*((lookup, text) for text in texts), _connector=Q.OR)


def of_product(product):
    """Return the condition that rows are of the product of a list, which is given by its key or itself, if by any."""
    if product is None:
        return Q()
    return Q(product__key=product) if isinstance(product, str) else Q(product=product)


def named_without_row(kept, name):
    """Return the Changes of a field of the log from `name`, which was no row."""
    # SQLite takes the index only where its condition is said.
    return Change.objects.exclude(before_key="").filter(field=kept, before_key=name_key(name))


def people(user, offered=False):
    """Return the users whom `user` may name: for anonymous readers, those who appear on issues that they see.

    `offered` leaves out who has only commented: so many are looked through for a few, and of somebody's comments, which
    may be many, an anonymous reader may see none.
    """
    if access.is_person(user):
        return User.objects.all()
    seen = Issue.objects.visible_to(user)
    appear = [Exists(seen.filter(**{name: OuterRef("pk")})) for name in ("assignee", "author")]
    if not offered:
        appear.append(Exists(Comment.objects.visible_to(user).filter(author=OuterRef("pk"))))
    return User.objects.filter(Q(*map(Q, appear), _connector=Q.OR))


def wanted(tree):
    """Return `{kind: {texts}}` of all names in a tree."""
    names: dict = {}
    for leaf, _wanted in leaves(tree):
        for kind, text in _names_of(leaf):
            names.setdefault(kind, set()).add(text)
    return names


def kind_of(field):
    """Return the kind of row that a field of the language names, or None."""
    if field.kind is Kind.PEOPLE:
        return PERSON
    if field.kind is Kind.ISSUES:
        return ISSUE
    return field.name if field.kind is Kind.ROWS else None


def _names_of(leaf):
    if isinstance(leaf, Text):
        needle = fulltext.needle(leaf.text, leaf.prefix)
        terms = [term for way in needle.ways for term in way.terms] if needle else []
        return [(kind, term) for kind in (WORD, WORD_ANYWHERE) for term in terms]
    if isinstance(leaf, Ref) and leaf.product:
        # Where the reader knows no such product, it is a word.
        return [("product", leaf.product), (ISSUE, leaf.key), *_names_of(Text(leaf.key))]
    if isinstance(leaf, By):
        return _plain(PERSON, [leaf.who])
    if isinstance(leaf, Changed):
        return _plain(PERSON, [leaf.by])
    if isinstance(leaf, Was):
        return _of_field(FIELDS[leaf.name], [leaf.value])
    return _of_field(FIELDS[leaf.name], leaf.values) if isinstance(leaf, Term) else []


def _of_field(field, values):
    if field.name == "is":
        return [(CATEGORY, "triage")] if {value.text for value in values} & {"untriaged", "triaged"} else []
    if field.name == "status":
        return [*_plain("status", values), *_plain(CATEGORY, values)]
    if field.kind is Kind.TEXT:
        texts = [Text(value.text.rstrip("*")) for value in values if isinstance(value, Plain)]
        return [name for text in texts for name in _names_of(text)]
    kind = CATEGORY if field.name == "category" else kind_of(field)
    return _plain(kind, values) if kind else []


def _plain(kind, values):
    return [(kind, value.text) for value in values if isinstance(value, Plain)]
