-- The register as it is read: derived from the journal by src/views, and rebuilt from position 0 when in doubt. Hashes are keyed, so no
-- column tells a recipient. Instants are milliseconds since 1970, as in the journal.

-- How far the register has followed a partition; moved in the commit that writes the rows.
create table register_cursor (
  partition integer primary key,
  position bigint not null
);

-- One row a message. Room is left on the pages, so that a change of state, which no index covers, stays on its page.
create table register_message (
  id uuid primary key,
  partition integer not null,
  application text collate "C" not null,
  class text collate "C" not null,
  account text collate "C" not null,
  mailbox text collate "C" not null,
  address text collate "C" not null,
  lane text collate "C" not null,
  state text collate "C" not null,
  first text collate "C" not null,
  outcome text collate "C" not null,
  reasons text[] not null,
  via text collate "C" not null,
  template text,
  upstream text not null,
  attempts integer not null,
  erased boolean not null,
  at bigint not null,
  updated_at bigint not null,
  expires_at bigint not null,
  sealed_offset integer not null,
  sealed_length integer not null,
  key_page integer not null,
  key_slot integer not null,
  positions bigint[] not null
) with (fillfactor = 85);

create index register_message_by_time on register_message (at, id);
create index register_message_by_account on register_message (account, at, id);
create index register_message_by_class on register_message (class, at, id);

-- What waits for a person or for its cause. Apart, because an index on the state would be rewritten by every delivery.
create table register_hold (
  id uuid primary key,
  held_class text collate "C" not null,
  decided_at bigint not null
);
create index register_hold_by_time on register_hold (decided_at, id);

-- Messages by class, lane and clock hour: first outcomes (deliver, hold, …) and what became of them (delivered, released, …).
create table register_count (
  partition integer not null,
  hour bigint not null,
  class text collate "C" not null,
  lane text collate "C" not null,
  measure text collate "C" not null,
  messages bigint not null,
  primary key (partition, hour, class, lane, measure)
);
