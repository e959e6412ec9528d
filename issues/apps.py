from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = _("Issues")

    def ready(self):
        """Follow the changes of products and people."""
        from issues.services.following import follow_person, follow_product
        from products.following import follow, follow_people

        follow(follow_product)
        follow_people(follow_person)
