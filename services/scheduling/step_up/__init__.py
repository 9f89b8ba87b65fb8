"""Partners' seats at higher levels of care, held for clients who need one."""
