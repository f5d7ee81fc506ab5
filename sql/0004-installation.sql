-- What this database belongs to: a check value of the master key in the data directory. Without that key nothing that is sealed can be read,
-- so another one must not begin to write.
create table installation (
  singleton boolean primary key default true check (singleton),
  key_check text collate "C" not null
);
