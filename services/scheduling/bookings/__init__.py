"""Rooms, people of the staff and clients that are taken for sessions: nobody and nothing twice."""
