"""The small words that all templates share."""

import re
from functools import lru_cache

from django import template
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.templatetags.static import static
from django.urls import get_script_prefix, reverse
from django.utils import timezone
from django.utils.html import format_html, urlize
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from issues.choices import Priority, shape_of
from issues.query.completing import as_value
from issues.views.listing import COLUMNS

register = template.Library()

TINTS = 6
# An address of the API in quotes, in JSON that is escaped for a page.
OWN_ADDRESS = re.compile(r"(?<=&quot;)/api/(?:[\w/?=.%+~:,-]|&amp;)*(?=&quot;)")
HEADING = re.compile(r"</?h([1-6])>")
MINUTE, HOUR, DAY = 60, 3600, 86400


# A page shows the same few symbols hundreds of times.
REMEMBERED = 1000


@register.simple_tag
@lru_cache(REMEMBERED)
def icon(name, css=""):
    """Return the icon `name` of the sprite, hidden from screen readers: the words beside it say what it means."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"></use></svg>', css, static("icons/sprite.svg"), name
    )


@lru_cache(REMEMBERED)
def glyph(name, css, said):
    """Return a symbol with the words that a screen reader says for it: none where they stand beside it."""
    if not said:
        return icon(name, css)
    return format_html(
        '<svg class="{}" role="img" aria-label="{}"><use href="{}#{}"></use></svg>',
        css,
        said,
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag
def status_glyph(category, resolution, name):
    """Return the ring or disc of a status: by `category`, and how it was closed by `resolution`."""
    shape = shape_of(category, resolution)
    return glyph(shape, f"status-icon is-{shape}", name)


@register.simple_tag
def priority_glyph(issue):
    """Return the bars of an issue's priority."""
    return _priority_glyph(issue.priority, get_language())


@lru_cache(REMEMBERED)
def _priority_glyph(rank, _language):
    rank = Priority(rank)
    slug, said = rank.name.lower(), _("Priority: %(name)s") % {"name": rank.label}
    return glyph(f"priority-{slug}", f"priority-icon is-{slug}", said)


@register.simple_tag
def glyph_of(kind, slug):
    """Return the symbol of a choice in a menu, whose name stands beside it."""
    return icon(f"{kind}-{slug}", f"{kind}-icon is-{slug}")


@register.simple_tag
def file_limit():
    """Return how many bytes a file may have."""
    return settings.ATTACHMENT_LIMIT


@register.simple_tag
def file_limit_said():
    """Return the same in words."""
    return filesizeformat(settings.ATTACHMENT_LIMIT)


@register.simple_tag
def avatar(person, css=""):
    """Return the avatar of a user, with the name for who points at it; of nobody where `person` is None."""
    return avatar_of(person.username, person.name, css) if person else avatar_of("", _("Nobody"), css)


@lru_cache(REMEMBERED)
def avatar_of(username, name, css=""):
    """Return the same of a person of whom only the two names are known, and of nobody where there is no user name."""
    whose, said = (f"is-tint{tint_of(username)}", letters(name)) if username else ("is-nobody", "")
    html = '<span class="avatar {} {}" title="{}" aria-hidden="true">{}</span>'
    return format_html(html, whose, css, name, said)


def letters(name):
    """Return the first letters of the first and the last word of `name`, or its first two."""
    words = name.replace(".", " ").replace("-", " ").split()
    return (words[0][:1] + words[-1][:1] if len(words) > 1 else name[:2]).upper()


def tint_of(username):
    """Return the number of the quiet tint that is a person's own."""
    return sum(username.encode()) % TINTS


@register.filter
def beneath(text, level=3):
    """Return the safe HTML of what somebody wrote with the highest of its headings at a `level` beneath the page's."""
    lower = level - min(map(int, HEADING.findall(text)), default=level)
    return mark_safe(HEADING.sub(lambda tag: f"{tag[0][:-2]}{min(int(tag[1]) + lower, 6)}>", text))  # noqa: S308


@register.filter
def get(table, key):
    """Return what `table` has under `key`, a name that a template cannot write."""
    return table.get(key, [])


@register.filter
def ago(when):
    """Return how long ago `when` was, in the few letters of a column: "4m", "3h", "5d", "2y"."""
    seconds = max(0, (timezone.now() - when).total_seconds())
    for size, letter in ((365 * DAY, "y"), (30 * DAY, "mo"), (DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{letter}"
    return _("now")


@register.simple_tag
def moment(when):
    """Return a moment in words, with the moment itself for machines, and for who points at it."""
    local = timezone.localtime(when)
    # Of the framework's formats, each would take ten times as long.
    said = f"{local.day} {local:%B %Y, %H:%M}"
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(), said, since(when))


@register.simple_tag
def address(name, key):
    """Return the path of the view `name` of what has this key, to which a page has dozens of forms."""
    return _address(name, key, get_script_prefix())


@lru_cache(REMEMBERED)
def _address(name, key, _prefix):
    return reverse(name, args=[key])


@register.simple_tag(takes_context=True)
def sent_along(context):
    """Return what every form about the issue of the page sends: the token, the version seen, and where it stands."""
    place = context.get("place")
    reference = place["reference"] if place else ""
    return _sent_along(str(context["csrf_token"]), context["issue"].lock_version, reference, context.get("back_here"))


# A page has dozens of such forms, and no two pages have the same.
@lru_cache(16)
def _sent_along(token, version, reference, back):
    return format_html(
        '<input type="hidden" name="csrfmiddlewaretoken" value="{}"><input type="hidden" name="seen" value="{}">{}{}',
        token,
        version,
        format_html('<input type="hidden" name="list" value="{}">', reference) if reference else "",
        format_html('<input type="hidden" name="next" value="{}">', back) if back else "",
    )


def since(when):
    """Return how long ago `when` was as words in a sentence; beyond a week the day itself."""
    seconds = max(0, (timezone.now() - when).total_seconds())
    if seconds < MINUTE:
        return _("just now")
    if seconds < HOUR:
        minutes = int(seconds // MINUTE)
        return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) % {"n": minutes}
    if seconds < DAY:
        hours = int(seconds // HOUR)
        return ngettext("%(n)s hour ago", "%(n)s hours ago", hours) % {"n": hours}
    if seconds < 7 * DAY:
        days = int(seconds // DAY)
        return ngettext("%(n)s day ago", "%(n)s days ago", days) % {"n": days}
    local = timezone.localtime(when)
    return f"{local.day} {local:%b}" if local.year == timezone.localtime().year else f"{local.day} {local:%b %Y}"


@register.filter
def headed(columns):
    """Return `(name, label, whether it is for screen readers alone)` of the columns of a list."""
    return [(name, COLUMNS[name], name in ("comments", "assignee")) for name in columns]


@register.filter
def query_value(name):
    """Return a name as it is written in a query: in quotes where it has to be."""
    return as_value(name)


@register.simple_tag(takes_context=True)
def query_with(context, **changes):
    """Return the query string of this page with `changes`; an empty value takes a parameter out."""
    query = context["request"].GET.copy()
    # What only a script asks for.
    query.pop("since", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value:
            query[name] = value
    return f"?{query.urlencode()}" if query else "?"


@register.simple_tag
def invalid(field):
    """Return the attributes that say that what is in a form's field is wrong, if it is: for a control of our own."""
    if not (field and field.errors):
        return ""
    return format_html('aria-invalid="true" aria-describedby="{}-error" autofocus', _place_of(field))


@register.simple_tag(takes_context=True)
def wrong_at(context, place):
    """Return the same for the control with the id `place` on the page of many, which says above what is wrong.

    What is yet to be filled in is not wrong before that is asked for.
    """
    if place not in context["faulty"]:
        return "autofocus" if place.removeprefix("bulk-") in context["lacking"] else ""
    return mark_safe('aria-invalid="true" aria-describedby="bulk-wrong" autofocus')


@register.simple_tag
def field_errors(field):
    """Return what is wrong with a form's field, in words below it."""
    if not (field and field.errors):
        return ""
    html = '<div class="field-error" id="{}-error">{}<span>{}</span></div>'
    return format_html(html, _place_of(field), icon("alert", "icon-s"), " ".join(map(str, field.errors)))


def _place_of(field):
    # A group of boxes has no field that its label is for.
    return field.id_for_label or field.auto_id


@register.filter
def described_by(field):
    """Return a form's widget with `aria-invalid` and the ids of its help and error, for the include of a field."""
    attributes = {"class": "control"}
    said = [
        f"{field.id_for_label}-{part}" for part, there in (("help", field.help_text), ("error", field.errors)) if there
    ]
    if said:
        attributes["aria-describedby"] = " ".join(said)
    if field.errors:
        attributes["aria-invalid"] = "true"
    if field.widget_type in ("checkbox", "radioselect", "checkboxselectmultiple"):
        attributes.pop("class")
    return field.as_widget(attrs={**attributes, **({"required": True} if field.field.required else {})})


@register.filter
def followed(answer):
    """Return JSON for a page, in which addresses lead there."""
    return mark_safe(OWN_ADDRESS.sub(r'<a href="\g<0>">\g<0></a>', urlize(answer, nofollow=True, autoescape=True)))  # noqa: S308
