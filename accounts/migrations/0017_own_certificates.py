import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0016_identity_events'),
    ]

    operations = [
        migrations.CreateModel(
            name='OwnCertificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('fingerprint', models.CharField(help_text='SHA-256 of the certificate, in hexadecimal.', max_length=64)),
                ('certificate', models.BinaryField(help_text='DER.')),
                ('chain', models.BinaryField(default=b'', help_text='Those that lead to its authority, DER one after another.')),
                ('sealed_key', models.BinaryField(help_text='The private key, PKCS #8, closed by the vault.')),
                ('addresses', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=320), default=list, help_text='In lower case.', size=None)),
                ('not_before', models.DateTimeField()),
                ('not_after', models.DateTimeField()),
                ('can_sign', models.BooleanField(default=True)),
                ('can_decrypt', models.BooleanField(default=True, help_text='Whether others may encrypt for it.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='own_certificates', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('user', 'fingerprint'), name='own_certificate_once')],
            },
        ),
        migrations.AlterField(
            model_name='securityevent',
            name='kind',
            field=models.CharField(choices=[('signed_in', 'Signed in'), ('sign_in_failed', 'Sign-in refused'), ('signed_out', 'Signed out'), ('signed_out_everywhere', 'Signed out everywhere'), ('password_changed', 'Password changed'), ('address_changed', 'Sign-in address changed'), ('factor_added', 'Passkey or second step added'), ('factor_removed', 'Passkey or second step removed'), ('provider_linked', 'Sign-in by a provider added'), ('provider_unlinked', 'Sign-in by a provider removed'), ('mailbox_connected', 'Mail account connected'), ('mailbox_secret', 'Sign-in of a mail account changed'), ('mailbox_removed', 'Mail account disconnected'), ('webhook', 'Webhook added or changed'), ('forwarding', 'Code sent for forwarding mail'), ('identity', 'Link sent to confirm an address to write from'), ('certificate_added', 'Certificate for mail added'), ('certificate_removed', 'Certificate for mail removed'), ('admin_act', 'Changed by an administrator')], max_length=24, verbose_name='what happened'),
        ),
    ]
