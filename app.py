"""Opens the studio; `demo` is what Gradio hosting looks for."""

import contextlib

from studio.wiring import build_studio

studio = build_studio()
demo = studio.demo

if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):  # how a person closes it
        studio.serve()
