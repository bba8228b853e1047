-- A month is dropped in a moment: what takes long, finding out which chunks nothing names any more, comes
-- after that, when no table is locked. Until then they are on a list, whatever becomes of the server.

create table loose_blob (
    tenant int not null,
    digest bytea not null,
    primary key (tenant, digest)
);
comment on table loose_blob is 'Large messages that were dropped: their chunks go unless something else names them.';

create or replace function release_blobs(of_tenant int, digests bytea[]) returns bigint
language plpgsql as $$
declare
    unnamed bytea[];
begin
    -- Whoever journals a message with these chunks has come before, and is seen below, or waits, and finds
    -- them gone (keep_chunks).
    perform from blob where tenant = of_tenant and digest = any (digests) order by digest for update;
    -- What an app posted is named in the text of its Binary, which is always short.
    select array_agg(d) into unnamed
    from unnest(digests) d
    where not exists (
            select from journal j
            where j.tenant = of_tenant and j.raw is null and j.digest = d and not exists (
                select from expunged e where e.tenant = j.tenant and e.journal = j.id
            )
        )
        and not exists (select from delivery v where v.tenant = of_tenant and v.message_digest = d)
        and not exists (
            select from resource r
            where r.tenant = of_tenant and r.origin = 'app' and pg_column_size(r.body) < 2000
                and position(encode(d, 'hex') in r.body) > 0
        );
    delete from chunk where tenant = of_tenant and digest = any (unnamed);
    delete from blob where tenant = of_tenant and digest = any (unnamed);
    return coalesce(array_length(unnamed, 1), 0);
end $$;

create function keep_chunks() returns trigger language plpgsql as $$
begin
    perform from blob where tenant = new.tenant and digest = new.digest for key share;
    if not found then
        raise exception 'the chunks of a message were released: stage them again'
            using errcode = 'serialization_failure';
    end if;
    return new;
end $$;
comment on function keep_chunks is 'A message that is too large for a row is journalled with its chunks or not at all.';

create trigger journal_keeps_chunks before insert on journal
    for each row when (new.raw is null) execute function keep_chunks();

create function release_dropped() returns bigint language plpgsql as $$
declare
    item record;
    n bigint := 0;
begin
    for item in
        with few as (
            select tenant, digest from loose_blob
            order by tenant, digest limit 100
            for update skip locked -- several servers may be at it
        ), taken as (
            delete from loose_blob l using few f
            where l.tenant = f.tenant and l.digest = f.digest
            returning l.tenant, l.digest
        )
        select tenant, array_agg(digest) as digests from taken group by tenant
    loop
        perform release_blobs(item.tenant, item.digests);
        n := n + cardinality(item.digests);
    end loop;
    return n;
end $$;
comment on function release_dropped is 'Releases some of the chunks that dropped messages named; answers how many of them it looked at.';

create or replace function drop_month(
    month_of date, by_policy text, tenants int[], interfaces smallint[], writers int[], seals bytea[]
) returns bigint language plpgsql as $$
declare
    part text := partition_of('journal', month_of);
    least_id bigint := (extract(epoch from month_of::timestamp) * 1000 - 1704067200000)::bigint << 22;
    next_id bigint := (extract(epoch from month_of::timestamp + interval '1 month') * 1000
        - 1704067200000)::bigint << 22;
    n bigint;
    n_sealed bigint;
    hanging text;
begin
    -- A shorter time is no retention: whoever has the server's role can't empty the journal.
    if now() < month_of::timestamp at time zone 'UTC' + interval '13 months' then
        raise exception 'a month is kept for a year at least' using errcode = 'insufficient_privilege';
    end if;
    -- Another server may be dropping it: only who has the lock can tell whether it is still there.
    perform set_config('lock_timeout', '0', true);
    perform pg_advisory_xact_lock(hashtext('drawbridge.ensure_partitions'));
    if to_regclass(part) is null then
        return null;
    end if;
    -- A hold that is being placed is waited for; none is placed until the month is gone.
    lock table hold in share mode;
    if held(least_id, next_id) then
        raise exception 'a legal hold reaches this month' using errcode = 'object_in_use';
    end if;
    if unfinished(least_id, next_id) then
        raise exception 'messages of this month wait' using errcode = 'object_in_use';
    end if;
    select count(*) into n from journal where id >= least_id and id < next_id;
    insert into dropped_month (month, low, high, at, n_entries, policy)
    values (month_of, least_id, next_id, now(), n, by_policy);
    insert into dropped_chain (
        month, tenant, interface, writer, n_entries, first_seq, last_seq, last, chain, seal
    )
    select month_of, e.*, s.seal
    from chain_ends(least_id, next_id) e
    join unnest(tenants, interfaces, writers, seals) s (tenant, interface, writer, seal)
        on (s.tenant, s.interface, s.writer) = (e.tenant, e.interface, e.writer);
    select coalesce(sum(n_entries), 0) into n_sealed from dropped_chain where month = month_of;
    if n_sealed <> n then
        raise exception 'not every chain of this month is sealed' using errcode = 'invalid_parameter_value';
    end if;
    insert into loose_blob (tenant, digest)
    select distinct tenant, digest from journal
    where id >= least_id and id < next_id and raw is null
    on conflict do nothing;
    delete from dead_letter where journal >= least_id and journal < next_id;
    -- From here to the end of the transaction nothing is appended: whoever appends waits behind these locks.
    perform set_config('lock_timeout', '2s', true);
    foreach hanging in array array['journal', 'applied', 'ack'] loop
        execute format('drop table if exists %I', partition_of(hanging, month_of));
    end loop;
    return n;
end $$;
comment on function drop_month is 'Drops a month of the journal with what hangs on it and records policy and chain ends; null when there is no such month. release_dropped() is to follow.';

create or replace function expunge_entry(
    of_tenant int, entry bigint, ordered_at timestamptz, why text, sealed bytea
) returns boolean language plpgsql as $$
declare
    had bytea;
    inlined boolean;
    received timestamptz;
begin
    select digest, raw is not null, received_at into had, inlined, received
    from journal where tenant = of_tenant and id = entry;
    if not found then
        return false;
    end if;
    -- A hold that is being placed is waited for.
    lock table hold in share mode;
    if exists (
        select from hold h
        where h.lifted_at is null and (h.tenant is null or h.tenant = of_tenant)
            and coalesce(h.since, '-infinity') <= received and received < coalesce(h.until, 'infinity')
    ) then
        raise exception 'a legal hold reaches this message' using errcode = 'object_in_use';
    end if;
    insert into expunged (tenant, journal, at, digest, reason, seal)
    values (of_tenant, entry, ordered_at, had, why, sealed);
    if inlined then
        update journal set raw = null where tenant = of_tenant and id = entry;
    else
        perform release_blobs(of_tenant, array[had]);
    end if;
    return true;
end $$;
comment on function expunge_entry is 'Records why a message is expunged and removes its bytes, unless a legal hold reaches it; false when there is no such entry.';

-- What the owner does for the server: a function that is made anew forgets whose rights it has.
do $$
declare
    order_of regprocedure;
begin
    foreach order_of in array array[
        'expunge_entry(int, bigint, timestamptz, text, bytea)', 'release_dropped()',
        'drop_month(date, text, int[], smallint[], int[], bytea[])'
    ]::regprocedure[] loop
        execute format('alter function %s security definer', order_of);
        execute format('alter function %s set search_path = %I, pg_temp', order_of, current_schema());
        execute format('revoke execute on function %s from public', order_of);
    end loop;
end $$;

comment on table hold is 'Legal holds: while one stands, nothing that it reaches is dropped or expunged. Rows are never removed.';
comment on column link.relation is '0 apart, 1 the same, 2 merged, 3 moved, 4 nothing: what its maker said before is taken back.';
