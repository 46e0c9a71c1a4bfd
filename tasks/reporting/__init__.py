"""The HTML report: figures, plots and the page around them."""
