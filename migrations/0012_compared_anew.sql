-- A patient of whom more is said while it is compared is compared once more.

alter table match_pending add column n int not null default 1;
comment on column match_pending.n is 'How often it was said: a comparison that began before is not the last.';

-- Whether a lane is complete again is asked of its own dead letters, settled or not: after a mistake in a
-- profile there are many others.
create index dead_letter_lane on dead_letter (tenant, lane);
create index dead_letter_other_lane on dead_letter (tenant, other_lane) where other_lane is not null;
