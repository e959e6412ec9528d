"""Changing many issues at once: what would change is shown first, and then done."""

from hashlib import sha256
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.addresses import own_address
from history.models import Batch, Kind, Via
from issues import services
from issues.choices import COMMENTED, Decision
from issues.finding import SearchError, search
from issues.forms import DecisionForm, IssueForm
from issues.models import Issue
from issues.services import bulk as service
from issues.setting.choosing import SET, ManyForm
from issues.setting.many import Wanted, lacking, plan_for
from issues.setting.meaning import present
from issues.setting.parsing import WordsError, parse
from issues.views.access import home_of
from issues.views.deciding import declined
from issues.views.live import render_part
from products.access import can
from products.models import PARTS, Product
from products.numbers import read_number
from products.pages import explained, go_back

REASONS = {
    "forbidden": gettext_lazy("you may not change them"),
    "archived": gettext_lazy("their product is archived"),
    "unknown": gettext_lazy("their product has no such name"),
    "other_product": gettext_lazy("it belongs to another product"),
    "exclusive": gettext_lazy("a label of the same group is there"),
    "field": gettext_lazy("only a triager may set this"),
    "decided": gettext_lazy("somebody has decided on them already"),
    "stale": gettext_lazy("somebody has changed them meanwhile"),
    "circle": gettext_lazy("they would be duplicates of themselves"),
    "person": gettext_lazy("whom you name does not see them"),
    "duplicate": gettext_lazy("the original is a duplicate itself"),
    "absent": gettext_lazy("something that it names is gone"),
    "moved": gettext_lazy("they have moved to another product meanwhile"),
    "required": gettext_lazy("this would not change where they are"),
}
UNFIT = gettext_lazy("it does not fit them")
# What tells what is decided on an issue, beside what is shown of it.
DECIDED = ("product", "resolution", "snoozed_until", "status", "waiting_for")
# What is sent beside what is to be done.
AROUND = {"csrfmiddlewaretoken", "preview", "apply", "foreseen", "next", "ids", "q", "in"}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@explained
def bulk(request):
    """Ask what is to be done to the chosen issues, show what would change, and change it."""
    home = home_of(request)
    ids, query, said, problems = _chosen(request, home)
    too_many = len(ids) > service.LIMIT
    samples = [] if too_many else service.one_of_each_product(ids)
    # Whoever may change nothing is told no names.
    products = [one.product_id for one in samples if can(request.user, "bulk", one)]
    form = ManyForm(request.POST or None, user=request.user, products=products)
    context = {"ids": ids, "q": query, "home": home, "problems": problems, "limit": service.LIMIT, "too_many": too_many}
    context |= {"said": said, "next": _back(request), "many": form, **_decision(request)}
    context |= {"wrong": problems, "faulty": ()}
    if not samples or problems:
        return render(request, "issues/bulk.html", context, status=400 if problems else 200)
    wanted, wrong = _wanted(request, form)
    if context["lacking"]:
        wrong += _say_lacking(context["lacking"]) if _is_pressed(request) else []
    elif not wrong and not wanted.is_nothing:
        return _go_on(request, wanted, samples, context)
    elif not wrong and _is_pressed(request):
        wrong = [Wrong(_("Choose what is to be done."))]
    return _ask_again(request, context, wrong) if wrong else render(request, "issues/bulk.html", context)


class Wrong(NamedTuple):
    """What is wrong: `place` is the id of the field where it is mended, if it is one, and `suggestions` what for."""

    message: str
    place: str = ""
    suggestions: tuple = ()


def _ask_again(request, context, wrong):
    """Return the page with what is wrong, and the fields marked where that is."""
    context |= {"wrong": wrong, "faulty": {one.place for one in wrong}}
    return render(request, "issues/bulk.html", context, status=400)


def _chosen(request, home):
    """Return `(ids, query, said, problems)` of what is chosen: one more than LIMIT at most, and by what in words."""
    # Of an empty query all is chosen; without one, what is ticked.
    query = request.POST.get("q", request.GET.get("q", "" if home else None))
    if query is not None:
        try:
            asked = search(request.user, text=query, product=home)
        except SearchError as error:
            return [], query, "", error.problems
    else:
        asked = None
    numbers = [read_number(text) for text in request.POST.getlist("ids")] if asked is None else ()
    ids = service.chosen(asked, [number for number in numbers if number is not None], request.user, home)
    return ids, query, service.chosen_by(asked, ids, home), []


def _back(request):
    return own_address(request.POST.get("next", ""))


def _decision(request):
    """Return what the page shows of the decision that is chosen, and what that lacks."""
    decision = request.POST.get("decision", "")
    decision = decision if decision in Decision.values else ""
    labels = {name: field.label for name, field in DecisionForm.base_fields.items()}
    return {
        "decision": decision,
        "decisions": Decision.choices,
        "commented": COMMENTED,
        "declined": declined(),
        "labels": labels,
        "sent": request.POST,
        "lacking": lacking(decision, request.POST),
    }


def _say_lacking(names):
    said = _("Fill in “%(field)s”.")
    return [Wrong(said % {"field": DecisionForm.base_fields[name].label}, f"bulk-{name}") for name in names]


def _is_pressed(request):
    return "preview" in request.POST or "apply" in request.POST


def _wanted(request, form):
    """Return what is Wanted, and what is wrong with it."""
    if request.method != "POST":
        return Wanted(), []
    if not form.is_valid():
        wrong = [(form[name], text) for name, texts in form.errors.items() for text in texts]
        return Wanted(), [Wrong(f"{field.label}: {text}", _place_of(field)) for field, text in wrong]
    try:
        settings = [*parse(form.cleaned_data["words"]), *form.settings()]
    except WordsError as error:
        return Wanted(), _located(error.problems)
    decision = _decision(request)["decision"]
    return Wanted(tuple(settings), form.cleaned_data["move"], decision, request.POST), []


def _place_of(field):
    """Return the id of a field of the ManyForm; of a group of boxes, that of the first."""
    return "bulk-words" if field.name == "words" else field.id_for_label or f"{field.auto_id}_0"


def _located(problems):
    """Return as Wrong the Problems with words that are written, with what was chosen, or with a decision."""
    at = ["bulk-words" if one.word.position >= 0 else one.field and f"bulk-{one.field}" for one in problems]
    return [Wrong(one.message, place, one.suggestions) for one, place in zip(problems, at, strict=True)]


def _go_on(request, wanted, samples, context):
    """Change the issues where what would change has been shown; else show it."""
    ids = context["ids"]
    plan, wrong, changes = plan_for(wanted, samples, request.user)
    if wrong or not plan.changes:
        return _ask_again(request, context, _located(wrong))
    standing = _standing(ids, plan)
    shown = _stamp(request.POST, standing)
    if "apply" in request.POST and request.POST.get("foreseen", shown) == shown:
        return _apply(request, ids, plan, context, {pk: version for pk, (version, *_told) in standing.items()})
    outcome = service.preview(ids, plan, actor=request.user)
    context |= {"outcome": outcome, "changes": changes, "refused": _by_reason(outcome.refused), "foreseen": shown}
    context["first"] = _told(outcome.changing, request.user)
    context["others"] = outcome.changes - len(context["first"])
    context["is_other"] = "apply" in request.POST
    return render(request, "issues/bulk.html", context)


def _told(changing, user):
    """Return the issues that would change as `(issue, [(label, before, after)])`: what would be set, in words.

    `changing` are as they would be.
    """
    seen = Issue.objects.visible_to(user).select_related("product", "status", "assignee", *PARTS)
    rows = seen.prefetch_related("labels").in_bulk([then.pk for then in changing])
    return [(rows[then.pk], list(_differing(rows[then.pk], then))) for then in changing if then.pk in rows]


def _differing(issue, then):
    """Yield `(label, before, after)` of the fields that are not the same in both rows of an issue."""
    for name in SET:
        held = Issue._meta.get_field(name).attname
        # A status is told with its resolution.
        if name == "status" or getattr(issue, held) != getattr(then, held):
            before, after = present(issue, name), present(then, name)
            if before != after:
                yield IssueForm.base_fields[name].label, before, after
    before, after = (", ".join(label.name for label in one.label_list) or _("none") for one in (issue, then))
    if before != after:
        yield IssueForm.base_fields["labels"].label, before, after


def _standing(ids, plan):
    """Return what is decided on the issues `ids`, and what they have of what the Plan sets, with their versions."""
    given = {name for values in (*plan.changes.values(), *plan.details.values()) for name in values}
    return service.standing(ids, sorted({*DECIDED, *(name for name in SET if name in given)}))


def _stamp(data, standing):
    """Return a short text that changes with what is to be done to which issues, and with how these stand.

    So nothing is done that was not shown. Of their versions, which move with every comment, it takes no notice.
    """
    given = {name: [text for text in data.getlist(name) if text] for name in data if name not in AROUND}
    told = sorted((name, texts) for name, texts in given.items() if texts)
    held = sorted((pk, values) for pk, (_version, *values) in standing.items())
    return sha256(repr((told, held)).encode()).hexdigest()[:16]


def _by_reason(refused):
    """Return `[(reason, first keys, how many)]` of `(key, code)` of what was refused."""
    keys: dict = {}
    for key, code in refused:
        keys.setdefault(REASONS.get(code, UNFIT), []).append(key)
    return [(why, some[: service.SHOWN], len(some)) for why, some in keys.items()]


def _as_seen_now(told, user):
    """Return what `_by_reason` has told without the keys of what `user` sees no more: their number stays."""
    seen = Issue.objects.visible_to(user).named(key for _why, keys, _count in told for key in keys)
    return [(why, [key for key in keys if key in seen], count) for why, keys, count in told]


def _apply(request, ids, plan, context, seen):
    query, product = context["q"], context["home"]
    batch = service.change(ids, plan, actor=request.user, via="web", query=context["said"], seen=seen)
    home = reverse("product-issues", args=[product.key]) if product else reverse("issues")
    if query is not None:
        home = own_address(f"{home}?{urlencode([('q', query)])}") or home
    if batch.state == Batch.State.RUNNING:
        return redirect(f"{reverse('batch', args=[batch.pk])}?{urlencode([('next', _back(request) or home)])}")
    left = batch.todo["unchanged"] + len(batch.todo["refused"])
    told = ngettext(
        "%(changes)d changed, %(left)d left as it is.", "%(changes)d changed, %(left)d left as they are.", left
    )
    told %= {"changes": batch.todo["changes"], "left": left}
    messages.success(request, told, extra_tags=f"undo-{batch.pk}" if batch.todo["changes"] else "")
    return go_back(request, home)


@login_required
@require_safe
def progress(request, pk):
    """Show how far a bulk change of the reader's own is, and what came of it; or an import, to whoever may undo it."""
    imported = Batch.objects.filter(pk=pk, via=Via.IMPORT).first()
    if imported is not None:
        return _import(request, imported)
    batch = get_object_or_404(Batch, pk=pk, actor=request.user, todo__isnull=False, undoes=None)
    context = {
        "batch": batch,
        "runs": batch.state == Batch.State.RUNNING,
        "refused": _as_seen_now(_by_reason(batch.todo["refused"]), request.user),
        "next": own_address(request.GET.get("next", "")) or reverse("issues"),
    }
    context["may_undo"] = not context["runs"] and batch.todo["changes"] and services.can_undo(request.user, batch)
    alone = "X-Fragment" in request.headers
    return render_part(request, "issues/_progress.html" if alone else "issues/progress.html", context)


def _import(request, batch):
    """Show an import to those who may undo it in one of its products, and more than that in all of them.

    To ask of each of its issues would take long; whoever sends the form is asked.
    """
    created = batch.events.filter(about="issue", kind=Kind.CREATED)
    allowed = {
        can(request.user, "undo", product) for product in Product.objects.filter(pk__in=created.values("product"))
    }
    if True not in allowed:
        raise Http404
    return render(request, "issues/import.html", {"batch": batch, "may_undo": allowed == {True}})
