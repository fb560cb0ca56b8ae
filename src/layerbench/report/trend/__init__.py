"""A history's runs, and the lines that their figures make."""
