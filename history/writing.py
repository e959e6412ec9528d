"""The steps that every service shares: lock the row, compare its version, check it, save what changed."""

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from history.errors import Stale

FIELDS_OF_CONSTRAINTS = frozenset({"name", "username", "email"})


def lock(queryset, row, expected_version=None):
    """Return `row` as it is in the database now, locked until the transaction ends.

    Raises the model's DoesNotExist where it is gone, and Stale where `expected_version` is given and has passed:
    the comparison is made under the lock, so that of two who saw the same version only one wins.
    """
    fresh = queryset.select_for_update(of=("self",)).get(pk=row.pk)
    if expected_version is not None and fresh.lock_version != expected_version:
        raise Stale(_("Somebody has changed this in the meantime."), fresh)
    return fresh


def save_changed(row, fields):
    """Save the named `fields` of `row` and nothing else."""
    names = {field.name for field in row._meta.concrete_fields}
    row.save(update_fields=[field for field in fields if field in names])


def save_named(row, fields=None):
    """Save a `row` with a unique name: the named `fields` of it, or a new one whole.

    Raises ValidationError by field where somebody else took the name after `check` had found it free.
    """
    try:
        # A savepoint, so that the transaction outlives the refusal and can ask what was wrong.
        with transaction.atomic():
            row.save(force_insert=True) if fields is None else save_changed(row, fields)
    except IntegrityError:
        check(row)
        raise


def check(row, exclude=()):
    """Raise ValidationError by field unless `row` is valid: fields, the row as a whole, and uniqueness.

    A constraint tells by its `violation_error_code` which field it speaks of.
    """
    try:
        row.full_clean(exclude=exclude)
    except ValidationError as error:
        raise ValidationError(_by_field(error)) from error


def _by_field(error):
    errors = dict(error.error_dict)
    for one in errors.pop(NON_FIELD_ERRORS, ()):
        of_field = isinstance(one.code, str) and one.code in FIELDS_OF_CONSTRAINTS
        field = one.code if of_field else NON_FIELD_ERRORS
        errors.setdefault(field, []).append(
            ValidationError(one.message, "unique" if of_field else one.code, one.params)
        )
    return errors


def refuse_unknown(changes, allowed):
    """Raise ValidationError naming every field of `changes` that is not among `allowed`."""
    unknown = {
        field: ValidationError(_("There is no such field to change."), code="unknown")
        for field in changes
        if field not in allowed
    }
    if unknown:
        raise ValidationError(unknown)
