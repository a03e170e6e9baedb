from django.db import migrations, models


def as_the_browser_asks(apps, schema_editor):
    """English was the only language there was, so nobody had chosen it."""
    apps.get_model("accounts", "User").objects.filter(language="en").update(language="")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_oauth")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="language",
            field=models.CharField(
                blank=True,
                default="",
                help_text="Empty: as the browser asks.",
                max_length=12,
                verbose_name="language",
            ),
        ),
        migrations.RunPython(as_the_browser_asks, migrations.RunPython.noop),
    ]
