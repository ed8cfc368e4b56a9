"""Workers elsewhere, as the API shows them."""
