"""What every service stands on; it knows no domain rule."""

import zoneinfo

# One source of zone rules: the pinned package `tzdata`, never the files of the machine, which may
# be older (Debian 12 ships 2025b, in which America/Vancouver still changes its clocks in 2026).
zoneinfo.reset_tzpath(())
