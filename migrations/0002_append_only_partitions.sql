-- The guards of journal and audit trail stood on the partitioned tables alone: a statement that named a
-- month's partition passed by them. Row triggers of a partitioned table hold for its partitions, those
-- to come included; `truncate` knows no rows, so each partition gets a trigger of its own.

create trigger journal_rows_append_only before update or delete on journal
    for each row execute function refuse_change();
create trigger audit_rows_append_only before update or delete on audit
    for each row execute function refuse_change();

create function guard_partition(partition text) returns void language plpgsql as $$
begin
    execute format('create trigger keep before truncate on %I
        for each statement execute function refuse_change()', partition);
end $$;
comment on function guard_partition is 'Lets nobody truncate a partition of what is append-only.';

select guard_partition(inhrelid::regclass::text)
from pg_inherits
where inhparent in ('journal'::regclass, 'audit'::regclass);

create or replace function ensure_partitions(at timestamptz, months_ahead int) returns void
language plpgsql as $$
declare
    parent text;
    partition text;
    month timestamp; -- in UTC: the session's zone must not move a boundary
    low bigint;
    high bigint;
begin
    -- Several servers start at once.
    perform pg_advisory_xact_lock(hashtext('drawbridge.ensure_partitions'));
    foreach parent in array array['journal', 'applied', 'ack', 'change', 'audit'] loop
        for i in -1 .. months_ahead loop
            month := date_trunc('month', at at time zone 'UTC') + make_interval(months => i);
            partition := parent || to_char(month, '_YYYY_MM');
            low := greatest(0, (extract(epoch from month) * 1000)::bigint - 1704067200000) << 22;
            high := greatest(0, (extract(epoch from month + interval '1 month') * 1000)::bigint
                - 1704067200000) << 22;
            if low < high and to_regclass(partition) is null then
                execute format('create table %I partition of %I for values from (%s) to (%s)',
                    partition, parent, low, high);
                if parent in ('journal', 'audit') then
                    perform guard_partition(partition);
                end if;
            end if;
        end loop;
    end loop;
end $$;
