-- Intended bulk sends. What a campaign says lies here sealed under the master key, one row for each content that it ever had; its audience lies
-- sealed under a key of its own, which is destroyed when the campaign ends. What has happened to it is in the journal.
create table campaign (
  id uuid primary key,
  -- the newest upload of its audience
  revision integer not null,
  -- wrapped; null once it was destroyed
  key bytea,
  -- what was found out about the newest uploads, as JSON; nothing personal
  findings text not null
);

create table campaign_content (
  campaign uuid not null,
  hash text not null,
  sealed bytea not null,
  primary key (campaign, hash)
);

-- In the order of the keyed hash of the mailbox, which is as good as drawn by lot: that of the audience's hash and of sending.
create table campaign_recipient (
  campaign uuid not null,
  revision integer not null,
  mailbox text collate "C" not null,
  address text collate "C" not null,
  account text collate "C" not null,
  -- empty once the person was erased: the hashes stay, so that the approved audience can still be verified
  sealed bytea not null,
  primary key (campaign, revision, mailbox)
);

alter table register_message
  add column campaign uuid,
  add column ordinal integer,
  -- source of the matched cause
  add column source text;
