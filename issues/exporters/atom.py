"""Atom feeds of issues."""

import re
from datetime import UTC, datetime

from django.conf import settings
from django.utils.feedgenerator import Atom1Feed, get_tag_uri
from django.utils.html import escape
from django.utils.text import Truncator
from django.utils.translation import gettext as _

# What XML has no place for.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A longer description is told by its beginning.
SUMMARY_LIMIT = 16 * 1024
WORDS = 100
NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Feed(Atom1Feed):
    """A feed that is the same as long as its issues are."""

    def latest_post_date(self):
        """Return when the latest change in it was."""
        return max((item["updateddate"] for item in self.items), default=NEVER)

    def item_attributes(self, item):
        """Let what a description leads to be found as from the page of its issue."""
        return {**super().item_attributes(item), "xml:base": item["link"]}


def write_feed(title, address, feed_address, issues):
    """Return the feed of `issues`, with their product and author at hand, as text; the addresses are whole ones."""
    site = _("Issues")
    feed = Feed(_plain(title), address, "", feed_url=feed_address, feed_guid=feed_address, author_name=site)
    for issue in issues:
        link = f"{settings.SITE_URL}{issue.get_absolute_url()}"
        feed.add_item(
            _plain(f"{issue.key} {issue.title}"),
            link,
            _summary(issue),
            # Issues are moved, products get other keys, and sites another scheme.
            unique_id=get_tag_uri(f"{settings.SITE_URL}/issues/{issue.pk}", issue.created_at),
            author_name=_plain(issue.author.name) if issue.author else _("Nobody"),
            pubdate=issue.created_at,
            updateddate=issue.updated_at,
        )
    return feed.writeString("utf-8")


def _summary(issue):
    """Return the description as HTML: as it was sanitised when it was stored, or the beginning of its text."""
    if 0 < len(issue.description_html) <= SUMMARY_LIMIT:
        return _plain(issue.description_html)
    text = Truncator(issue.description[:SUMMARY_LIMIT]).words(WORDS)
    return escape(_plain(text))


def _plain(text):
    return UNWRITABLE.sub("", text)
