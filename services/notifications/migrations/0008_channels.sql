-- migrate:up

-- A message can go by text message or call. Then the provider's answer is not the end: it is `sent`
-- until a report says `delivered` or `bounced`. `provider` and `provider_id` are how the provider
-- knows it; `refused_by` are the ways that were tried in vain, so that another one is taken; who
-- discarded a message that was given up, and when, ends what an operator has to do about it.
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_channel_check;
ALTER TABLE notifications ADD CONSTRAINT notifications_channel_known CHECK (channel IN (
  'email', 'sms', 'voice', 'webhook', 'chat', 'log'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_state_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_state_known CHECK (state IN (
  'planned', 'sending', 'sent', 'delivered', 'bounced', 'failed', 'suppressed', 'cancelled'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_failure_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_failure_known CHECK (failure IN (
  'no_contact_details', 'no_contacts', 'refused_by_channel', 'no_longer_timely',
  'outcome_unknown', 'unreachable'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_rule_known;
ALTER TABLE notifications ADD CONSTRAINT notifications_rule_known CHECK (rule IN (
  'no_consent', 'revoked', 'expired', 'other_way', 'other_use', 'outside_safe_times', 'opted_out'
)) NOT VALID;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_ended;
ALTER TABLE notifications ADD CONSTRAINT notifications_ended CHECK (
  (state IN ('delivered', 'bounced', 'failed', 'suppressed', 'cancelled')) = (ended_at IS NOT NULL)
) NOT VALID;
ALTER TABLE notifications ADD COLUMN provider text;
ALTER TABLE notifications ADD COLUMN provider_id text;
ALTER TABLE notifications ADD COLUMN sent_at timestamptz;
ALTER TABLE notifications ADD COLUMN refused_by text[] NOT NULL DEFAULT '{}';
ALTER TABLE notifications ADD COLUMN discarded_by text;
ALTER TABLE notifications ADD COLUMN discarded_at timestamptz;
-- What was given up and nobody decided about.
-- squawk-ignore require-concurrent-index-creation
CREATE INDEX notifications_dead ON notifications (site_id, id)
  WHERE state IN ('failed', 'bounced') AND discarded_at IS NULL;

-- A row is what was handed to a channel for one message: written and committed right before, so that
-- whoever finds it `uncertain` later knows that the message may be out, and can look for exactly this
-- text to this address. Written by the sender, certain again when its outcome is written; shown to
-- those who may read what clients were told; goes away at `forget_at`. `unsubscribe` is the digest of
-- the secret of the mail's one-click address.
CREATE TABLE handovers (
  notification_id uuid PRIMARY KEY,
  site_id uuid NOT NULL,
  client_id uuid NOT NULL,
  channel text NOT NULL,
  address text,
  subject text NOT NULL,
  body text NOT NULL,
  unsubscribe bytea,
  began_at timestamptz NOT NULL,
  uncertain boolean NOT NULL,
  forget_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX handovers_unsubscribe ON handovers (unsubscribe) WHERE unsubscribe IS NOT NULL;
CREATE INDEX handovers_forgotten ON handovers (forget_at);
ALTER TABLE handovers ENABLE ROW LEVEL SECURITY;
ALTER TABLE handovers FORCE ROW LEVEL SECURITY;
CREATE POLICY site ON handovers
  USING (platform.visible(site_id)) WITH CHECK (platform.visible(site_id));

-- A row is a provider's word on what became of a message: each status once, however often and in
-- whatever order it is told. Written by the webhook without waiting for anybody, `applied` by the
-- sender of the message's queue; goes away with what was handed over.
CREATE TABLE delivery_reports (
  notification_id uuid NOT NULL,
  provider_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('sent', 'delivered', 'bounced')),
  provider text NOT NULL,
  error_code integer,
  reported_at timestamptz NOT NULL,
  applied boolean NOT NULL,
  PRIMARY KEY (notification_id, provider_id, status)
);
CREATE INDEX delivery_reports_new ON delivery_reports (reported_at) WHERE NOT applied;

-- A row counts the calls of a webhook that were refused, by day, provider and reason; never what
-- they said. Written by the webhooks, kept as evidence that somebody tried.
CREATE TABLE refused_webhooks (
  day date NOT NULL,
  provider text NOT NULL,
  reason text NOT NULL,
  calls integer NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (day, provider, reason)
);

-- migrate:down
DROP TABLE refused_webhooks;
DROP TABLE delivery_reports;
DROP TABLE handovers;
-- Rows of all sites are brought back below; the setting ends with the transaction.
SET LOCAL stepwell.sites = '*';
-- squawk-ignore require-concurrent-index-deletion
DROP INDEX notifications_dead;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_ended;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_rule_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_failure_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_state_known;
-- squawk-ignore ban-drop-constraint
ALTER TABLE notifications DROP CONSTRAINT notifications_channel_known;
UPDATE notifications SET
  state = CASE state WHEN 'sent' THEN 'delivered' WHEN 'bounced' THEN 'failed' ELSE state END,
  ended_at = CASE state WHEN 'sent' THEN sent_at ELSE ended_at END,
  failure = CASE WHEN state = 'bounced' OR failure IN ('outcome_unknown', 'unreachable')
    THEN 'refused_by_channel' ELSE failure END,
  rule = CASE rule WHEN 'opted_out' THEN 'revoked' ELSE rule END,
  channel = CASE WHEN channel IN ('email', 'log') THEN channel WHEN channel IS NULL THEN NULL
    ELSE 'email' END;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN discarded_at;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN discarded_by;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN refused_by;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN sent_at;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN provider_id;
-- squawk-ignore ban-drop-column
ALTER TABLE notifications DROP COLUMN provider;
ALTER TABLE notifications ADD CONSTRAINT notifications_channel_check
  CHECK (channel IN ('email', 'log')) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_state_known CHECK (state IN (
  'planned', 'sending', 'delivered', 'failed', 'suppressed', 'cancelled'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_failure_known CHECK (failure IN (
  'no_contact_details', 'no_contacts', 'refused_by_channel', 'no_longer_timely'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_rule_known CHECK (rule IN (
  'no_consent', 'revoked', 'expired', 'other_way', 'other_use', 'outside_safe_times'
)) NOT VALID;
ALTER TABLE notifications ADD CONSTRAINT notifications_ended CHECK (
  (state IN ('delivered', 'failed', 'suppressed', 'cancelled')) = (ended_at IS NOT NULL)
) NOT VALID;
