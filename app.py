"""Opens the studio; `demo` is what Gradio hosting looks for."""

from studio.wiring import build_studio

studio = build_studio()
demo = studio.demo

if __name__ == "__main__":
    studio.serve()
