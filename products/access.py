"""Who may do what: the one place where that is decided, for pages, REST, admin, search and exports alike.

A role in a product is a number from 0 (none) to 4 (maintainer). `ACTIONS` says from which role on an action is
allowed; `OWN` says what a reporter may do to what is their own. An issue is anything with `product`, `author_id`,
`assignee_id` and `confidential`, a saved view anything with `product`, `owner_id` and `shared`: this module knows no
model of issues.

A user for whom a token acts that is limited to some products is in all others nobody, and no superuser either.
"""

from dataclasses import dataclass

from django.apps import apps
from django.db.models import BigAutoField, F, OuterRef, Q
from django.db.models.functions import JSONArray
from django.utils.translation import gettext as _

from history.errors import Forbidden
from issuetracker.json_rows import JSONRows
from issuetracker.prepared import Prepared, Slot

NOBODY, VIEWER, REPORTER, TRIAGER, MAINTAINER = range(5)
ROLES = {"viewer": VIEWER, "reporter": REPORTER, "triager": TRIAGER, "maintainer": MAINTAINER}
NAMES = {rank: name for name, rank in ROLES.items()}

ACTIONS = {
    "view": VIEWER,
    "vote": VIEWER,
    "watch": VIEWER,
    "create": REPORTER,
    "comment": REPORTER,
    "attach": REPORTER,
    "detach": TRIAGER,
    "withdraw_own": VIEWER,
    "triage": TRIAGER,
    "edit": TRIAGER,
    "edit_text": TRIAGER,
    "close": TRIAGER,
    "relate": TRIAGER,
    "be_related": VIEWER,
    "edit_comment": TRIAGER,
    "comment_internally": TRIAGER,
    "bulk": TRIAGER,
    "undo": TRIAGER,
    "trash": MAINTAINER,
    "restore": MAINTAINER,
    "purge": MAINTAINER,
    "redact": MAINTAINER,
    "maintain": MAINTAINER,
    "unarchive": MAINTAINER,
    "import": MAINTAINER,
    "save_view": VIEWER,
    "pin_view": VIEWER,
    "share_view": REPORTER,
    "edit_view": MAINTAINER,
    "choose_default_view": MAINTAINER,
}
OWN = {"edit_text", "close", "edit_comment", "detach", "undo", "edit_view"}
NOT_BY_AUTHORSHIP = {"edit_comment", "detach", "undo", "edit_view"}
# What whoever is signed in may also do outside of any product.
ANYWHERE = {"save_view", "share_view"}
WITH_ARCHIVED = {"view", "unarchive", "restore", "trash", "purge", "redact", "save_view", "pin_view"}
REPORTER_FIELDS = frozenset(
    {"title", "description", "type", "severity", "component", "version", "labels", "confidential"}
)
SITE_ACTIONS = {"create_product", "edit_statuses", "edit_site_labels", "edit_users"}


def is_person(user):
    """Return whether `user` is somebody signed in and active."""
    return user is not None and user.is_authenticated and user.is_active


def is_superuser(user):
    """Return whether `user` may do everything."""
    return is_person(user) and user.is_superuser and limit(user) is None


def is_staff(user):
    """Return whether `user` belongs to the staff of the site."""
    return is_person(user) and (user.is_staff or user.is_superuser) and limit(user) is None


def limit(user):
    """Return `{product id: the scope there}` of the products to which a token limits `user`, None where none does."""
    return getattr(user, "_limit", None)


def limit_to(user, scopes):
    """Limit what `user` sees and does from now on to some products: `{product id: "read" or "write"}`; None: to all."""
    user._limit = scopes


def limit_again(user, kept):
    """Limit `user`, as read anew, to what `limit` gave when work was begun for them, `kept` as JSON; None: to all."""
    limit_to(user, kept and {int(pk): scope for pk, scope in kept.items()})


def _memberships():
    return apps.get_model("products", "Member").objects.filter(user_id=Slot("user", BigAutoField()))


MEMBERSHIPS = Prepared(("product_id", "role"), _memberships)


def given_roles(user):
    """Return `{product id: role}` of the memberships of `user`, asked once for each user object."""
    if not is_person(user):
        return {}
    if not hasattr(user, "_given_roles"):
        remember_roles(user, MEMBERSHIPS.tuples(user=user.pk))
    limited = limit(user)
    if limited is None:
        return user._given_roles
    if user.is_superuser:
        return dict.fromkeys(limited, MAINTAINER)
    return {product: given for product, given in user._given_roles.items() if product in limited}


def role_rows(user):
    """Return the expression for what `remember_roles` takes of who has the id in the column `user`."""
    members = apps.get_model("products", "Member").objects.filter(user_id=OuterRef(user)).order_by()
    return JSONRows(members.values(row=JSONArray("product_id", "role")))


def remember_roles(user, memberships):
    """Take the `memberships` of `user`, pairs of a product's id and a role's name, as just read."""
    user._given_roles = {product: ROLES[role] for product, role in memberships}


def forget_roles(user):
    """Make the next question about `user` read the memberships again."""
    if hasattr(user, "_given_roles"):
        del user._given_roles


@dataclass(frozen=True)
class Reader:
    """What decides what somebody sees; a user to all questions of this module. Equal for equal rights."""

    pk: int | None
    is_authenticated: bool
    is_superuser: bool
    roles: tuple
    limited: tuple | None
    is_active = True

    @property
    def _given_roles(self):
        return dict(self.roles)

    @property
    def _limit(self):
        return None if self.limited is None else dict.fromkeys(self.limited, "read")


def reader(user):
    """Return `user` as a Reader."""
    known = is_person(user)
    roles = tuple(sorted(given_roles(user).items()))
    limited = None if limit(user) is None else tuple(sorted(limit(user)))
    return Reader(user.pk if known else None, known, is_superuser(user), roles, limited)


def sees_internals(user, product):
    """Return whether `user` sees what is internal in `product`: as `visible_internals`, in the archive as well."""
    return role(user, product) >= TRIAGER


def role(user, product):
    """Return the role of `user` in `product`: the higher of the implied and the given one, from NOBODY on."""
    limited = limit(user)
    if limited is not None and product.pk not in limited:
        return NOBODY
    if is_superuser(user):
        return MAINTAINER
    return max(_implied_role(user, product.visibility), given_roles(user).get(product.pk, NOBODY))


def _implied_role(user, visibility):
    signed_in = is_person(user)
    if visibility == "public":
        return REPORTER if signed_in else VIEWER
    return REPORTER if visibility == "internal" and signed_in else NOBODY


def is_product(obj):
    """Return whether `obj` is a product rather than an issue."""
    return hasattr(obj, "visibility")


def is_view(obj):
    """Return whether `obj` is a saved view."""
    return hasattr(obj, "shared")


def sees(user, obj):
    """Return whether `user` may see `obj`, a product, an issue or a view; the trash is left to the querysets."""
    if is_view(obj):
        return _sees_view(user, obj)
    product = obj if is_product(obj) else obj.product
    given = role(user, product)
    if given < VIEWER:
        return False
    if is_product(obj) or not obj.confidential or given >= TRIAGER:
        return True
    return is_person(user) and user.pk in (obj.author_id, obj.assignee_id)


def shows_to_all(issue, other):
    """Return whether whoever sees `issue` sees `other`, too."""
    if other.confidential:
        return False
    if issue.product.pk == other.product.pk or other.product.visibility == "public":
        return True
    return other.product.visibility == "internal" and issue.product.visibility != "public"


def shown_to_all(prefix, other):
    """Return the condition that whoever sees the issue to which `prefix` leads sees that of `other`, too.

    The same as `shows_to_all`; an issue in the trash with its product is there for who sees that product there.
    """
    at_home, away, home = f"{other}product", f"{other}product__", f"{prefix}product__"
    internal = Q(**{f"{away}visibility": "internal"}) & ~Q(**{f"{home}visibility": "public"})
    elsewhere = Q(**{f"{away}deleted_at": None}) & (Q(**{f"{away}visibility": "public"}) | internal)
    return Q(**{f"{other}confidential": False}) & (Q(**{at_home: F(f"{prefix}product")}) | elsewhere)


def _sees_view(user, view):
    if not view.shared and not (is_person(user) and view.owner_id == user.pk):
        return False
    return is_person(user) and limit(user) is None if view.product is None else sees(user, view.product)


def can(user, action, obj=None, *, own=False):
    """Return whether `user` may do `action` to `obj`: a product, an issue, a view, or None for the whole site.

    `own` says that a comment, an attachment or a batch is the user's own; of an issue the author is asked.
    """
    return refusal(user, action, obj, own=own) is None


def authorize(user, action, obj=None, *, own=False):
    """Raise Forbidden unless `user` may do `action`, with the memberships as they are in the database now."""
    forget_roles(user)
    require(user, action, obj, own=own)


def require(user, action, obj=None, *, own=False):
    """Raise Forbidden unless `user` may do `action`, with the memberships as they were read before."""
    reason = refusal(user, action, obj, own=own)
    if reason:
        raise Forbidden(*reason)


def refusal(user, action, obj=None, *, own=False):
    """Return None where `can` holds, else `(detail, code)` of why not."""
    denied = (_("You do not have the right to do this."), "forbidden")
    if action in SITE_ACTIONS:
        # To the staff it is refused by what their token is limited to.
        for_staff = (_("Only the staff of this site may do this."), "forbidden")
        return None if is_staff(user) else for_staff if limit(user) is None else denied
    if obj is None and action in ANYWHERE:
        return None if is_person(user) and limit(user) is None else denied
    if not sees(user, obj):
        return denied
    if action != "view" and _only_reads(user, obj if is_product(obj) else obj.product):
        return _("This token may only read in this product."), "scope"
    if is_view(obj):
        return _view_refusal(user, action, obj, denied)
    product = obj if is_product(obj) else obj.product
    needed = _needed_role(user, action, obj, own)
    if not _role_allows(user, action, role(user, product), needed):
        who = _("Only a %(role)s may do this.")
        if action in OWN and needed > REPORTER:
            who = _("Only its author or a %(role)s may do this.")
        return (who % {"role": NAMES[needed]}, "forbidden") if is_person(user) else denied
    if product.archived and action not in WITH_ARCHIVED:
        return _("This product is archived: it can be read, but not changed."), "archived"
    return None


def _only_reads(user, product):
    limited = limit(user)
    return limited is not None and limited[product.pk] != "write"


def _role_allows(user, action, given, needed):
    return given >= needed and (action == "view" or is_person(user))


def _needed_role(user, action, obj, own):
    if action in OWN and not own and action not in NOT_BY_AUTHORSHIP:
        own = is_person(user) and not is_product(obj) and obj.author_id == user.pk
    return REPORTER if action in OWN and own else ACTIONS[action]


def _view_refusal(user, action, view, denied):
    if action != "view" and not is_person(user):
        return denied
    own = action in OWN and view.owner_id == user.pk
    if not own and ACTIONS[action] > _role_for_view(user, view):
        return denied
    changes = view.shared and action not in WITH_ARCHIVED
    return refusal(user, "share_view", view.product) if changes and view.product is not None else None


def _role_for_view(user, view):
    if view.product is not None:
        return role(user, view.product)
    return MAINTAINER if is_superuser(user) else VIEWER


def may_be_asked(user, product):
    """Return whether `user` may be made assignee, owner of triage or the like: active, and sees the product."""
    # Without asking for memberships where all who are signed in see the product.
    return is_person(user) and (_implied_role(user, product.visibility) >= VIEWER or role(user, product) >= VIEWER)


def visible_products(user, prefix=""):
    """Return the condition that a product is seen by `user`; `prefix` leads to the product, as in "product__"."""
    if is_superuser(user):
        return Q()
    if not is_person(user):
        return Q(**{f"{prefix}visibility": "public"})
    seen = Q(**{f"{prefix}visibility__in": ("public", "internal")}) | products_with_role(user, "viewer", prefix)
    limited = limit(user)
    return seen if limited is None else seen & among(limited, prefix)


def among(ids, prefix=""):
    """Return the condition that a product has one of the `ids`; `prefix` leads to the product."""
    path = f"{prefix[:-2]}_id" if prefix else "id"
    return Q(**{f"{path}__in": sorted(ids)})


def held_products(user, name):
    """Return the ids of the products in which `user` holds the role `name` or a higher one by membership; True: all."""
    if is_superuser(user):
        return True
    return sorted(product for product, given in given_roles(user).items() if given >= ROLES[name])


def products_with_role(user, name, prefix=""):
    """Return the condition that `user` holds the role `name` or a higher one in a product, by membership."""
    held = held_products(user, name)
    if held is True:
        return Q()
    return among(held, prefix)


def visible_issues(user, prefix=""):
    """Return the condition that an issue is seen by `user`; `prefix` leads to the issue."""
    return visible_products(user, f"{prefix}product__") & visible_in_product(user, prefix)


def visible_in_product(user, prefix=""):
    """Return the same condition for issues of which it is known that `user` sees their product."""
    if is_superuser(user):
        return Q()
    open_to_all = Q(**{f"{prefix}confidential": False})
    if is_person(user):
        open_to_all |= Q(**{f"{prefix}author": user.pk}) | Q(**{f"{prefix}assignee": user.pk})
        open_to_all |= products_with_role(user, "triager", f"{prefix}product__")
    return open_to_all


def visible_views(user):
    """Return the condition that a saved view is seen by `user`: an own one, or a shared one of what `user` sees."""
    if not is_person(user):
        return Q(shared=True) & visible_products(user, "product__")
    seen = Q(shared=True) | Q(owner=user.pk)
    if is_superuser(user):
        return seen
    here = visible_products(user, "product__")
    return seen & (Q(product=None) | here if limit(user) is None else here)


def visible_comments(user):
    """Return the condition that a comment on a visible issue is seen by `user`."""
    return visible_internals(user, product="issue__product__")


def visible_internals(user, prefix="", product="product__"):
    """Return the condition that what can be `internal` is not, or that `user` sees what is, by the `product`."""
    if is_superuser(user):
        return Q()
    return Q(**{f"{prefix}internal": False}) | products_with_role(user, "triager", product)
