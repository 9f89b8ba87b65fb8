-- migrate:up

-- Who waits goes by priority population, clinical urgency and time. `urgency` is the place in the
-- policy's order, 1000 none; whoever let an offer pass is passed over until `offer_again_at`.
ALTER TABLE waitlist ADD COLUMN urgency integer NOT NULL DEFAULT 1000;
ALTER TABLE waitlist ADD COLUMN offer_again_at timestamptz;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_by_turn
  ON waitlist (site_id, priority, urgency, (coalesce(enrolled_at, waitlisted_at)), enrolment_id)
  WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_offer_again ON waitlist (offer_again_at)
  WHERE left_at IS NULL AND offer_again_at IS NOT NULL;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_left ON waitlist (site_id, left_at) WHERE outcome = 'placed';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_by_enrolment;

-- A row says when something was found last of a client that makes a seat urgent, and whether it
-- still holds. Written from intake's events; the next of its kind takes its place; goes away with
-- the client's record.
CREATE TABLE urgencies (
  client_id uuid NOT NULL,
  finding text NOT NULL,
  site_id uuid NOT NULL,
  found_at timestamptz NOT NULL,
  holds boolean NOT NULL,
  PRIMARY KEY (client_id, finding)
);
ALTER TABLE urgencies ENABLE ROW LEVEL SECURITY;
ALTER TABLE urgencies FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON urgencies
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a seat that is held for a client who waits, until it is answered or the time is over.
-- `passed_over` counts those who were before the client in the order and would have fitted, when a
-- person chose; then `jump_reason` says why. Of the link only the hash of its secret is kept.
-- Written when a seat is free and the site offers seats; kept as the record of how seats were given.
CREATE TABLE seat_offers (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  enrolment_id uuid NOT NULL,
  cohort_id uuid NOT NULL REFERENCES cohorts,
  criteria jsonb NOT NULL,
  offered_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  offered_by text,
  passed_over integer NOT NULL DEFAULT 0,
  jump_reason text,
  link_hash bytea CONSTRAINT seat_offers_link UNIQUE,
  ended_at timestamptz,
  outcome text CHECK (outcome IN ('accepted', 'declined', 'expired', 'withdrawn')),
  decline_reason text,
  answered_by text,
  version integer NOT NULL DEFAULT 1,
  CHECK ((ended_at IS NULL) = (outcome IS NULL)),
  CHECK ((passed_over > 0) = (jump_reason IS NOT NULL)),
  CHECK (expires_at > offered_at)
);
CREATE UNIQUE INDEX seat_offers_open ON seat_offers (enrolment_id) WHERE ended_at IS NULL;
CREATE INDEX seat_offers_held ON seat_offers (cohort_id) WHERE ended_at IS NULL;
CREATE INDEX seat_offers_due ON seat_offers (expires_at) WHERE ended_at IS NULL;
CREATE INDEX seat_offers_of_site ON seat_offers (site_id, id);
ALTER TABLE seat_offers ENABLE ROW LEVEL SECURITY;
ALTER TABLE seat_offers FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON seat_offers
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a step-down that is still to be carried out at `due_at`: out of the cohort, or to its
-- next phase and then on. Written when a client steps down and the site's policy says later; deleted
-- when the client has left the cohort.
CREATE TABLE step_downs (
  enrolment_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  path text NOT NULL CHECK (path IN ('end_of_week', 'next_phase')),
  due_at timestamptz NOT NULL
);
CREATE INDEX step_downs_due ON step_downs (due_at);
CREATE INDEX step_downs_of_client ON step_downs (client_id);
ALTER TABLE step_downs ENABLE ROW LEVEL SECURITY;
ALTER TABLE step_downs FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON step_downs
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row says how many seats a partner keeps for our clients at a level of care, in a region or,
-- without one, for all, and how many of them are held now, whichever sites the clients are of.
-- Written by regional operations, `held` with each hold; kept as long as its holds.
CREATE TABLE partner_slots (
  id uuid PRIMARY KEY,
  partner text NOT NULL,
  level text NOT NULL,
  region_id uuid REFERENCES regions,
  seats integer NOT NULL,
  held integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL,
  version integer NOT NULL DEFAULT 1,
  CHECK (held BETWEEN 0 AND seats),
  CONSTRAINT partner_slots_once UNIQUE NULLS NOT DISTINCT (partner, level, region_id)
);
CREATE INDEX partner_slots_of_level ON partner_slots (level, id);

-- A row is a partner's seat that is held for a client who needs a higher level. Written by
-- a step-up or the request for one; released by a person or when its time is over; kept as the
-- record of it.
CREATE TABLE partner_holds (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  slot_id uuid NOT NULL REFERENCES partner_slots,
  level text NOT NULL,
  held_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  released_at timestamptz,
  outcome text CHECK (outcome IN ('taken', 'given_up', 'expired')),
  version integer NOT NULL DEFAULT 1,
  CHECK ((released_at IS NULL) = (outcome IS NULL))
);
CREATE UNIQUE INDEX partner_holds_open ON partner_holds (client_id) WHERE released_at IS NULL;
CREATE INDEX partner_holds_of_slot ON partner_holds (slot_id) WHERE released_at IS NULL;
CREATE INDEX partner_holds_due ON partner_holds (expires_at) WHERE released_at IS NULL;
CREATE INDEX partner_holds_of_site ON partner_holds (site_id, id);
ALTER TABLE partner_holds ENABLE ROW LEVEL SECURITY;
ALTER TABLE partner_holds FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON partner_holds
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- migrate:down
DROP TABLE partner_holds;
DROP TABLE partner_slots;
DROP TABLE step_downs;
DROP TABLE seat_offers;
DROP TABLE urgencies;
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX waitlist_by_enrolment
  ON waitlist (site_id, priority, (coalesce(enrolled_at, waitlisted_at)), enrolment_id)
  WHERE left_at IS NULL;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX waitlist_left, waitlist_offer_again, waitlist_by_turn;
-- squawk-ignore ban-drop-column
ALTER TABLE waitlist DROP COLUMN offer_again_at;
-- squawk-ignore ban-drop-column
ALTER TABLE waitlist DROP COLUMN urgency;
