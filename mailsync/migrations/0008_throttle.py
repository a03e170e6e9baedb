from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0001_initial'),
        ('mailsync', '0007_pop_ledger'),
    ]

    operations = [
        migrations.CreateModel(
            name='ConnectionCap',
            fields=[
                ('account', models.OneToOneField(on_delete=models.CASCADE, primary_key=True, related_name='+', serialize=False, to='accounts.mailaccount')),
                ('most', models.PositiveSmallIntegerField()),
                ('learned_at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Halt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(blank=True, help_text="A mail server's name; empty with no account: all.", max_length=255)),
                ('reason', models.TextField(help_text='Shown to the users it stops. Plain words: why, and for how long.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=models.CASCADE, related_name='+', to='accounts.mailaccount')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('account__isnull', True), ('host', ''), _connector='OR'), name='halt_one_scope')],
            },
        ),
        migrations.CreateModel(
            name='Traffic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('bytes_in', models.PositiveBigIntegerField(default=0)),
                ('account', models.ForeignKey(on_delete=models.CASCADE, related_name='+', to='accounts.mailaccount')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('account', 'day'), name='traffic_once')],
            },
        ),
    ]
