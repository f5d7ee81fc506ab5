-- What whoever got a mail may ask about it: by its code, and whether it was asked for.
alter table register_message
  -- the 60 bits of the code on the message
  add column code bigint,
  -- when it was handed over, or may have been
  add column sent_at bigint,
  -- keyed hash of the cause that it uses up
  add column cause text collate "C",
  -- what became known of it after it was sent, as bits: src/views/marks.ts
  add column marks integer not null default 0;

create index register_message_by_code on register_message (code);

-- The register is derived from the journal: it is written anew, so that older messages have all this as well.
truncate register_cursor, register_message, register_hold, register_count, register_alarm;
