"""Budgets and expectations held against a run: what `layerbench check` decides."""
