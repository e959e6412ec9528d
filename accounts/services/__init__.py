"""Every write to people, to how they sign in, and to what acts for them."""

from accounts.services.people import (
    SECRET,
    WAYS_IN,
    allowed_fields,
    ask_address,
    authorize_fields,
    confirm_address,
    create_placeholders,
    create_user,
    finish_user,
    reset_password,
    set_password,
    update_user,
)
from accounts.services.sessions import sign_out_elsewhere
from accounts.services.tokens import create_token, mark_used, revoke_token

__all__ = [
    "SECRET",
    "WAYS_IN",
    "allowed_fields",
    "ask_address",
    "authorize_fields",
    "confirm_address",
    "create_placeholders",
    "create_token",
    "create_user",
    "finish_user",
    "mark_used",
    "reset_password",
    "revoke_token",
    "set_password",
    "sign_out_elsewhere",
    "update_user",
]
