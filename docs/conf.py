"""The site: ``sphinx-build docs site``."""

import gc
import os
import sys
from pathlib import Path

import ellayer

sys.path.insert(0, str(Path(__file__).parent / "_tools"))
os.environ.setdefault("MPLBACKEND", "Agg")
# The nodes of all pages live to the end; to look through them again and again takes a tenth of the time of a build.
gc.set_threshold(50_000, 20, 20)

project = "Ellayer"
author = "The Ellayer developers"
copyright = "the Ellayer developers"
version = release = ellayer.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "weaving",
    "reference",
    "commands",
    "showing",
    "mathematics",
]
exclude_patterns = ["_tools"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4
autodoc_typehints = "none"  # the docstrings say types with shapes
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_param = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Attributes", "params_style")]
pygments_style = "friendly"
pygments_dark_style = "monokai"
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_selector = "div:not(.output) > div.highlight > pre"

html_theme = "furo"
html_title = "Ellayer"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_search_summary = False  # it would be fetched, which a browser refuses for files
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0B5394", "color-brand-content": "#0B5394"},
    "dark_css_variables": {"color-brand-primary": "#8AB8E6", "color-brand-content": "#8AB8E6"},
}
