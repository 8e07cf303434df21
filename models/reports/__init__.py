"""The model card and other reports, as Markdown, HTML and plots."""
