"""Maps Gradio's own theme variables to the design tokens, so that no default colour is left; holds no values itself."""

from __future__ import annotations

import gradio as gr

_UI_FONT = [
    "Instrument Sans",
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "sans-serif",
]
_CODE_FONT = ["Geist Mono", "ui-monospace", "Menlo", "Consolas", "monospace"]

# Gradio variable -> our token. The tokens change with the theme by themselves, so light and dark share one map.
_TOKENS = {
    "body_background_fill": "var(--room)",
    "body_text_color": "var(--ink)",
    "body_text_color_subdued": "var(--ink-3)",
    "background_fill_primary": "var(--desk)",
    "background_fill_secondary": "var(--well)",
    "border_color_primary": "var(--line)",
    "border_color_accent": "var(--ink)",
    "border_color_accent_subdued": "var(--edge)",
    "color_accent_soft": "var(--lift)",
    "block_background_fill": "transparent",
    "block_border_color": "transparent",
    "block_label_background_fill": "transparent",
    "block_label_border_color": "transparent",
    "block_label_text_color": "var(--ink)",
    "block_title_text_color": "var(--ink)",
    "block_info_text_color": "var(--ink-3)",
    "panel_background_fill": "transparent",
    "panel_border_color": "transparent",
    "input_background_fill": "var(--well)",
    "input_background_fill_focus": "var(--well)",
    "input_border_color": "transparent",
    "input_border_color_focus": "transparent",
    "input_placeholder_color": "var(--ink-3)",
    "checkbox_background_color": "var(--well)",
    "checkbox_background_color_selected": "var(--ink)",
    "checkbox_border_color": "var(--edge)",
    "checkbox_border_color_selected": "var(--ink)",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_selected": "var(--lift)",
    "checkbox_label_background_fill_hover": "var(--lift)",
    "checkbox_label_border_color": "transparent",
    "checkbox_label_border_color_selected": "var(--ink)",
    "checkbox_label_text_color": "var(--ink-2)",
    "checkbox_label_text_color_selected": "var(--ink)",
    "button_primary_background_fill": "var(--paid)",
    "button_primary_background_fill_hover": "var(--paid-hi)",
    "button_primary_text_color": "var(--paid-ink)",
    "button_primary_border_color": "var(--paid-edge)",
    "button_secondary_background_fill": "var(--lift)",
    "button_secondary_background_fill_hover": "var(--well)",
    "button_secondary_text_color": "var(--ink)",
    "button_secondary_border_color": "transparent",
    "slider_color": "var(--ink)",
    "link_text_color": "var(--ink)",
    "link_text_color_hover": "var(--ink-2)",
    "link_text_color_active": "var(--ink)",
    "link_text_color_visited": "var(--ink)",
    "error_background_fill": "var(--stop-wash)",
    "error_border_color": "var(--stop)",
    "error_text_color": "var(--stop)",
}
_SHAPES = {
    "block_padding": "0",
    "block_border_width": "0px",
    "block_radius": "0px",
    "block_shadow": "none",
    "form_gap_width": "0px",
    "input_border_width": "0px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_radius": "8px",
    "input_padding": "10px 12px",
    "layout_gap": "14px",
    "button_large_radius": "10px",
    "button_small_radius": "8px",
    "block_title_text_weight": "600",
    "block_title_text_size": "13px",
    "button_transition": "background var(--m-fast) var(--m-ease)",
}


def build_theme() -> gr.themes.Base:
    """Gradio's base theme with every colour handed over to the tokens in `assets/css/tokens.css`."""
    theme = gr.themes.Base(
        primary_hue="neutral", secondary_hue="neutral", neutral_hue="neutral", font=_UI_FONT, font_mono=_CODE_FONT
    )
    both = dict(_TOKENS)
    both |= {f"{name}_dark": value for name, value in _TOKENS.items() if hasattr(theme, f"{name}_dark")}
    return theme.set(**both, **_SHAPES)
