-- How urgent a message is, 0 first: the order in which what is held goes when many are released. Null for messages of before this column.
alter table register_message add column priority smallint;
