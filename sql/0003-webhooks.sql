-- What webhooks tell of messages, between the journal and the receivers: written by src/outbound/webhook, derived from the journal, without
-- a recipient, an account or a secret. Instants are milliseconds since 1970, as in the journal.

-- How far the notifier has followed a partition; moved in the commit that writes the rows.
create table webhook_cursor (
  partition integer primary key,
  position bigint not null
);

-- One row a configured address. The address itself may hold a secret, so only its hash is here.
create table webhook_endpoint (
  number integer generated always as identity primary key,
  partition integer not null,
  url_hash text collate "C" not null,
  since bigint not null,
  disabled_at bigint,
  unique (partition, url_hash)
);

-- What later events of a message do not say again; only of messages that have not ended.
create table webhook_message (
  id uuid primary key,
  partition integer not null,
  application text collate "C" not null,
  class text collate "C" not null,
  lane text collate "C" not null,
  outcome text collate "C" not null
);

-- What is still to be delivered. A row that was never tried is found by its place, behind the ones that were; only rows that failed are in
-- the second index, so that the usual row costs one index entry.
create table webhook_outbox (
  endpoint integer not null,
  position bigint not null,
  ordinal integer not null,
  id text collate "C" not null,
  body text collate "C" not null,
  at bigint not null,
  attempts integer not null default 0,
  next_at bigint not null default 0,
  primary key (endpoint, position, ordinal)
);
create index webhook_outbox_to_retry on webhook_outbox (endpoint, next_at) where attempts > 0;
