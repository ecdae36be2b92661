"""What is said: lines, voices, the prompt grammar, timing and findings. Pure Python; imports nothing else of ours."""
