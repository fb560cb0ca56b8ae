"""What an edit of each file of a context runs again, and what a commit costs."""
