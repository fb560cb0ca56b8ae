"""A check's report: for people, and in the formats that CIs show."""
