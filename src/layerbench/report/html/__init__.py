"""The page: one HTML file that needs nothing else.

- `page_input`: what a page is made of; `of_result` and `of_comparison` make it
- `overview`, `verdicts`, `step_views`, `timeline_views`, `image_views`, `round_views`, `facts`: a section each, as
  plain records of what stands in it
- `fragments`: what is looked at one at a time, such as the timelines, compressed
- `page`: all of it through the templates
"""
