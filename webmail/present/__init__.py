"""What a template prints, made from facts: names, times, rows, cards. No queries, no HTML."""
