"""The data: invented, stored, changed, and written as pages."""
