"""Finding the token that somebody shows, by one prepared statement; and what tokens are for."""

from django.db.models import CharField, DateTimeField, F, Q
from django.utils import timezone

from accounts.models import ApiToken, User
from issuetracker.prepared import Prepared, Slot, built
from products.access import limit_to, remember_roles
from products.models import Product

SECRET_LIMIT = 200


def live_token(secret):
    """Return the ApiToken with that secret, its user and the user's roles, or None unless it can be used now."""
    if not secret or len(secret) > SECRET_LIMIT:
        return None
    rows = LIVE.rows(digest=ApiToken.digest_of(secret), now=timezone.now())
    if not rows:
        return None
    token = built(ApiToken, TOKEN_FIELDS, rows[0])
    token.user = built(User, USER_FIELDS, rows[0], "user__")
    remember_roles(token.user, [(row["in_product"], row["role"]) for row in rows if row["role"]])
    limit_to(token.user, token.scopes_by_product)
    return token


def with_products(tokens, user):
    """Return `tokens`, each with its `products`: `{key: the scope there}` of those that `user` sees, None: all."""
    tokens = list(tokens)
    ids = {int(pk) for token in tokens for pk in token.limits or ()}
    keys = dict(Product.objects.visible_to(user).filter(pk__in=ids).values_list("pk", "key")) if ids else {}
    for token in tokens:
        limits = token.scopes_by_product
        token.products = limits and {keys[pk]: scope for pk, scope in limits.items() if pk in keys}
    return tokens


def _live():
    """Return the tokens with a digest that can be used now: a row for each membership of their users."""
    live = Q(expires_at=None) | Q(expires_at__gt=Slot("now", DateTimeField()))
    tokens = ApiToken.objects.filter(live, digest=Slot("digest", CharField()), revoked_at=None, user__is_active=True)
    return tokens.annotate(in_product=F("user__memberships__product_id"), role=F("user__memberships__role"))


TOKEN_FIELDS = tuple(field.attname for field in ApiToken._meta.concrete_fields if field.name != "digest")
USER_FIELDS = tuple(field.attname for field in User._meta.concrete_fields if field.name != "password")
LIVE = Prepared((*TOKEN_FIELDS, *(f"user__{name}" for name in USER_FIELDS), "in_product", "role"), _live)
