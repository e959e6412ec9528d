"""The three ways in, with the same words: what a person, a program and an administrator do to issues."""

from django.urls import reverse

from accounts.models import User
from issues.choices import Type
from issues.models import Comment, Issue, Priority, Severity, Status
from issues.tests.samples import picture, upload
from products.models import Label, Product


class WebDoor:
    """The pages' forms."""

    def __init__(self, client, user):
        self.client = client
        self.user = user

    def post(self, name, *args, **data):
        """Send a form; a refusal is an answer, an error of ours is none."""
        answer = self.client.post(reverse(name, args=args), data)
        assert answer.status_code < 500, answer.content
        return answer

    def create(self, key, title, changes):
        fields = {name: changes[name] for name in ("description", "type", "priority", "severity") if name in changes}
        fields = {"type": "bug", "priority": "none", "severity": "unset", **fields}
        self.post("issue-new", product=key, title=title, **fields)

    def change(self, issue, changes):
        home = changes.get("product", issue.product.key)
        product = Product.objects.get(key=home)
        for name, value in changes.items():
            self.post("issue-set", Issue.objects.get(pk=issue.pk).key, **self.sent(name, value, product))

    def sent(self, name, value, product):
        """Return the form data for one field, as its menu sends it."""
        if name == "labels":
            labels = Label.objects.filter(product=product, name__in=value)
            return {"with_labels": "1", "labels": [label.pk for label in labels]}
        if name == "confidential":
            return {"with_confidential": "1", **({"confidential": "on"} if value else {})}
        if name in ("component", "milestone", "version") and value:
            return {name: getattr(product, f"{name}s").get(name=value).pk}
        return {name: "" if value is None else value}

    def comment(self, issue, text):
        self.post("comment-add", issue.key, body=text, internal="on" if len(text) > 20 else "")

    def file(self, issue, text):
        """Attach a file, by itself or with a comment."""
        if len(text) % 2:
            self.post("attachment-add", issue.key, file=upload(text.encode(), f"{text}.txt"))
        else:
            self.post("comment-add", issue.key, body="", file=upload(picture(), "shot.png"), internal="on")

    def drop(self, attachment):
        self.post("attachment-detach", attachment.issue.key, attachment.pk)

    def edit_comment(self, comment, text):
        self.post("comment-edit", comment.issue.key, comment.pk, body=text, version=comment.lock_version)

    def trash(self, issue, _text):
        self.post("issue-trash", issue.key)

    def decide(self, issue, decision, details):
        self.post("issue-decide", issue.key, decision=decision, **details)

    def many(self, issues, changes, decision, details):
        """Choose on the page that changes many, which has no choice of what is confidential."""
        sent = {"ids": [issue.pk for issue in issues], "apply": "1", "decision": decision, **details}
        for name, value in changes.items():
            if name != "confidential":
                field, text = self.chosen(name, value)
                sent[f"field-{field}"] = text
        self.post("issue-bulk", **sent)

    def chosen(self, name, value):
        """Return the field of the drop-down, and what is chosen in it, for one field of an issue."""
        if name == "due_on" and value is None:
            return "undated", "on"
        if name == "status" and value == "closed":
            return name, "invalid"
        if name in ("priority", "severity"):
            return name, str({"priority": Priority, "severity": Severity}[name][value.upper()].label)
        if name == "type":
            return name, str(Type(value).label)
        return {"product": "move"}.get(name, name), "none" if value is None else value

    def care(self, issue, text):
        wanted = {"wanted": "1"} if len(text) % 2 else {}
        self.post("issue-vote", issue.key, **wanted)
        self.post("issue-watch", issue.key, **wanted)

    def undo(self, batch):
        self.post("batch-undo", batch.pk)

    def change_product(self, product, title):
        data = {"key": product.key, "title": title[:200], "visibility": "public", "triage_days": 5}
        self.post("product-settings", product.key, version=product.lock_version, **data)


class ApiDoor:
    """REST."""

    def __init__(self, client, user):
        self.client = client

    def send(self, method, path, body=None):
        """Send JSON; a refusal is an answer, an error of ours is none."""
        answer = getattr(self.client, method)(f"/api/v1/{path}", body, content_type="application/json")
        assert answer.status_code < 500, answer.content
        return answer

    def create(self, key, title, changes):
        fields = {name: value for name, value in changes.items() if name != "product"}
        self.send("post", f"products/{key}/issues/", {**fields, "title": title})

    def change(self, issue, changes):
        self.send("patch", f"issues/{issue.key}/", changes)

    def comment(self, issue, text):
        self.send("post", f"issues/{issue.key}/comments/", {"body": text, "internal": len(text) > 20})

    def file(self, issue, text):
        """Attach a file to the issue, or to its first comment."""
        comment = Comment.objects.filter(issue=issue, deleted_at=None).order_by("id").first() if len(text) % 2 else None
        home = f"issues/{issue.key}/comments/{comment.pk}" if comment else f"issues/{issue.key}"
        answer = self.client.post(f"/api/v1/{home}/attachments/", {"file": upload(text.encode(), f"{text}.txt")})
        assert answer.status_code < 500, answer.content

    def drop(self, attachment):
        self.send("delete", f"issues/{attachment.issue.key}/attachments/{attachment.pk}/")

    def edit_comment(self, comment, text):
        self.send("patch", f"issues/{comment.issue.key}/comments/{comment.pk}/", {"body": text})

    def trash(self, issue, _text):
        self.send("delete", f"issues/{issue.key}/")

    def decide(self, issue, decision, details):
        self.send("post", f"issues/{issue.key}/triage/", {"decision": decision, **details})

    def many(self, issues, changes, decision, details):
        wanted = {**changes, **({"decision": decision, **details} if decision else {})}
        self.send("post", "issues/bulk/", {"ids": [issue.pk for issue in issues], "set": wanted})

    def care(self, issue, _text):
        made = self.send("post", f"issues/{issue.key}/votes/", {})
        self.send("post", f"issues/{issue.key}/watchers/", {})
        if made.status_code == 201 and issue.number % 2:
            self.send("delete", made["Location"].removeprefix("/api/v1/"))

    def undo(self, batch):
        self.send("post", f"batches/{batch.pk}/undo/")

    def change_product(self, product, title):
        self.send("patch", f"products/{product.key}/", {"title": title[:200], "description": title})


class AdminDoor(WebDoor):
    """The back office: one form for all fields of an issue; what it lacks is done on the pages."""

    def change(self, issue, changes):
        address = reverse("admin:issues_issue_change", args=[issue.pk])
        page = self.client.get(address)
        data = {name: "" if value is None else value for name, value in page.context["adminform"].form.initial.items()}
        product = Product.objects.get(key=changes.get("product", issue.product.key))
        for name, value in changes.items():
            data |= self.filled(name, value, product)
        answer = self.client.post(address, {name: value for name, value in data.items() if value is not False})
        assert answer.status_code < 500

    def filled(self, name, value, product):
        """Return the form data for one field, as the form of the back office has it."""
        if name in ("status", "product", "assignee"):
            return {name: self.row(name, value)}
        if name in ("priority", "severity"):
            return {name: {"priority": Priority, "severity": Severity}[name][value.upper()].value}
        if name == "labels":
            return {"chosen_labels": self.sent(name, value, product)["labels"]}
        return {"confidential": value} if name == "confidential" else self.sent(name, value, product)

    def row(self, name, value):
        """Return the id that stands for `value` in a choice of rows."""
        if value is None:
            return ""
        model, field = {"status": (Status, "slug"), "product": (Product, "key"), "assignee": (User, "username")}[name]
        return model.objects.get(**{field: value}).pk
