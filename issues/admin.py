"""The administration of issues, comments and statuses, and the event log to read."""

from functools import partial

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, Q
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from accounts.addressing import prove_first
from history.errors import Conflict
from history.models import Batch, Change, Event, Via
from issues import services
from issues.api import events
from issues.events import counts_hidden, visible_events
from issues.forms import LabelsField
from issues.models import Category, Comment, Issue, Priority, Status
from issues.rules import first_status
from issuetracker.backoffice import ReadOnlyAdmin, ServiceAdmin, ServiceForm
from products import access
from products.access import can
from products.models import Label

CHANGES_SHOWN = 50
COUNTS = {"total", "done"}
REPORTED = {"product", "chosen_labels", "seen_version", *access.REPORTER_FIELDS}


class IssueForm(ServiceForm):
    """An issue; its labels are those of its product and of the site."""

    # Django's administration refuses the name of a field with a table of its own.
    chosen_labels = LabelsField(Label.objects.none(), label=_("Labels"), required=False)
    resolution = forms.ChoiceField(
        label=_("Resolution"), choices=[("", "—"), *Issue.Resolution.choices], required=False
    )
    snoozed_until = forms.DateTimeField(label=_("Snoozed until"), required=False)

    class Meta:
        model = Issue
        fields = "__all__"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        offered = Label.objects.visible_to(self.request.user).active()
        if self.instance.pk:
            of_it = Q(product=self.instance.product) | Q(product=None)
            offered = (offered.filter(of_it) | Label.objects.filter(issue_links__issue=self.instance)).distinct()
            self.initial["chosen_labels"] = [label.pk for label in self.instance.label_list]
        if "chosen_labels" in self.fields:
            self.fields["chosen_labels"].queryset = offered
        if "status" in self.fields and not self.instance.pk:
            self.fields["status"].required = False

    def values(self, *, changed):
        """Return the cleaned fields; labels as a list, and what was left empty on a new issue to the rules."""
        values = super().values(changed=changed)
        if "chosen_labels" in values:
            values["labels"] = list(values.pop("chosen_labels"))
        return values


@admin.register(Issue)
class IssueAdmin(ServiceAdmin):
    """Issues."""

    form = IssueForm
    fields = (
        ("product", "type"),
        "title",
        "description",
        ("status", "resolution", "duplicate_of"),
        ("priority", "severity"),
        ("component", "milestone", "version"),
        ("assignee", "due_on"),
        "chosen_labels",
        ("parent", "confidential", "snoozed_until"),
    )
    list_display = ("key", "title", "status", "priority", "severity", "component", "assignee", "author", "updated_at")
    list_select_related = ("product", "status", "component", "assignee", "author")
    list_filter = ("status__category", "type", "priority", "severity", "confidential")
    search_fields = ("title",)
    search_help_text = _("Words of the title, or a key such as WEB-142.")
    autocomplete_fields = ("product", "component", "milestone", "version", "assignee", "parent", "duplicate_of")
    ordering = ("-updated_at", "-id")
    actions = ("close_as_fixed", "close_as_wont_do", "accept", "assign_to_me", "raise_priority", "move_to_trash")

    def get_queryset(self, request):
        """Return the issues that the user may see, without their long texts in lists."""
        queryset = super().get_queryset(request).select_related(*self.list_select_related)
        if request.resolver_match and request.resolver_match.url_name == "issues_issue_changelist":
            return queryset.defer("description", "description_html", "product__description")
        return queryset

    def get_fields(self, request, obj=None):
        """Return the fields; of a new issue those that its author may set, where they triage nowhere."""
        fields = super().get_fields(request, obj)
        if obj is not None or access.held_products(request.user, "triager"):
            return fields
        rows = [(row,) if isinstance(row, str) else row for row in fields]
        return [left for row in rows if (left := tuple(name for name in row if name in REPORTED))]

    def get_search_results(self, request, queryset, search_term):
        """Return the issue of a key, else those with the words in their title."""
        found = queryset.at(search_term.strip()) if "-" in search_term else None
        if found is not None:
            return queryset.filter(pk=found.pk), False
        return super().get_search_results(request, queryset, search_term)

    def create(self, actor, values):
        """File an issue."""
        product = values.pop("product")
        usual = {field.name: field.get_default() for field in Issue._meta.concrete_fields}
        values = {name: value for name, value in values.items() if value not in (None, "", [], usual.get(name))}
        return services.create_issue(product, actor=actor, via=Via.ADMIN, **values)

    def change(self, issue, actor, expected, values):
        """Change an issue."""
        if not values.get("resolution"):
            values.pop("resolution", None)
        return services.update_issue(issue, actor=actor, via=Via.ADMIN, expected_version=expected, **values)

    def may_change(self, user, obj):
        """Return whether `user` may change every field of it."""
        return can(user, "edit", obj)

    def _set(self, request, queryset, done, **changes):
        self.do_as_one(request, queryset, partial(services.update_issue, **changes), done)

    @admin.action(description=_("Close as fixed"))
    def close_as_fixed(self, request, queryset):
        """Close them as fixed."""
        closed = first_status(Category.CLOSED)
        self._set(request, queryset, _("closed"), status=closed, resolution=Issue.Resolution.FIXED)

    @admin.action(description=_("Close as won’t do"))
    def close_as_wont_do(self, request, queryset):
        """Close them undone."""
        closed = first_status(Category.CLOSED)
        self._set(request, queryset, _("closed"), status=closed, resolution=Issue.Resolution.WONT_DO)

    @admin.action(description=_("Accept"))
    def accept(self, request, queryset):
        """Take them out of triage."""
        self._set(request, queryset, _("accepted"), status=first_status(Category.ACCEPTED))

    @admin.action(description=_("Assign to me"))
    def assign_to_me(self, request, queryset):
        """Take them."""
        self._set(request, queryset, _("assigned"), assignee=request.user)

    @admin.action(description=_("Set the priority to high"))
    def raise_priority(self, request, queryset):
        """Make them important."""
        self._set(request, queryset, _("changed"), priority=Priority.HIGH)

    @admin.action(description=_("Move to the trash"))
    def move_to_trash(self, request, queryset):
        """Move them to the trash."""
        self.do_as_one(request, queryset, services.trash_issue, _("moved to the trash"))


@admin.register(Comment)
class CommentAdmin(ServiceAdmin):
    """Comments."""

    fields = ("issue", "author", "internal", "created_at", "body")
    readonly_fields = ("issue", "author", "internal", "created_at")
    list_display = ("issue", "author", "internal", "created_at", "beginning")
    list_select_related = ("issue__product", "author")
    list_filter = ("internal",)
    search_fields = ("body",)
    ordering = ("-id",)
    actions = ("move_to_trash",)

    def get_queryset(self, request):
        """Return the comments that the user may see."""
        return super().get_queryset(request).select_related("issue__product", "issue__author", "author")

    @admin.display(description=_("text"))
    def beginning(self, comment):
        """Return the first words of a comment."""
        return comment.body[:80]

    def change(self, comment, actor, expected, values):
        """Change the text of a comment."""
        body = values.get("body", comment.body)
        return services.edit_comment(comment, actor=actor, via=Via.ADMIN, body=body, expected_version=expected)

    def may_change(self, user, obj):
        """Return whether `user` may edit it."""
        return can(user, "edit_comment", obj.issue, own=obj.author_id == user.pk)

    @admin.action(description=_("Move to the trash"))
    def move_to_trash(self, request, queryset):
        """Move them to the trash."""
        self.do_as_one(request, queryset, services.trash_comment, _("moved to the trash"))


@admin.register(Status)
class StatusAdmin(ServiceAdmin):
    """Statuses."""

    fields = ("name", "slug", "category", "position")
    list_display = ("name", "slug", "category", "position")
    list_filter = ("category",)
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}
    ordering = ("position", "id")

    def seen_by(self, user):
        """Return all statuses: everybody sees them."""
        return Status.objects.all()

    def create(self, actor, values):
        """Create a status."""
        return services.create_status(actor=actor, via=Via.ADMIN, **values)

    def change(self, status, actor, expected, values):
        """Change a status."""
        return services.update_status(status, actor=actor, via=Via.ADMIN, expected_version=expected, **values)

    def may_change(self, user, obj):
        """Return whether `user` may edit statuses."""
        return can(user, "edit_statuses")


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events: what happened."""

    fields = ("batch", "kind", "about", "about_id", "product", "issue", "number", "actor", "at", "told")
    readonly_fields = fields
    list_display = ("id", "at", "kind", "about", "about_id", "issue", "actor", "batch")
    list_select_related = ("issue__product", "actor", "batch")
    list_filter = ("kind", "about")
    search_fields = ("=about_id", "=batch__id")
    search_help_text = _("The id of a batch, or of what the event is about.")
    ordering = ("-id",)

    def seen_by(self, user):
        """Return the events that `user` may see."""
        return visible_events(user).prefetch_related(Prefetch("changes", Change.objects.order_by("id")))

    def lookup_allowed(self, lookup, value, request):
        """Return whether the list offers that filter, or the history of a row leads there: it shows these columns."""
        return lookup in ("about_id__exact", "batch__exact") or super().lookup_allowed(lookup, value, request)

    def history_of(self, row):
        """Return the filter for all that the log tells of what this event is about."""
        return {"about__exact": row.about, "about_id__exact": row.about_id}

    def get_object(self, request, object_id, from_field=None):
        """Return the event, with what of it the user may be told."""
        event = super().get_object(request, object_id, from_field)
        if event is not None:
            event.said = events.tell([event], request.user)[0]["changes"]
        return event

    def get_fields(self, request, obj=None):
        """Return the fields, without a product that the user does not see: the issue may have moved since."""
        unseen = obj is not None and obj.product is not None and not access.sees(request.user, obj.product)
        return [name for name in super().get_fields(request, obj) if not (unseen and name == "product")]

    @admin.display(description=_("changes"))
    def told(self, event):
        """Return the changes, one a line."""
        rows = ((field, *pair) for field, pair in list(event.said.items())[:CHANGES_SHOWN])
        return format_html_join("", "<p>{}: {} → {}</p>", rows)


@admin.register(Batch)
class BatchAdmin(ReadOnlyAdmin):
    """Batches: the calls that changed something."""

    fields = ("actor", "via", "at", "query", "state", "total", "done", "undone_by", "left_alone")
    readonly_fields = fields
    list_display = ("id", "at", "actor", "via", "state", "total", "done", "undone_by")
    list_select_related = ("actor", "undone_by")
    list_filter = ("via", "state")
    search_fields = ("=id", "actor__username")
    ordering = ("-id",)
    actions = ("take_back",)

    def get_list_display(self, request):
        """Return the columns; the counts, by which it could also be sorted, only for who sees all that they count."""
        return [name for name in self.list_display if name not in COUNTS or access.is_superuser(request.user)]

    def get_fields(self, request, obj=None):
        """Return the fields without what tells of issues that the user may not see.

        What was searched for may name what is hidden, and what an undo has left alone be called by keys that are.
        """
        fields = super().get_fields(request, obj)
        if obj is None or access.is_superuser(request.user):
            return fields
        hidden = {"left_alone"} if obj.actor_id == request.user.pk else {"left_alone", "query"}
        hidden |= COUNTS if obj.hides else set()
        return [name for name in fields if name not in hidden]

    def get_object(self, request, object_id, from_field=None):
        """Return the batch, with whether it `hides` something of what it counts from the user."""
        batch = super().get_object(request, object_id, from_field)
        if batch is not None:
            batch.hides = counts_hidden(batch, request.user)
        return batch

    def seen_by(self, user):
        """Return the batches of which `user` may see an event."""
        if access.is_superuser(user):
            return Batch.objects.all()
        return Batch.objects.filter(pk__in=visible_events(user).values("batch"))

    def history_of(self, row):
        """Return the filter for the events of a batch."""
        return {"batch__exact": row.pk}

    @admin.action(description=_("Undo"), permissions=["view"])
    def take_back(self, request, queryset):
        """Take them back, the newest first."""
        if services.give_a_way_in(queryset.order_by()) and (asked := prove_first(request)):
            return asked

        def service(batch):
            undone = services.undo(batch, actor=request.user, via=Via.ADMIN)
            if undone.left_alone and not undone.undone:
                raise Conflict(_("Nothing is undone: it has been changed since."))

        self.do_to_each(request, queryset.order_by("-id"), service, _("undone"))
        return None
