"""A small tracker in which every kind of secret exists: written by the services, the same for all tests of access.

Every text, name and label that somebody may not see holds a word, its canary, which says whose secret it is. The words
are told by `SECRET`; where an answer holds one that its reader may not see, there is a leak.
"""

from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings

from accounts.models import Session, User
from accounts.services import create_token, invitations, update_user
from history.models import Batch
from issues import fulltext, services, similar
from issues.models import Issue, Vote
from products.models import Component, Label, Milestone, Version
from products.services import create_part, create_product, set_member, trash_product, update_product
from tests.cast import create_person

# Who asks, by user names; who is in no product by a role comes first.
ROLES = {"viewer": "vera", "reporter": "rosa", "triager": "tom", "maintainer": "mia"}
PEOPLE = {"stranger": "sam", "former member": "fred", "deactivated": "dan", **ROLES, "superuser": "ada"}
TOKENS = ("read-only token", "token of another product")
IDENTITIES = ("anonymous", *PEOPLE, *TOKENS)

# The products by their keys, and who may not see what is in them at all.
PUBLIC, INTERNAL, PRIVATE, ARCHIVED, TRASHED, OTHER, FAR = "PUB", "INT", "PRI", "ARC", "TRA", "OTH", "FAR"
WITH_MEMBERS = (PUBLIC, INTERNAL, PRIVATE, ARCHIVED, TRASHED)
# The word in each kind of secret; the first part of each is the same, so that it is found as what it is.
SECRET = {
    "internal": "canaryinternal",
    "private": "canaryprivate",
    "trashed product": "canarygone",
    "other": "canaryother",
    "far": "canaryfar",
    "confidential": "canaryconfidential",
    "own": "canaryown",
    "hush": "canaryhush",
    "trash": "canarytrash",
    "personal": "canarypersonal",
}
OF_PRODUCT = {
    INTERNAL: "internal",
    PRIVATE: "private",
    TRASHED: "trashed product",
    OTHER: "other",
    FAR: "far",
}
NOBODY_HAS = {"far", "personal"}
OUTSIDE = NOBODY_HAS | {"private", "trashed product", "other", "confidential", "hush", "trash"}
MEMBERS = NOBODY_HAS | {"other", "confidential", "hush", "trash", "trashed product"}
HIDDEN = {
    "anonymous": OUTSIDE | {"internal", "own"},
    "deactivated": OUTSIDE | {"internal", "own"},
    "stranger": OUTSIDE,
    "former member": OUTSIDE,
    "viewer": MEMBERS,
    "reporter": MEMBERS,
    "triager": NOBODY_HAS | {"other", "trash", "trashed product"},
    "maintainer": NOBODY_HAS,
    "read-only token": NOBODY_HAS,
    "token of another product": set(SECRET) - {"other"},
    "superuser": set(),
    # Who maintains the public products and belongs to no other; who is of the staff and belongs to none.
    "local": NOBODY_HAS | {"private", "other", "trashed product"},
    "staff": OUTSIDE,
}
# Who sees of the confidential issues of the public product those alone that are their own.
SEES_OWN = {*PEOPLE} - {"triager", "maintainer", "superuser"} | {"anonymous", "token of another product", "staff"}


@dataclass
class Place:
    """Something that is asked for, by the names that routes have for it."""

    product: str
    key: str
    number: int
    comment: int
    question: int
    relation: int
    vote: int
    view: int
    batch: int
    other: str
    component: int
    milestone: int
    version: int
    label: int
    file: int
    file_token: str
    undoable: int = 0
    trashed: str = ""
    confidential: str = ""
    hush: int = 0
    hush_file: int = 0
    hush_token: str = ""
    trashed_comment: int = 0
    trashed_file: int = 0
    trashed_token: str = ""
    own: dict = field(default_factory=dict)


class World:
    """All of it: `people` by identity, `places` by the key of their product."""

    def __init__(self):
        self.people = {name: create_person(username) for name, username in PEOPLE.items() if name != "superuser"}
        self.ada = create_person("ada", is_staff=True, is_superuser=True)
        self.people["superuser"] = self.ada
        self.olga = create_person("olga")
        self.stan = create_person("stan", is_staff=True)
        self.lara = create_person("lara")
        self.places = {}
        for key, visibility in (
            (PUBLIC, "public"),
            (INTERNAL, "internal"),
            (PRIVATE, "private"),
            (ARCHIVED, "public"),
            (TRASHED, "public"),
            (OTHER, "private"),
            (FAR, "private"),
        ):
            self.places[key] = self._product(key, visibility)
        self._settle()
        self.clients = {name: self._client(name) for name in (*IDENTITIES, "local", "staff")}
        # One of somebody who does not ask.
        browser = Client()
        browser.force_login(self.olga, backend="accounts.backends.NameOrEmail")
        self.session = Session.objects.get(user=self.olga).handle

    @property
    def doing(self):
        """Who writes all that no role is needed for."""
        return {"actor": self.ada, "via": "web"}

    def word(self, key, text=""):
        """Return `text` with the canary of the product `key`, if it has one."""
        return f"{text} {SECRET[OF_PRODUCT[key]]}".strip() if key in OF_PRODUCT else text or "plain"

    def _product(self, key, visibility):
        def word(text):
            return self.word(key, text)

        fields = {"title": word(f"Product {key}"), "description": word("Made of parts"), "visibility": visibility}
        product = create_product(key=key, **fields, **self.doing)
        self._join(product, key)
        parts = {
            model: create_part(model, product=product, name=word(f"{model.__name__} {key}"), **self.doing)
            for model in (Component, Milestone, Version, Label)
        }
        issue, other, relation = self._issues(product, parts, word)
        # Before she is asked, which a later remark of hers would answer.
        comment = services.add_comment(issue, actor=self.olga, via="web", body=word("a remark"))
        place = self._hang(product, issue, other, word)
        place |= {"relation": relation.pk, "comment": comment.pk}
        file = self._attach(comment, issue, word("a file"))
        place |= {"file": file.pk, "file_token": file.token}
        place |= {model._meta.model_name: part.pk for model, part in parts.items()}
        place |= {"product": key, "key": issue.key, "number": issue.number, "other": other.key}
        place |= self._hidden(product, issue)
        return Place(**place)

    def _join(self, product, key):
        if key in WITH_MEMBERS:
            for role, name in (*((role, role) for role in ROLES), ("maintainer", "former member")):
                set_member(product, self.people[name], role, **self.doing)
            set_member(product, self.people["deactivated"], "maintainer", **self.doing)
            set_member(product, self.olga, "reporter", **self.doing)
        if key == OTHER:
            set_member(product, self.people["maintainer"], "maintainer", **self.doing)
        if key in (PUBLIC, ARCHIVED):
            set_member(product, self.lara, "maintainer", **self.doing)
        if key in (OTHER, FAR):
            set_member(product, self.olga, "reporter", **self.doing)

    def _issues(self, product, parts, word):
        """Write an issue that has everything, and one that it blocks. Return both, and their relation."""
        author = {"actor": self.olga, "via": "web"}
        issue = services.create_issue(product, title=word("Cart empties"), description=word("After login"), **author)
        other = services.create_issue(product, title=word("Cart is slow"), description=word("After login"), **author)
        has = {model._meta.model_name: part for model, part in parts.items() if model is not Label}
        issue = services.update_issue(
            issue, labels=[parts[Label]], parent=other, assignee=self.olga, **has, **self.doing
        )
        relation = services.relate(issue, kind="blocks", other=other, **self.doing)
        return issue, other, relation

    def _hang(self, product, issue, other, word):
        """Hang on the issue what else an issue has. Return `{name: id}`."""
        services.vote(issue, actor=self.olga, via="web")
        services.watch(issue, actor=self.olga, via="web")
        asked = services.ask(issue, requestee=self.olga, question=word("which browser"), **self.doing)
        undoable = services.update_issue(issue, priority=3, **self.doing)
        shared = {"name": word(f"View {product.key}"), "query": word("cart"), "product": product, "shared": True}
        view = services.create_view(**shared, **self.doing)
        last = Batch.objects.filter(events__issue=undoable).latest("id")
        return {
            "question": asked.pk,
            "vote": Vote.objects.get(issue=issue).pk,
            "view": view.pk,
            "batch": last.pk,
        }

    def _attach(self, home, issue, text):
        """Attach to an issue or a comment a file that is named by `text`, and holds it. Return the Attachment."""
        upload = SimpleUploadedFile(f"{text}.txt", text.encode())
        with services.kept([upload], actor=self.ada, action="attach", home=issue) as files:
            return services.attach(home, files=files, **self.doing)[0]

    def _hidden(self, product, issue):
        """Write what is hidden within the product. Return it by name."""
        # Where few are let in at all, nothing else is told of what is hidden within.
        closed = product.key in (OTHER, FAR)
        secret = {name: self.word(product.key, "cart" if closed else f"cart {SECRET[name]}") for name in SECRET}
        author = {"actor": self.olga, "via": "web"}
        confidential = services.create_issue(
            product, title=secret["confidential"], description=secret["confidential"], confidential=True, **author
        )
        services.add_comment(confidential, body=secret["confidential"], **author)
        self._attach(confidential, confidential, secret["confidential"])
        services.relate(issue, kind="relates", other=confidential, **self.doing)
        hush = services.add_comment(issue, body=secret["hush"], internal=True, **self.doing)
        hush_file = self._attach(hush, issue, secret["hush"])
        gone = services.create_issue(product, title=secret["trash"], description=secret["trash"], **author)
        self._attach(gone, gone, secret["trash"])
        services.trash_issue(gone, **self.doing)
        remark = services.add_comment(issue, body=secret["trash"], **self.doing)
        self._attach(remark, issue, secret["trash"])
        remark.refresh_from_db()
        services.trash_comment(remark, **self.doing)
        trashed_file = services.detach(self._attach(issue, issue, secret["trash"]), **self.doing)
        services.create_view(name=secret["personal"], query=secret["personal"], product=product, **author)
        own = {name: self._own(product, name) for name in PEOPLE if product.key == PUBLIC and name != "superuser"}
        return {
            "confidential": confidential.key,
            "hush": hush.pk,
            "hush_file": hush_file.pk,
            "hush_token": hush_file.token,
            "trashed_file": trashed_file.pk,
            "trashed_token": trashed_file.token,
            "trashed": gone.key,
            "trashed_comment": remark.pk,
            "own": own,
        }

    def _own(self, product, name):
        word = own_word(name)
        fields = {"title": f"{word} cart", "description": word, "confidential": True}
        return services.create_issue(product, actor=self.people[name], via="web", **fields).key

    def _settle(self):
        """Let go who has gone, archive and trash what is, and count what the worker counts."""
        for place in self.places.values():
            product = Issue.objects.get(product__key=place.product, number=place.number).product
            if place.product in WITH_MEMBERS:
                set_member(product, self.people["former member"], None, **self.doing)
            if place.product == ARCHIVED:
                update_product(product, archived=True, **self.doing)
            if place.product == TRASHED:
                trash_product(product, **self.doing)
        public, private = (Issue.objects.get(product__key=key, number=1) for key in (PUBLIC, PRIVATE))
        # Both ends of what leads from what all see to what few do.
        services.relate(public, kind="blocks", other=private, **self.doing)
        second = Issue.objects.get(product__key=PUBLIC, number=2)
        hidden = Issue.objects.get(product__key=PRIVATE, number=2)
        services.update_issue(second, parent=private, **self.doing)
        services.update_issue(hidden, duplicate_of=second, **self.doing)
        update_user(self.people["deactivated"], is_active=False, **self.doing)
        self.people["deactivated"].refresh_from_db()
        mia = self.people["maintainer"]
        making = {"actor": mia, "via": "web", "name": "script"}
        self.secrets = {
            "read-only token": create_token(mia, scopes=["read"], **making)[1],
            "token of another product": create_token(mia, scopes=["write"], products={OTHER: "write"}, **making)[1],
        }
        olgas = {"actor": self.olga, "via": "web", "name": "script"}
        self.token = create_token(self.olga, scopes=["read"], **olgas)[0].pk
        self.site_label = create_part(Label, product=None, name="everywhere", **self.doing).pk
        with override_settings(SIGNUP="invite"):
            public = Issue.objects.get(product__key=PUBLIC, number=1).product
            self.invitation = invitations.invite(product=public, role="viewer", **self.doing).pk
        fulltext.count_words()
        similar.count_terms()

    def client(self, name):
        """Return a Client of an identity, as new: what a request has left in its cookies is forgotten."""
        client, cookies = self.clients[name]
        client.cookies.clear()
        client.cookies.update(cookies)
        return client

    def _client(self, name):
        client = Client(raise_request_exception=False)
        if name in self.secrets:
            client.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.secrets[name]}"
        elif name != "anonymous":
            # A session from before the account was closed.
            client.force_login(self.user(name), backend="accounts.backends.NameOrEmail")
        return client, dict(client.cookies)

    def user(self, name):
        """Return the user of an identity, as a request finds it."""
        if name == "anonymous":
            return AnonymousUser()
        known = self.people.get(name) or {"staff": self.stan, "local": self.lara}[name]
        return User.objects.get(pk=known.pk)


def text_of(answer):
    """Return all that an answer tells: its status line, headers and body."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    headers = "\n".join(f"{name}: {value}" for name, value in answer.headers.items())
    cookies = answer.cookies.output()
    return f"{headers}\n{cookies}\n{body.decode('utf-8', 'replace')}"


def own_word(name):
    """Return the canary in the confidential issue that is the own one of the identity `name`."""
    return f"{SECRET['own']}{PEOPLE[name]}"


def leaks(name, *texts):
    """Return the canaries in the `texts` of answers, and in all mail, that the identity `name` may not see."""
    told = "\n".join([*texts, *(str(letter.message()) for letter in getattr(mail, "outbox", ()))]).lower()
    words = {SECRET[secret] for secret in HIDDEN[name] if secret != "own"}
    if name in SEES_OWN:
        words |= {own_word(other) for other in PEOPLE if other not in (name, "superuser")}
    if name == "deactivated":
        words.add(own_word(name))
    return sorted(word for word in words if word in told)
