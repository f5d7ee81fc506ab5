table campaign
  id uuid not null
  revision integer not null
  key bytea
  findings text not null
  constraint campaign_pkey PRIMARY KEY (id)

table campaign_content
  campaign uuid not null
  hash text not null
  sealed bytea not null
  constraint campaign_content_pkey PRIMARY KEY (campaign, hash)

table campaign_recipient
  campaign uuid not null
  revision integer not null
  mailbox text not null
  address text not null
  account text not null
  sealed bytea not null
  constraint campaign_recipient_pkey PRIMARY KEY (campaign, revision, mailbox)

table domain_record
  domain text not null
  name text not null
  type text not null
  values text not null
  since bigint not null
  until bigint
  constraint domain_record_pkey PRIMARY KEY (domain, name, type, since)
  CREATE UNIQUE INDEX domain_record_now ON public.domain_record USING btree (domain, name, type) WHERE (until IS NULL)

table domain_report
  domain text not null
  at bigint not null
  report text not null
  constraint domain_report_pkey PRIMARY KEY (domain)

table installation
  singleton boolean not null default true
  key_check text not null
  constraint installation_pkey PRIMARY KEY (singleton)
  constraint installation_singleton_check CHECK (singleton)

table journal
  partition integer not null
  position bigint not null
  at bigint not null
  hash bytea not null
  events bytea not null storage external
  sealed bytea not null storage external
  constraint journal_pkey PRIMARY KEY (partition, "position")

table ledger_batch
  partition integer not null
  position bigint not null
  first bigint not null
  constraint ledger_batch_pkey PRIMARY KEY (partition, "position")

table ledger_bundle
  partition integer not null
  number bigint not null
  leaves bytea not null storage external
  constraint ledger_bundle_pkey PRIMARY KEY (partition, number)

table ledger_checkpoint
  partition integer not null
  size bigint not null
  position bigint not null
  at bigint not null
  note text not null
  constraint ledger_checkpoint_pkey PRIMARY KEY (partition, size)

table ledger_cursor
  partition integer not null
  position bigint not null
  size bigint not null
  constraint ledger_cursor_pkey PRIMARY KEY (partition)

table ledger_key
  verifier text not null
  number integer not null
  from_at bigint not null
  until_at bigint
  constraint ledger_key_pkey PRIMARY KEY (verifier)

table ledger_tile
  partition integer not null
  level smallint not null
  number bigint not null
  hashes bytea not null storage external
  constraint ledger_tile_pkey PRIMARY KEY (partition, level, number)

table migration
  number integer not null
  name text not null
  applied_at timestamp with time zone not null default now()
  constraint migration_pkey PRIMARY KEY (number)

table partition with (fillfactor=10)
  id integer not null
  epoch bigint not null
  head bigint not null
  head_hash bytea not null
  last_at bigint not null
  constraint partition_head_hash_check CHECK ((octet_length(head_hash) = 32))
  constraint partition_id_check CHECK ((id >= 0))
  constraint partition_pkey PRIMARY KEY (id)

table register_alarm
  partition integer not null
  id bigint not null
  at bigint not null
  level text not null
  detector text not null
  class text not null
  lane text not null
  source text not null
  template text not null
  numbers text not null
  messages uuid[] not null
  scope text
  phase text
  ends_at bigint
  trips integer
  cleared_at bigint
  change text
  constraint register_alarm_pkey PRIMARY KEY (partition, id)
  CREATE INDEX register_alarm_by_time ON public.register_alarm USING btree (at, partition, id)
  CREATE INDEX register_alarm_with_breaker ON public.register_alarm USING btree (partition, scope) WHERE (phase <> 'closed'::text)

table register_count
  partition integer not null
  hour bigint not null
  class text not null
  lane text not null
  measure text not null
  messages bigint not null
  constraint register_count_pkey PRIMARY KEY (partition, hour, class, lane, measure)

table register_cursor
  partition integer not null
  position bigint not null
  constraint register_cursor_pkey PRIMARY KEY (partition)

table register_hold
  id uuid not null
  held_class text not null
  decided_at bigint not null
  constraint register_hold_pkey PRIMARY KEY (id)
  CREATE INDEX register_hold_by_time ON public.register_hold USING btree (decided_at, id)

table register_message with (fillfactor=85)
  id uuid not null
  partition integer not null
  application text not null
  class text not null
  account text not null
  mailbox text not null
  address text not null
  lane text not null
  state text not null
  first text not null
  outcome text not null
  reasons text[] not null
  via text not null
  template text
  upstream text not null
  attempts integer not null
  erased boolean not null
  at bigint not null
  updated_at bigint not null
  expires_at bigint not null
  sealed_offset integer not null
  sealed_length integer not null
  key_page integer not null
  key_slot integer not null
  positions bigint[] not null
  campaign uuid
  ordinal integer
  source text
  priority smallint
  code bigint
  sent_at bigint
  cause text
  marks integer not null default 0
  constraint register_message_pkey PRIMARY KEY (id)
  CREATE INDEX register_message_by_account ON public.register_message USING btree (account, at, id)
  CREATE INDEX register_message_by_class ON public.register_message USING btree (class, at, id)
  CREATE INDEX register_message_by_code ON public.register_message USING btree (code)
  CREATE INDEX register_message_by_time ON public.register_message USING btree (at, id)

table skeleton
  name text not null
  version text not null
  hash text not null
  application text not null
  class text not null
  learnt text not null
  constraint skeleton_pkey PRIMARY KEY (name, version)

table skeleton_underway
  application text not null
  class text not null
  sealed bytea not null
  seen_at bigint not null
  constraint skeleton_underway_pkey PRIMARY KEY (application, class)

table snapshot
  partition integer not null
  position bigint not null
  constraint snapshot_pkey PRIMARY KEY (partition)

table snapshot_page
  partition integer not null
  page text not null
  bytes bytea not null storage external
  constraint snapshot_page_pkey PRIMARY KEY (partition, page)

table subject_keys
  partition integer not null
  position bigint not null
  keys bytea not null storage external
  constraint subject_keys_pkey PRIMARY KEY (partition, "position")

table template_source
  hash text not null
  source text not null
  compiled text not null
  seal text not null
  constraint template_source_pkey PRIMARY KEY (hash)

table webhook_cursor
  partition integer not null
  position bigint not null
  constraint webhook_cursor_pkey PRIMARY KEY (partition)

table webhook_endpoint
  number integer not null generated as identity
  partition integer not null
  url_hash text not null
  since bigint not null
  disabled_at bigint
  constraint webhook_endpoint_partition_url_hash_key UNIQUE (partition, url_hash)
  constraint webhook_endpoint_pkey PRIMARY KEY (number)

sequence webhook_endpoint_number_seq

table webhook_message
  id uuid not null
  partition integer not null
  application text not null
  class text not null
  lane text not null
  outcome text not null
  constraint webhook_message_pkey PRIMARY KEY (id)

table webhook_outbox
  endpoint integer not null
  position bigint not null
  ordinal integer not null
  id text not null
  body text not null
  at bigint not null
  attempts integer not null default 0
  next_at bigint not null default 0
  constraint webhook_outbox_pkey PRIMARY KEY (endpoint, "position", ordinal)
  CREATE INDEX webhook_outbox_to_retry ON public.webhook_outbox USING btree (endpoint, next_at) WHERE (attempts > 0)
