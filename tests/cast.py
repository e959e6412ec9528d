"""The people and the product of the tests: written by the services once, and as the same rows before each test."""

import copy
from contextlib import contextmanager
from importlib import import_module

from django.apps import apps
from django.db import transaction

PASSWORD = "correct horse battery"
MEMBERS = {"maintainer": "mia", "triager": "tom", "reporter": "rosa", "viewer": "vera"}


class Cast:
    """Who and what the fixtures give. They are written in `rehearse`, and gone when it returns."""

    def __init__(self):
        self.stars, self.rows = {}, {}

    @transaction.atomic
    def rehearse(self):
        """Write everything through the services, note the rows, and delete them; their ids are never given again."""
        from products.services import create_product, set_member

        ada = self._note("administrator", lambda: create_person("ada", is_staff=True, is_superuser=True))
        shop = {"key": "WEB", "title": "Web shop", "visibility": "public"}
        product = self._note("product", lambda: create_product(actor=ada, via="web", **shop))

        def create_member(username, role):
            user = create_person(username)
            set_member(product, user, role, actor=ada, via="web")
            return user

        for role, username in MEMBERS.items():
            self._note(role, lambda username=username, role=role: create_member(username, role))
        self._note("stranger", lambda: create_person("sam"))
        for groups in self.rows.values():
            for rows in groups:
                manager = type(rows[0])._base_manager
                manager.filter(pk__in=[row.pk for row in rows])._raw_delete(manager.db)

    def _note(self, name, create):
        models = list(apps.get_models())
        before = {model: list(model._base_manager.values_list("pk", flat=True)) for model in models}
        made = create()
        new = [list(model._base_manager.exclude(pk__in=before[model])) for model in models]
        self.rows[name] = [rows for rows in new if rows]
        # As it is read, without what its making has left in it.
        self.stars[name] = type(made)._base_manager.get(pk=made.pk)
        return made

    @transaction.atomic
    def enter(self, name):
        """Write the rows of `name`, and return it: a user, or the product."""
        from issues.services.rows import insert_rows

        for rows in self.rows[name]:
            insert_rows(rows)
        return copy.copy(self.stars[name])


def create_person(username, **fields):
    """Create a user whose password is PASSWORD."""
    from accounts.services import create_user

    return create_user(
        actor=None,
        via="web",
        username=username,
        password=PASSWORD,
        email=f"{username}@example.org",
        display_name=username.capitalize(),
        **fields,
    )


@contextmanager
def taken_back():
    """Take back, at the end, what is written within, for several tests; the statuses of every site are there."""
    with transaction.atomic():
        seed_site()
        yield
        transaction.set_rollback(True)


def seed_site():
    """Write what every site has from the first, its four statuses and the version of its names, where that is gone."""
    from issues.models import Status

    if not Status.objects.exists():
        for migration in ("0002_statuses", "0015_namesversion"):
            import_module(f"issues.migrations.{migration}").seed(apps, None)
