"""The stand-in for fal and the animatic that it renders. Nobody but wiring and the tests imports this room."""
