-- What was refused goes with the month in which it came: by the same policy, under the same holds, on the
-- same record.

alter table dropped_month add column n_quarantined bigint not null default 0;
comment on column dropped_month.n_quarantined is 'How many refused messages and fragments went with it.';

create function drop_quarantined() returns trigger language plpgsql as $$
begin
    delete from quarantine where id >= new.low and id < new.high;
    get diagnostics new.n_quarantined = row_count;
    return new;
end $$;
comment on function drop_quarantined is 'What was quarantined in a month goes with it.';

create trigger quarantine_goes_too before insert on dropped_month
    for each row execute function drop_quarantined();

delete from quarantine q using dropped_month d where d.low <= q.id and q.id < d.high;

create or replace function held(low bigint, high bigint) returns boolean language sql stable as $$
    select exists (
        select from hold h
        where h.lifted_at is null
            and coalesce(h.since, '-infinity') < to_timestamp(((high >> 22) + 1704067200000) / 1000.0)
            and to_timestamp(((low >> 22) + 1704067200000) / 1000.0) < coalesce(h.until, 'infinity')
            and (h.tenant is null or exists (
                select from journal j where j.tenant = h.tenant and j.id >= held.low and j.id < held.high
            ) or exists (
                select from quarantine q where q.tenant = h.tenant and q.id >= held.low and q.id < held.high
            ))
    )
$$;
