"""The documents of the issues that are there had C++ and C# as words from here; 0021 writes all of them anew."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("issues", "0018_open_updated")]

    operations = []
