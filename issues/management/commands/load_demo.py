"""`manage.py load_demo`: a filled tracker to look around in."""

import random
import secrets
from contextlib import contextmanager
from datetime import timedelta
from itertools import product as pairs

from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone

from accounts.services import create_user
from issues import services
from issues.demo import stories
from issues.models import Issue, Severity, Status
from products.access import can
from products.models import Component, Label, Milestone, Product, Version
from products.services import create_part, create_product, set_member

NOTE = "demo_password"
DAYS = 150
# What waits longer than this was decided.
PATIENCE = timedelta(days=24)
SHARE_CLOSED, SHARE_STARTED, SHARE_ACCEPTED = 0.42, 0.14, 0.28
PRIORITIES = {"none": 0, "low": 1, "medium": 2, "high": 3, "urgent": 4}


class Command(BaseCommand):
    """Fills an empty database through the services, under a clock that goes from last summer until now."""

    help = "Fill an empty database with three products, people in every role and some hundreds of issues."

    def handle(self, **options):
        """Load the demonstration. Raises CommandError where there are products already, or no tables yet."""
        if Product._meta.db_table not in connection.introspection.table_names():
            raise CommandError("This database has no tables yet: manage.py migrate makes them.")
        if Product.objects.exists():
            raise CommandError("This database has products: the demonstration is for an empty one.")
        self.random = random.Random(26)  # noqa: S311 (it decides on stories, not on secrets)
        self.now = timezone.now()
        # Made anew for each demonstration: it may be served to more than one machine.
        self.password = secrets.token_urlsafe(9)
        self.clock = self.now - timedelta(days=DAYS)
        # For `serve --demo`, which says it at every start. First, and then all or nothing: it may be stopped halfway.
        (settings.DATA_DIR / NOTE).write_text(self.password)
        with transaction.atomic(), self.moving_clock():
            self.load()
        self.stdout.write(f"Loaded {Issue.objects.count()} issues.")

    @contextmanager
    def moving_clock(self):
        """Make the services believe that it is `self.clock`: rows and events agree, since both ask the same clock."""
        present = timezone.now
        timezone.now = lambda: self.clock
        try:
            yield
        finally:
            timezone.now = present

    def load(self):
        """Make people, products and the life of their issues."""
        self.boss = create_user(
            actor=None, via="web", username="admin", password=self.password, is_staff=True, is_superuser=True
        )
        self.people = {
            name: create_user(
                actor=self.boss, via="web", username=name, password=self.password, display_name=shown, is_staff=staff
            )
            for name, shown, staff, _roles in stories.PEOPLE
        }
        self.statuses = {status.slug: status for status in Status.objects.all()}
        self.site_labels = [self.part(Label, None, name=name, colour=colour) for name, colour in stories.SITE_LABELS]
        plans = [plan for key, story in stories.PRODUCTS.items() for plan in self.product(key, story)]
        self.live(plans)

    def part(self, model, product, **fields):
        """Make a component, milestone, version or label."""
        return create_part(model, product=product, actor=self.boss, via="web", **fields)

    def product(self, key, story):
        """Make a product with its parts and members. Return the plans of its issues."""
        fields = {name: story[name] for name in ("title", "description", "visibility")}
        product = create_product(actor=self.people["ana"], via="web", key=key, **fields)
        for name, _shown, _staff, roles in stories.PEOPLE:
            if key in roles:
                set_member(product, self.people[name], roles[key], actor=self.boss, via="web")
        for name, days, state in story["milestones"]:
            due = (self.now + timedelta(days=days)).date() if days is not None else None
            self.part(Milestone, product, name=name, due_on=due, state=state)
        for name in story["versions"]:
            self.part(Version, product, name=name)
        for name, colour in stories.LABELS:
            self.part(Label, product, name=name, colour=colour)
        for name, (owner, _subjects, _problems) in story["components"].items():
            self.part(Component, product, name=name, triage_owner=self.people.get(owner))
        return self.plans(product, story)

    def plans(self, product, story):
        """Return what is to be filed: (product, type, title, component, severity, priority)."""
        parts = {part.name: part for part in product.components.all()}
        plans = [(product, kind, title, parts[name], *rest) for kind, title, name, *rest in story["notable"]]
        for name, (_owner, subjects, problems) in story["components"].items():
            for subject, problem in pairs(subjects, problems):
                kind = self.random.choices(["bug", "feature", "task"], [8, 1, 1])[0]
                title = f"{subject} {problem}"
                severity = self.random.choices(["unset", "s4", "s3", "s2"], [4, 3, 5, 2])[0]
                priority = self.random.choices(["none", "low", "medium", "high"], [5, 3, 4, 2])[0]
                plans.append((product, kind, title, parts[name], severity, priority))
                if self.random.random() < 0.55:
                    again = f"{subject} {problem}, again"
                    plans.append((product, kind, again, parts[name], "unset", "none"))
        return plans

    def live(self, plans):
        """File the planned issues one after the other, and let people work on them."""
        self.random.shuffle(plans)
        step = timedelta(days=DAYS) / (len(plans) + 1)
        earlier: dict = {}
        for plan in plans:
            self.clock += step * self.random.uniform(0.7, 1.3)
            self.clock = min(self.clock, self.now - timedelta(minutes=5))
            filed = self.clock
            issue = self.file(*plan)
            self.work(issue, plan, earlier.setdefault(plan[0].key, []))
            # Work goes on while others file theirs: the next one is filed soon after this one was.
            self.clock = filed

    def team(self, product, *roles):
        """Return the members of `product` with one of `roles`."""
        return [self.people[name] for name, _shown, _staff, held in stories.PEOPLE if held.get(product.key) in roles]

    def file(self, product, kind, title, component, severity, _priority):
        """File one issue as one of the reporters. Return it."""
        reporters = self.team(product, "reporter", "triager", "maintainer")
        author = self.random.choice(reporters + ([self.people["sam"]] if product.visibility != "private" else []))
        text = stories.STEPS.format(
            what=title,
            step=self.random.choice(stories.DO),
            seen=self.random.choice(stories.SEEN),
            more=self.random.choice(stories.MORE),
        )
        fields = {"description": text if kind == "bug" else "", "type": kind}
        if self.random.random() < 0.8:
            fields["component"] = component
        if self.random.random() < 0.03:
            fields["confidential"] = True
        via = self.random.choices(["web", "api"], [5, 1])[0]
        return services.create_issue(product, actor=author, via=via, title=title, **fields)

    def later(self, hours):
        """Move the clock on by up to `hours`, but never past the present."""
        limit = self.now - timedelta(seconds=self.random.randint(30, 1800))
        self.clock = min(self.clock + timedelta(hours=self.random.uniform(0.1, hours)), limit)

    def work(self, issue, plan, earlier):
        """Let the team discuss, triage, work on and close an issue, each for some of them."""
        product = issue.product
        triager = self.random.choice(self.team(product, "triager", "maintainer"))
        for text in self.random.sample(stories.FOUND, self.random.choice([0, 0, 1, 2, 3])):
            self.later(30)
            self.say(issue, self.random.choice(self.team(product, "reporter", "triager", "maintainer")), text)
        fate = self.random.random()
        if fate > SHARE_CLOSED + SHARE_STARTED + SHARE_ACCEPTED and self.now - self.clock < PATIENCE:
            self.wait(issue, triager)
            return None
        self.later(60)
        self.triage(issue, plan, triager)
        if earlier and fate < 0.05:
            return self.close_as_duplicate(issue, triager, earlier)
        if fate < SHARE_CLOSED + SHARE_STARTED:
            self.later(100)
            self.set(issue, triager, status=self.statuses["in-progress"])
            self.say(issue, triager, self.random.choice(stories.WORKED))
        if fate < SHARE_CLOSED:
            self.close(issue, triager)
        elif earlier and self.random.random() < 0.15:
            other = Issue.objects.select_related("product").get(pk=self.random.choice(earlier))
            kind = self.random.choice(["blocks", "relates"])
            services.relate(issue, actor=triager, via="web", kind=kind, other=other)
        earlier.append(issue.pk)
        return None

    def wait(self, issue, triager):
        """Leave an issue in the queue: some are asked about, snoozed, or voted for."""
        by = {"actor": triager, "via": "web"}
        luck = self.random.random()
        if luck < 0.3 and can(issue.author, "view", issue) and issue.author != triager:
            services.decide(issue, "needinfo", ask=issue.author, question=self.random.choice(stories.WAITING), **by)
            if luck < 0.2:
                self.later(20)
                self.say(issue, issue.author, self.random.choice(stories.MORE))
        elif luck < 0.4:
            services.decide(issue, "snooze", until=self.now + timedelta(days=self.random.randint(1, 9)), **by)
        for person in self.random.sample(
            self.team(issue.product, "reporter", "triager"), self.random.choice([0, 0, 1, 2])
        ):
            if can(person, "vote", issue):
                services.vote(issue, actor=person, via="web")

    def say(self, issue, author, text):
        """Comment, now and then internally; who may not see a confidential issue says nothing."""
        if not can(author, "comment", issue):
            return
        if author in self.team(issue.product, "triager", "maintainer") and self.random.random() < 0.05:
            text = self.random.choice(stories.INTERNAL)
            services.add_comment(issue, actor=author, via="web", body=text, internal=True)
        else:
            services.add_comment(issue, actor=author, via="web", body=text)

    def set(self, issue, actor, **changes):
        """Change an issue."""
        services.update_issue(issue, actor=actor, via="web", **changes)

    def triage(self, issue, plan, triager):
        """Accept an issue: component, severity, priority, labels, and somebody to do it."""
        product, _kind, _title, component, severity, priority = plan
        labels = [*self.site_labels, *product.labels.exclude(name__startswith="browser/")]
        if self.random.random() < 0.2:
            labels.append(self.random.choice(product.labels.filter(name__startswith="browser/")))
        changes = {
            "status": self.statuses["accepted"],
            "component": component,
            "severity": Severity[(severity if severity != "unset" else "s3").upper()],
            "priority": PRIORITIES[priority] or self.random.randint(1, 2),
            "labels": self.random.sample(labels, self.random.choice([0, 1, 1, 2])),
        }
        if self.random.random() < 0.75:
            changes["assignee"] = self.random.choice(self.team(product, "triager", "maintainer"))
        if self.random.random() < 0.5:
            changes["milestone"] = self.random.choice(product.milestones.filter(state="open"))
        if self.random.random() < 0.4:
            changes["version"] = self.random.choice(product.versions.all())
        if self.random.random() < 0.12:
            changes["due_on"] = (self.now + timedelta(days=self.random.randint(-5, 30))).date()
        self.set(issue, triager, **changes)

    def close(self, issue, triager):
        """Close an issue, most as fixed; reopen one in twenty."""
        self.later(200)
        resolution = self.random.choices(
            ["fixed", "wont-do", "invalid", "cannot-reproduce", "incomplete", "works-as-designed"], [20, 2, 1, 2, 2, 2]
        )[0]
        self.set(issue, triager, status=self.statuses["closed"], resolution=resolution)
        if self.random.random() < 0.05:
            self.later(50)
            self.say(issue, self.random.choice(self.team(issue.product, "reporter", "triager")), "It is back.")
            self.set(issue, triager, status=self.statuses["new"])

    def close_as_duplicate(self, issue, triager, earlier):
        """Close an issue as the duplicate of one that was filed before."""
        other = Issue.objects.select_related("product").get(pk=self.random.choice(earlier))
        if other.resolution != "duplicate":
            self.set(issue, triager, duplicate_of=other)
