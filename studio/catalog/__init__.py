"""What may be asked of Kling on fal and what it costs: pure data and arithmetic, no input or output."""
