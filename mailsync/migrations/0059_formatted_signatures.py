
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_formatted_signatures'),
        ('mailsync', '0058_auto_replies'),
    ]

    operations = [
        migrations.CreateModel(
            name='SignaturePicture',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.TextField()),
                ('content_type', models.CharField(max_length=255)),
                ('content_id', models.CharField(blank=True, max_length=255)),
                ('position', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('blob', models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='mailsync.blob')),
                ('identity', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='signature_pictures', to='accounts.identity')),
            ],
            options={
                'ordering': ['position', 'id'],
                'abstract': False,
            },
        ),
    ]
