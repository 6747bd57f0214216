"""The site: `make docs` builds it, and a warning is an error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

import torch

import sleepaug

project = "sleepaug"
author = "The sleepaug developers"
copyright = author
release = version = sleepaug.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "sphinx_gallery.gen_gallery",
    "commands",  # scripts/commands.py: runs what the pages show
]
exclude_patterns = ["_build", "examples", "scripts"]

myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 4

autosummary_generate = True
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False

html_theme = "pydata_sphinx_theme"
html_title = "sleepaug"
html_sidebars = {  # pages without a page below them need no list of those
    page.stem: [] for page in Path(__file__).parent.glob("*.md") if page.stem != "api"
}
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_theme_options = {
    "header_links_before_dropdown": 3,  # with more the header takes two lines
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": False,
}

torch.set_num_threads(1)  # the examples compute little


sphinx_gallery_conf = {
    "image_scrapers": ("figures",),  # scripts/figures.py
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": "/",
    "remove_config_comments": True,
    "show_memory": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
}
