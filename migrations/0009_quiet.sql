alter table queue add column quiet boolean not null default false;
comment on column queue.quiet is 'Applied without side effects: a backlog that is loaded, a message that is interpreted again.';
alter table change add column quiet boolean not null default false;
comment on column change.quiet is 'What alarms and notifies nobody.';
