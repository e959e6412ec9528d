"""Where the words of issues are kept for comparison, how common they are, and what is still to be written."""

from django.db import models

from products.models import Product


class Posting(models.Model):
    """A word in the title or body of an issue. `term` is the number of its stem (`words.term`).

    `weight` is the BM25 part of the word in the text, in thousandths. `product` is that of the issue: a reader of few
    products reads their words alone.
    """

    pk = models.CompositePrimaryKey("issue", "part", "term")
    # No constraints: an issue has dozens of these, which its own services write and remove.
    issue = models.ForeignKey("issues.Issue", models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    part = models.PositiveSmallIntegerField()
    term = models.BigIntegerField()
    product = models.ForeignKey(Product, models.DO_NOTHING, related_name="+", db_index=False, db_constraint=False)
    weight = models.PositiveSmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["term", "part", "product", "issue", "weight"], name="posting_term")]

    def __str__(self):
        return f"{self.issue_id}: {self.term}"


class TermCount(models.Model):
    """In how many issues that are not confidential a term is: of all public products, or of one that is not public.

    The term 0 stands for all issues that have such a part.
    """

    term = models.BigIntegerField()
    part = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, models.CASCADE, null=True, related_name="+")
    documents = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["term", "part", "product"], name="term_count_once")]

    def __str__(self):
        return f"{self.term}: {self.documents}"


class FittedWeights(models.Model):
    """What this site was fitted to, in its one row: `{name: weight}`, which `weights.bounded` keeps within bounds."""

    weights = models.JSONField()
    fitted_at = models.DateTimeField()

    def __str__(self):
        return f"{self.fitted_at}"


class ToPost(models.Model):
    """Issues, from one id to another, whose words the worker is still to write: the door for many leaves them to it."""

    first = models.BigIntegerField()
    last = models.BigIntegerField()

    def __str__(self):
        return f"{self.first}–{self.last}"
