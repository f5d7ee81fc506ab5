-- What the detectors noticed, with what each alarm rests on, and what has become of it. Derived from the journal, as the rest of the register.
create table register_alarm (
  partition integer not null,
  id bigint not null,
  at bigint not null,
  level text collate "C" not null,
  detector text collate "C" not null,
  class text collate "C" not null,
  lane text collate "C" not null,
  source text collate "C" not null,
  template text collate "C" not null,
  -- a JSON object, name to number
  numbers text not null,
  messages uuid[] not null,
  -- scope of the breaker that it opened, as JSON; null when it opened none
  scope text collate "C",
  -- open, half-open or closed, and when the phase ends by itself
  phase text collate "C",
  ends_at bigint,
  -- how often the breaker had opened without having closed between
  trips integer,
  -- when what it told of had been good again for a while
  cleared_at bigint,
  primary key (partition, id)
);

create index register_alarm_by_time on register_alarm (at, partition, id);
create index register_alarm_with_breaker on register_alarm (partition, scope) where phase <> 'closed';
