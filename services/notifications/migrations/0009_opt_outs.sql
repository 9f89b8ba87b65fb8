-- migrate:up

-- A row says that nothing goes to an address by a channel from `since` on: whoever has it said so
-- (`opted_out`), or nothing arrives there (`unreachable`). It is about the address and so of no
-- site; it holds for every client who has it. Written from replies, one-click addresses and what
-- providers report; ended by a new opt-in, or for `unreachable` by newer details; kept as evidence.
CREATE TABLE stopped_addresses (
  id uuid PRIMARY KEY,
  channel text NOT NULL CHECK (channel IN ('email', 'sms', 'voice')),
  address text NOT NULL,
  reason text NOT NULL CHECK (reason IN ('opted_out', 'unreachable')),
  learned_from text NOT NULL
    CHECK (learned_from IN ('word', 'free_text', 'one_click', 'provider')),
  since timestamptz NOT NULL,
  ended_at timestamptz
);
CREATE UNIQUE INDEX stopped_addresses_now ON stopped_addresses (address, channel, reason)
  WHERE ended_at IS NULL;

-- A row says that a provider's call about a reply was dealt with: the same call again does nothing.
-- Written by the webhook; goes away after the time in which a call may come again.
CREATE TABLE replies_taken (
  provider text NOT NULL,
  provider_id text NOT NULL,
  taken_at timestamptz NOT NULL,
  PRIMARY KEY (provider, provider_id)
);
CREATE INDEX replies_taken_by_age ON replies_taken (taken_at);

-- A row is what a client wrote back, one for each client who has the address, and what it was taken
-- to mean. Written by the webhook, for staff to read; `body` is gone after `forget_at`, the rest is
-- kept with the client's record.
CREATE TABLE replies (
  id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  channel text NOT NULL,
  meaning text NOT NULL CHECK (meaning IN ('stop', 'start', 'help', 'urgent', 'other')),
  body text,
  received_at timestamptz NOT NULL,
  forget_at timestamptz NOT NULL
);
CREATE INDEX replies_of_client ON replies (client_id, id);
CREATE INDEX replies_forgotten ON replies (forget_at) WHERE body IS NOT NULL;
ALTER TABLE replies ENABLE ROW LEVEL SECURITY;
ALTER TABLE replies FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON replies
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- The way that a client asked for first, null where the channel says it; whose number it is is asked
-- when a reply comes. A call may end on voicemail, so it needs to be known what may be left there.
ALTER TABLE contacts ADD COLUMN preferred text CHECK (preferred IN ('email', 'sms', 'voice'));
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX contacts_by_phone ON contacts (phone) WHERE phone IS NOT NULL;
ALTER TABLE contact_consents ADD COLUMN voicemail text;

-- migrate:down
-- squawk-ignore ban-drop-column
ALTER TABLE contact_consents DROP COLUMN voicemail;
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX contacts_by_phone;
-- squawk-ignore ban-drop-column
ALTER TABLE contacts DROP COLUMN preferred;
DROP TABLE replies;
DROP TABLE replies_taken;
DROP TABLE stopped_addresses;
