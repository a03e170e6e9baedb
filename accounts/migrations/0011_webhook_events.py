
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0010_archive_mode'),
    ]

    operations = [
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('signed_in', 'Signed in'), ('sign_in_failed', 'Sign-in refused'), ('signed_out', 'Signed out'), ('signed_out_everywhere', 'Signed out everywhere'), ('password_changed', 'Password changed'), ('address_changed', 'Sign-in address changed'), ('factor_added', 'Passkey or second step added'), ('factor_removed', 'Passkey or second step removed'), ('provider_linked', 'Sign-in by a provider added'), ('provider_unlinked', 'Sign-in by a provider removed'), ('mailbox_connected', 'Mail account connected'), ('mailbox_secret', 'Sign-in of a mail account changed'), ('mailbox_removed', 'Mail account disconnected'), ('webhook', 'Webhook added or changed'), ('admin_act', 'Changed by an administrator')], max_length=24),
        ),
    ]
