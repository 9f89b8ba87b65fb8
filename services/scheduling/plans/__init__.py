"""The weekly plan of many sites: who leads which session in which room, drafted for a person."""
