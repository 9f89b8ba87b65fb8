"""Rules of messages as data: which event leads to which messages, to whom, when, and until when."""
