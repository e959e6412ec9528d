from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = _("Issues")

    def ready(self):
        """Follow the changes of products."""
        from issues.services.following import follow_product
        from products.following import follow

        follow(follow_product)
