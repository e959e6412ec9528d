"""The steps that every service shares: lock the row, compare its version, check it, save what changed."""

import re
from functools import cache

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import F, Q
from django.db.models.base import ModelState
from django.utils.translation import gettext as _

from history.errors import Stale

FIELDS_OF_CONSTRAINTS = frozenset({"name", "username", "email"})


def lock(queryset, row, expected_version=None):
    """Return `row` as it is in the database now, locked until the transaction ends.

    Raises the model's DoesNotExist where it is gone, and Stale where `expected_version` is given and has passed:
    the comparison is made under the lock, so that of two who saw the same version only one wins.
    """
    # Not its key: what refers to the row, as an issue does to its product, is written meanwhile.
    return compared(queryset.select_for_update(of=("self",), no_key=True).get(pk=row.pk), expected_version)


def compared(fresh, expected_version):
    """Return a locked row. Raises Stale where `expected_version` is given and is no longer its version."""
    if expected_version is not None and fresh.lock_version != expected_version:
        raise Stale(_("Somebody has changed this in the meantime."), fresh)
    return fresh


def insert(row):
    """Insert a new `row` and give it its id: as `save` does, whose compiler costs several times the statement."""
    statement, fields = _insertion(row._meta.model)
    returns = connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        statement = f"{statement} VALUES {_places(fields)}{' RETURNING id' if returns else ''}"
        cursor.execute(statement, _values(row, fields))
        row.pk = cursor.fetchone()[0] if returns else cursor.lastrowid
    row._state.adding, row._state.db = False, connection.alias
    return row


def insert_all(rows):
    """Insert new `rows` of one model by one statement; they are not given their ids."""
    if rows:
        statement, fields = _insertion(rows[0]._meta.model)
        places = ", ".join([_places(fields)] * len(rows))
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} VALUES {places}", [value for row in rows for value in _values(row, fields)])


def new_row(model, values):
    """Return an unsaved row as `model(**values)` does, for many: without the signals and at a third of the price."""
    row = model.__new__(model)
    row._state = ModelState()
    row.__dict__.update(_blank(model))
    for name, value in values.items():
        put(row, name, value)
    return row


@cache
def _blank(model):
    """Return what a new row of `model` has, by attribute."""
    row = model()
    return {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}


def put(row, name, value):
    """Set the field `name` of `row` to `value`, without asking whether both may be in one database."""
    attname = _relations(row.__class__).get(name)
    if attname is None:
        row.__dict__[name] = value
    else:
        row.__dict__[attname] = None if value is None else value.id
        row._state.fields_cache[name] = value


@cache
def _relations(model):
    return {field.name: field.attname for field in model._meta.concrete_fields if field.is_relation}


@cache
def _insertion(model):
    """Return the beginning of the statement that inserts rows of `model`, and the fields that it names."""
    fields = [field for field in model._meta.concrete_fields if not field.primary_key]
    columns = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    return f"INSERT INTO {connection.ops.quote_name(model._meta.db_table)} ({columns})", fields


def _places(fields):
    return f"({', '.join(['%s'] * len(fields))})"


def _values(row, fields):
    return [field.get_db_prep_save(getattr(row, field.attname), connection) for field in fields]


def save_changed(row, fields):
    """Save the named `fields` of `row` and nothing else. Raises the model's DoesNotExist where the row is gone."""
    named = set(fields)
    changed = [field for field in row._meta.concrete_fields if field.name in named]
    columns = ", ".join(f"{connection.ops.quote_name(field.column)} = %s" for field in changed)
    table = connection.ops.quote_name(row._meta.db_table)
    with connection.cursor() as cursor:
        # Names of our own tables and columns, quoted; the values go apart.
        cursor.execute(f"UPDATE {table} SET {columns} WHERE id = %s", [*_values(row, changed), row.pk])  # noqa: S608
        if not cursor.rowcount:
            raise type(row).DoesNotExist


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
    _refuse_twin(row, exclude)


def _refuse_twin(row, exclude):
    """Raise ValidationError where another row has the name of `row` in other capitals, which SQLite takes for new."""
    for constraint in row._meta.constraints if connection.vendor == "sqlite" else ():
        field = constraint.violation_error_code
        is_named = field in FIELDS_OF_CONSTRAINTS and field not in exclude and not getattr(row, field).isascii()
        if is_named and _has_twin(row, field, constraint):
            raise ValidationError({field: ValidationError(constraint.violation_error_message, code="unique")})


def _has_twin(row, field, constraint):
    name, condition = getattr(row, field), constraint.condition or Q()
    names = [one.name for one in constraint.expressions if isinstance(one, F)]  # type: ignore[attr-defined]
    homes = {one: getattr(row, one) for one in names}
    if None in homes.values():
        # To a constraint, what has no home shares none.
        return False
    twins = Q(in_any_case(field, name), condition, **homes)
    found = dict(row.__class__._base_manager.filter(Q(pk=row.pk) | twins).values_list("pk", field))
    # Who has had it since an older version keeps it.
    return found.pop(row.pk, None) != name and any(_small(name) & _small(other) for other in found.values())


def _small(name):
    """Return `name` in small letters: as Python has it, and as PostgreSQL does, to which Σ at an end is σ."""
    return {name.lower(), name.lower().replace("ς", "σ")}


def in_any_case(field, name):
    """Return the Q of rows whose `field` is `name` in any case. SQLite's own comparison knows the capitals of ASCII."""
    if connection.vendor == "sqlite" and not name.isascii():
        return Q(**{f"{field}__iregex": rf"^{re.escape(name)}\Z"})
    return Q(**{f"{field}__iexact": name})


def called(rows, name):
    """Return the row of `rows` that is called `name`, or else one that is so in other capitals, or None."""
    found = list(rows.filter(in_any_case("name", name)))
    return next((one for one in found if one.name == name), found[0] if found else None)


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
