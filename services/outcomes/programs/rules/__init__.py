"""Pure decisions of program measures: curves, change, small cells, and who counts in what."""
