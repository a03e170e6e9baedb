"""What the scheduler does as it starts."""

from unittest.mock import Mock

from celery.signals import beat_init

import webmail.celery  # noqa: F401 - connects the receivers


def test_the_first_round_of_work_does_not_wait_for_an_interval() -> None:
    beat = Mock()
    beat_init.send(sender=beat)
    beat.app.send_task.assert_called_once_with("mailsync.dispatch", queue="interactive", expires=10)
