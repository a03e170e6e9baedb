import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('mailsync', '0062_follow_ups'),
    ]

    operations = [
        migrations.AddField(
            model_name='savedsearch',
            name='lost_folder',
            field=models.TextField(blank=True, db_default='', default=''),
        ),
        migrations.AlterField(
            model_name='savedsearch',
            name='folder',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='mailsync.folder'),
        ),
    ]
