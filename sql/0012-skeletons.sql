-- Looks of mails that were learnt: words that enough different people got, and nothing personal. The journal says which of them count.
create table skeleton (
  name text not null,
  version text not null,
  hash text not null,
  application text not null,
  class text not null,
  learnt text not null, -- JSON
  primary key (name, version)
);

-- What is being learnt, as keyed hashes of words, sealed under the installation's key. To lose a row is to learn anew.
create table skeleton_underway (
  application text not null,
  class text not null,
  sealed bytea not null,
  seen_at bigint not null,
  primary key (application, class)
);
