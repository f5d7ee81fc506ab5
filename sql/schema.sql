table journal
  partition integer not null
  position bigint not null
  at bigint not null
  hash bytea not null
  events bytea not null storage external
  sealed bytea not null storage external
  constraint journal_pkey PRIMARY KEY (partition, "position")

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
