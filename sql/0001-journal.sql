-- The journal. One row of journal is one batch of one partition; nothing in it is ever changed.

-- Where a partition stands and who may write it. One row, moved by every append: the low fill factor keeps those updates on its page.
create table partition (
  id integer primary key check (id >= 0),
  epoch bigint not null,
  head bigint not null,
  head_hash bytea not null check (octet_length(head_hash) = 32),
  last_at bigint not null
) with (fillfactor = 10);

-- No foreign key to partition: the append statement moves the head in the same commit, and a check per row would only cost time.
create table journal (
  partition integer not null,
  position bigint not null,
  at bigint not null,
  hash bytea not null,
  events bytea not null,
  sealed bytea not null,
  primary key (partition, position)
);

-- Ciphertext does not compress, and trying costs more than writing it.
alter table journal alter column events set storage external;
alter table journal alter column sealed set storage external;

-- The subject keys of a batch, wrapped. Replaced when a subject is erased, so kept apart from the rows that never change.
create table subject_keys (
  partition integer not null,
  position bigint not null,
  keys bytea not null,
  primary key (partition, position)
);
alter table subject_keys alter column keys set storage external;

-- Derived: the state of the core at a position, in pages. Dropping both tables only makes the next start longer.
create table snapshot (
  partition integer primary key,
  position bigint not null
);
create table snapshot_page (
  partition integer not null,
  page text not null,
  bytes bytea not null,
  primary key (partition, page)
);
alter table snapshot_page alter column bytes set storage external;
