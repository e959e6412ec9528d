"""Finding the token that somebody shows, by one prepared statement; and what tokens are for."""

from django.db.models import CharField, DateTimeField, Q
from django.utils import timezone

from accounts.models import ApiToken, User
from history.writing import put
from issuetracker.prepared import PreparedTuples, Slot, built
from products.access import limit_to, remember_roles, role_rows
from products.models import Product

SECRET_LIMIT = 200


def live_token(secret):
    """Return the ApiToken with that secret, its user and the user's roles, or None unless it can be used now."""
    row = live_row(LIVE, secret)
    return row and token_of(row)


def live_row(prepared, secret):
    """Return the columns that `prepared`, made of `live_tokens`, selects of the token with that secret, or None."""
    if not secret or len(secret) > SECRET_LIMIT:
        return None
    rows = prepared.tuples(digest=ApiToken.digest_of(secret), now=timezone.now())
    return rows[0] if rows else None


def token_of(row):
    """Return the ApiToken of which `row` is the COLUMNS, with its user and the user's roles."""
    *values, roles = row
    token = built(ApiToken, TOKEN_FIELDS, values[: len(TOKEN_FIELDS)])
    put(token, "user", built(User, USER_FIELDS, values[len(TOKEN_FIELDS) :]))
    remember_roles(token.user, roles)
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


def unexpired(now):
    """Return the Q of tokens that have not ended by themselves at `now`."""
    return Q(expires_at=None) | Q(expires_at__gt=now)


def live_tokens():
    """Return the queryset of the token with the digest of its slot, if it can be used at the `now` of another."""
    live = unexpired(Slot("now", DateTimeField()))
    tokens = ApiToken.objects.filter(live, digest=Slot("digest", CharField()), revoked_at=None, user__is_active=True)
    return tokens.annotate(roles=role_rows("user_id"))


# What nearly no request asks for is read when one does.
LEFT_OUT = {"digest", "prefix", "name", "created_at", "revoked_at", "password", "last_login", "date_joined"}
TOKEN_FIELDS, USER_FIELDS = (
    tuple(field.attname for field in model._meta.concrete_fields if field.name not in LEFT_OUT)
    for model in (ApiToken, User)
)
COLUMNS = (*TOKEN_FIELDS, *(f"user__{name}" for name in USER_FIELDS), "roles")
LIVE = PreparedTuples(lambda: live_tokens().values_list(*COLUMNS))
