"""How slow the machine is just now, for limits of processor time that must hold on a busy or a slow one too."""

import time


def pace() -> float:
    """How many times longer than 6 ms plain work with short words takes; 1 where it takes less."""
    began = time.process_time()
    seen: dict[str, int] = {}
    for number in range(20_000):
        word = str(number)[-3:]
        seen[word] = seen.get(word, 0) + 1
    return max(1.0, (time.process_time() - began) / 0.006)
