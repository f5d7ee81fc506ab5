-- What audits of domains have found: the newest report of each, and which records were there from when to when. All of it is public DNS.
create table domain_report (
  domain text primary key,
  at bigint not null,
  report text not null -- JSON
);

create table domain_record (
  domain text not null,
  name text not null,
  type text not null,
  "values" text not null, -- JSON: texts, sorted; none when there was no such record
  since bigint not null,
  until bigint, -- when it was first found to be another one
  primary key (domain, name, type, since)
);

create unique index domain_record_now on domain_record (domain, name, type) where until is null;

-- What an alarm tells besides numbers and messages, as JSON
alter table register_alarm add column change text;
