"""The studio's own routes: media, uploads, live updates and small answers; knows FastAPI and no Gradio."""
