"""Issues that are like a text or like one another, as one reader sees them."""

from dataclasses import dataclass
from typing import Any

from django.db.models import BigAutoField, Count, F
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from issues.fulltext.tokens import tokenize
from issues.models import Issue
from issues.similar import scoring
from issues.similar.candidates import candidates
from issues.similar.counts import ALL, known_to
from issues.similar.scoring import Facts
from issues.similar.weights import bounded
from issues.similar.words import number_of, stem, words_of
from issuetracker.prepared import Among, ByReader, ListSlot, PreparedModels, PreparedTuples
from products import access
from products.finding import few_seen

# What was found, and so many steps up less one: a duplicate of a duplicate of …
STEPS = 4
# A reader of so many products reads the words of these alone; one of more reads all, and drops what is hidden.
FEW_PRODUCTS = 50
SHARED_SHOWN = 4
ISSUES = ListSlot("issues", BigAutoField())
FACTS = ("pk", "title", "product_id", "component_id", "created_at", "closed_at", "duplicate_of_id")


@dataclass(frozen=True)
class Similar:
    """An issue that is like what was asked for: `why` holds short signs, `said` the same as a sentence."""

    issue: Any
    score: float
    why: tuple
    said: str


def _shown():
    related = ("product", "status", "component", "assignee")
    rows = Issue.objects.select_related(*related).defer("description", "description_html")
    return rows.live().filter(Among(F("pk"), ISSUES)).order_by()


SHOWN = PreparedModels(_shown)


def fetch_issues(ids, user):
    """Return `{id: Issue}` of the issues with these `ids` that `user` sees, without their descriptions."""
    return {issue.pk: issue for issue in SHOWN.rows(issues=ids) if access.sees(user, issue)}


def similar(user, title, description="", product=None, component=None, issue=None, limit=5, fetch=fetch_issues):
    """Return at most `limit` Similar for a title and description, the most alike first, as `user` may see them.

    `product` and `component` are those that the text is filed in, if that is known; `issue` is the one whose text it
    is, which is not shown. A duplicate is shown as the issue that it is a duplicate of, where `user` sees that one. The
    score is for the order alone. `fetch(ids, user)` gives what each Similar has as its `issue`, by id.
    """
    of_product, of_component = product and product.pk, component and component.pk
    return _find(user, title, description, of_product, of_component, issue, limit, fetch)


def similar_to(user, issue, limit=5, fetch=fetch_issues):
    """Return at most `limit` Similar for an issue, as `similar`."""
    of_product, of_component = issue.product_id, issue.component_id
    return _find(user, issue.title, issue.description, of_product, of_component, issue, limit, fetch)


def _find(user, title, description, product, component, issue, limit, fetch):
    query, found = look_up(user, title, description, product, component, exclude=issue)
    if not found:
        return []
    facts, above = _facts(user, found)
    # What has gone in the meantime is not there.
    canonical = {pk: _top(pk, above) for pk in found if pk in facts}
    found = {pk: found[pk] for pk, top in canonical.items() if issue is None or top != issue.pk}
    duplicates = _duplicates(user, {canonical[pk] for pk in found})
    now = timezone.now().timestamp()
    ranked = scoring.rank(query, found, facts, canonical, duplicates, now=now, limit=limit)
    rows = fetch([one.issue for one in ranked], user)
    return [
        Similar(rows[one.issue], round(one.score, 3), *_reasons(one, query, facts))
        for one in ranked
        if one.issue in rows
    ]


def look_up(user, title, description="", product=None, component=None, *, exclude=None, within=None):
    """Return `(query, candidates)` for a text: those that `user` sees, but for the issue `exclude`.

    `product` and `component` are ids; `within` is a queryset of the only issues in question, all of `product`.
    """
    weighed = {
        part: {number_of(word): weight for word, weight in words.items()}
        for part, words in scoring.weigh(title, description).items()
    }
    counts, fitted = known_to(user, {term for words in weighed.values() for term in words})
    known = {part: (counts[part], counts[part].get(ALL, 0)) for part in weighed}
    query = scoring.make_query(title, weighed, known, product=product, component=component, weights=bounded(fitted))
    issues = Issue.objects.visible_to(user) if within is None else within
    if exclude is not None:
        issues = issues.exclude(pk=exclude.pk)
    products = few_seen(user, FEW_PRODUCTS) if within is None else [product]
    return query, candidates(issues, query.asked, products)


def _compared(user):
    return Issue.objects.visible_to(user).filter(Among(F("pk"), ISSUES)).order_by().values_list(*FACTS)


COMPARED = ByReader(PreparedTuples, _compared)


def _facts(user, found):
    """Return the Facts of the issues `found` and of those that they are duplicates of, and `{issue: the one above}`.

    What `user` does not see is not among them.
    """
    facts: dict = {}
    above: dict = {}
    wanted, asked = set(found), set()
    compared = COMPARED.of(access.reader(user))
    for _step in range(STEPS):
        if not wanted:
            break
        for pk, title, product, component, created, closed, original in compared.tuples(issues=wanted):
            ended = closed.timestamp() if closed else None
            facts[pk] = Facts(title, product, component, created.timestamp(), ended)
            if original is not None:
                above[pk] = original
        asked |= wanted
        wanted = set(above.values()) - asked
    return facts, {pk: original for pk, original in above.items() if original in facts}


def _top(pk, above):
    seen = set()
    while pk in above and pk not in seen:
        seen.add(pk)
        pk = above[pk]
    return pk


def _reported_again(user):
    rows = Issue.objects.visible_to(user).filter(Among(F("duplicate_of"), ISSUES)).order_by()
    return rows.values("duplicate_of").annotate(count=Count("pk")).values_list("duplicate_of", "count")


REPORTED_AGAIN = ByReader(PreparedTuples, _reported_again)


def _duplicates(user, issues):
    """Return `{issue: how many duplicates of it the user sees}`."""
    return dict(REPORTED_AGAIN.of(access.reader(user)).tuples(issues=issues))


def _reasons(ranked, query, facts):
    """Return `(signs, sentence)` of what speaks for a Ranked."""
    here, reasons = facts[ranked.issue], []
    shared = shared_words(query.title, facts[ranked.best].title)
    if shared:
        by_other = ranked.best != ranked.issue
        quoted = ", ".join(f"“{word}”" for word in shared[:SHARED_SHOWN])
        reasons.append(("words", (_("a duplicate of it shares %s") if by_other else _("shares %s")) % quoted))
    else:
        # Whatever is found shares words, and these are not in the titles.
        reasons.append(("description", _("similar in the description")))
    if here.component is not None and here.component == query.component:
        reasons.append(("component", _("same component")))
    elif here.product == query.product:
        reasons.append(("product", _("same product")))
    if here.closed is None:
        reasons.append(("open", _("open now")))
    if count := ranked.duplicates:
        reasons.append(("duplicates", ngettext("%d known duplicate", "%d known duplicates", count) % count))
    sentence = "; ".join(said for _sign, said in reasons)
    return tuple(sign for sign, _said in reasons), sentence[:1].upper() + sentence[1:]


def shared_words(title, other):
    """Return the words of `title`, as they stand there in lower case, whose stems are in `other` as well."""
    stems = set(words_of(other))
    shared, whole = [], []
    for terms, extras in map(tokenize, title.split()):
        telling = [term for term in terms if stem(term)]
        shared += [term for term in telling if stem(term) in stems]
        whole += [extra for extra in extras if stem(extra) in stems and not _is_told(extra, telling, stems)]
    return list(dict.fromkeys([*shared, *whole]))


def _is_told(extra, terms, stems):
    """Return whether all parts of an extra, which are among `terms`, are shared: whole it says nothing more then."""
    parts = {stem(term) for term in terms if term in extra or extra in term}
    return bool(parts) and parts <= stems
