-- What templates say, by the hash that people approve. Nothing personal is in it. The journal says which hash counts; rows are never changed.
create table template_source (
  hash text primary key,
  source text not null, -- JSON as it was read
  compiled text not null, -- JSON; made from the source once
  seal text not null -- a keyed hash of `compiled`, so that what was changed behind the journal's back is found
);
