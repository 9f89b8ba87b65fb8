"""What is taken for a session, as other statements read it."""

ASSIGNED = """
CROSS JOIN LATERAL (
  SELECT (array_agg(resource_id) FILTER (WHERE kind = 'room'))[1] AS room_id,
    (array_agg(resource_id) FILTER (WHERE kind = 'facilitator'))[1] AS facilitator_id,
    coalesce(array_agg(resource_id ORDER BY resource_id) FILTER (WHERE kind = 'cofacilitator'),
      ARRAY[]::uuid[]) AS cofacilitator_ids
  FROM bookings WHERE session_id = s.id
) AS assigned
"""
"""Room and staff of each session `s`."""
