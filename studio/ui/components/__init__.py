"""Islands: parts of the page that are drawn by our own script inside one Gradio component each."""
