-- The register's Merkle log, made from the journal by a follower. What is in it follows from the journal, but for the signatures.
create table ledger_cursor (
  partition integer primary key,
  position bigint not null,
  size bigint not null
);

-- up to 256 hashes of 32 bytes; the last of each level grows
create table ledger_tile (
  partition integer not null,
  level smallint not null,
  number bigint not null,
  hashes bytea not null,
  primary key (partition, level, number)
);
alter table ledger_tile alter column hashes set storage external;

-- up to 256 leaves of 32 bytes
create table ledger_bundle (
  partition integer not null,
  number bigint not null,
  leaves bytea not null,
  primary key (partition, number)
);
alter table ledger_bundle alter column leaves set storage external;

-- index of the first leaf of each batch of the journal that has one
create table ledger_batch (
  partition integer not null,
  position bigint not null,
  first bigint not null,
  primary key (partition, position)
);

-- what was signed; never changed
create table ledger_checkpoint (
  partition integer not null,
  size bigint not null,
  -- batch of the journal with the seal, and its instant
  position bigint not null,
  at bigint not null,
  note text not null,
  primary key (partition, size)
);

-- verifier keys; until: when a key stops signing
create table ledger_key (
  verifier text collate "C" primary key,
  number integer not null,
  from_at bigint not null,
  until_at bigint
);
