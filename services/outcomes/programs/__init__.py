"""Program measures: what the programs of sites come to, by definitions that stand in one file."""
