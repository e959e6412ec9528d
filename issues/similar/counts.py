"""How common terms are, counted over what everybody may read, so that no score tells of what is hidden."""

from collections import defaultdict
from datetime import UTC, datetime

from django.apps import apps
from django.db import connection, transaction
from django.db.models import BigIntegerField, F, Q, Subquery

from issues.similar.scoring import BODY, TITLE
from issuetracker.prepared import Among, ByReader, ListSlot, PreparedTuples
from products import access

# A term of fewer issues is not kept: what is not known is in one.
KEPT = 2
# Stands for all issues that have such a part.
ALL = 0
HOME = "CASE pr.visibility WHEN 'public' THEN NULL ELSE pr.id END"
# Each as its planner is quick with, however many there are.
IS_OPEN_TO_ALL = {
    "postgresql": "NOT EXISTS (SELECT 1 FROM issues_issue i"
    " WHERE i.id = p.issue_id AND (i.confidential OR i.deleted_at IS NOT NULL))",
    "sqlite": "p.issue_id NOT IN (SELECT id FROM issues_issue WHERE confidential OR deleted_at IS NOT NULL)",
}
OF_TERMS = (
    f"SELECT p.term, p.part, {HOME} AS home, COUNT(*) FROM issues_posting p"  # noqa: S608 (names of ours)
    " JOIN products_product pr ON pr.id = p.product_id AND pr.deleted_at IS NULL"
    f" WHERE {{}} GROUP BY p.term, p.part, home HAVING COUNT(*) >= {KEPT}"
)
OF_ISSUES = (
    f"SELECT {HOME} AS home, COUNT(*), SUM(CASE i.description WHEN '' THEN 0 ELSE 1 END)"  # noqa: S608
    " FROM issues_issue i JOIN products_product pr ON pr.id = i.product_id AND pr.deleted_at IS NULL"
    " WHERE NOT i.confidential AND i.deleted_at IS NULL GROUP BY home"
)


def count_terms():
    """Count anew in how many issues each term is. It may be asked for by several at once."""
    counts, census = _read(), apps.get_model("issues", "WordCensus").objects
    model = apps.get_model("issues", "TermCount")
    with transaction.atomic():
        # Of two workers the second waits. Words that were never counted are due as ever.
        census.get_or_create(pk=1, defaults={"at": datetime(1970, 1, 1, tzinfo=UTC), "event": -1})
        census.select_for_update().get(pk=1)
        model.objects.all().delete()
        rows = [model(term=term, part=part, product_id=home, documents=count) for term, part, home, count in counts]
        model.objects.bulk_create(rows, batch_size=1000)


def _read():
    """Return rows of (term, part, product that is not public, count)."""
    with connection.cursor() as cursor:
        cursor.execute(OF_TERMS.format(IS_OPEN_TO_ALL[connection.vendor]))
        rows = cursor.fetchall()
        cursor.execute(OF_ISSUES)
        for home, issues, described in cursor.fetchall():
            rows += [(ALL, TITLE, home, issues), (ALL, BODY, home, described)]
    return rows


def _known(user):
    counts = apps.get_model("issues", "TermCount").objects
    seen = Q() if access.is_superuser(user) else Q(product=None) | access.visible_products(user, "product__")
    # In the same statement: every page that shows similar issues asks it.
    fitted = Subquery(apps.get_model("issues", "FittedWeights").objects.order_by("-pk").values("weights")[:1])
    rows = counts.filter(seen, Among(F("term"), ListSlot("terms", BigIntegerField()))).order_by()
    return rows.annotate(fitted=fitted).values_list("term", "part", "documents", "fitted")


KNOWN = ByReader(PreparedTuples, _known)


def known_to(user, terms):
    """Return `({part: {term: documents}}, what the weights were fitted to)`, of `terms` in what `user` may read.

    Counted are what everybody may read, and products that `user` may. `ALL` is among them; a term that is missing is in
    one issue at most. The weights are None where nothing was fitted.
    """
    found: dict = {TITLE: defaultdict(int), BODY: defaultdict(int)}
    told = KNOWN.of(access.reader(user)).tuples(terms=[ALL, *terms])
    for term, part, documents, _weights in told:
        found[part][term] += documents
    return found, told[0][-1] if told else None
