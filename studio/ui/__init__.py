"""The face of the studio: the only room where Gradio lives; it decides nothing and keeps nothing."""
