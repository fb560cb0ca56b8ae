"""What an edit will run again, and what that costs, before any build."""
