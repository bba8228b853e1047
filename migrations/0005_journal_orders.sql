-- What leaves the journal leaves by an order that is recorded first: one message that should never have
-- been kept is expunged, a month whose time is over is dropped. Both are functions of the tables' owner,
-- so that the server needs no right to change or remove what it has journalled.

alter type disposition add value 'expunged';

create table expunged (
    journal bigint not null,
    at timestamptz not null,
    tenant int not null,
    digest bytea not null,
    reason text not null check (btrim(reason) <> ''),
    seal bytea not null,
    primary key (tenant, journal)
);
comment on table expunged is 'Append-only: messages whose bytes were removed by order. Digest and chain stay in the journal.';
comment on column expunged.reason is 'Why, in words without patient data.';
comment on column expunged.seal is 'HMAC-SHA-256 of the chain key over the rest of the row: who has the database alone can''t make one.';

create table dropped_month (
    month date primary key,
    low bigint not null,
    high bigint not null,
    at timestamptz not null,
    n_entries bigint not null,
    policy text not null check (btrim(policy) <> '')
);
comment on table dropped_month is 'Append-only: months of the journal that were dropped, with their acknowledgements and marks, and by which policy.';
comment on column dropped_month.low is 'The least id of the month; high is the least one after it.';

create table dropped_chain (
    last bigint not null,
    n_entries bigint not null,
    first_seq bigint not null,
    last_seq bigint not null,
    month date not null references dropped_month,
    tenant int not null,
    writer int not null,
    interface smallint not null,
    chain bytea not null,
    seal bytea not null,
    primary key (tenant, month, interface, writer)
);
comment on table dropped_chain is 'Append-only: where each chain stood at the end of a dropped month, so that what follows can still be proven.';
comment on column dropped_chain.chain is 'The chain value of the entry with last_seq.';
comment on column dropped_chain.seal is 'HMAC-SHA-256 of the chain key over the rest of the row.';

create table hold (
    id int generated always as identity primary key,
    tenant int references tenant,
    since timestamptz,
    until timestamptz,
    placed_at timestamptz not null default now(),
    reason text not null check (btrim(reason) <> ''),
    lifted_at timestamptz,
    lifted_why text check (btrim(lifted_why) <> '')
);
comment on table hold is 'Legal holds: while one stands, no month that it reaches is dropped. Rows are never removed.';
comment on column hold.tenant is 'Null for every tenant.';
comment on column hold.since is 'Received at or after it; null for no such bound, as is until.';

alter table dead_letter add column other_lane uuid;
comment on column dead_letter.other_lane is 'The second source identity of a merge or move.';

-- ------------------------------------------------------------------ guards

-- A journal row changes in one way only: its bytes go, and a row of `expunged` says why.
create function refuse_unordered_change() returns trigger language plpgsql as $$
begin
    if new.raw is null and old.raw is not null then
        old.raw := null;
        if row(new.*) is not distinct from row(old.*) and exists (
            select from expunged where tenant = old.tenant and journal = old.id
        ) then
            return new;
        end if;
    end if;
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;

drop trigger journal_append_only on journal;
drop trigger journal_rows_append_only on journal;
create trigger journal_append_only before delete or truncate on journal
    for each statement execute function refuse_change();
create trigger journal_rows_append_only before delete on journal
    for each row execute function refuse_change();
create trigger journal_bytes_go_by_order before update on journal
    for each row execute function refuse_unordered_change();

create trigger expunged_append_only before update or delete or truncate on expunged
    for each statement execute function refuse_change();
create trigger dropped_month_append_only before update or delete or truncate on dropped_month
    for each statement execute function refuse_change();
create trigger dropped_chain_append_only before update or delete or truncate on dropped_chain
    for each statement execute function refuse_change();
create trigger hold_append_only before delete or truncate on hold
    for each statement execute function refuse_change();

-- ------------------------------------------------------------------ orders

create function release_blobs(of_tenant int, digests bytea[]) returns bigint language plpgsql as $$
declare
    unnamed bytea[];
begin
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
comment on function release_blobs is 'Removes the chunks under some digests that nothing names any more; answers how many digests.';

create function expunge_entry(
    of_tenant int, entry bigint, ordered_at timestamptz, why text, sealed bytea
) returns boolean language plpgsql as $$
declare
    had bytea;
    inlined boolean;
begin
    select digest, raw is not null into had, inlined
    from journal where tenant = of_tenant and id = entry;
    if not found then
        return false;
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
comment on function expunge_entry is 'Records why a message is expunged and removes its bytes; false when there is no such entry.';

create function partition_of(parent text, month_of date) returns text language sql immutable as $$
    select parent || to_char(month_of, '_YYYY_MM')
$$;

create function held(low bigint, high bigint) returns boolean language sql stable as $$
    select exists (
        select from hold h
        where h.lifted_at is null
            and coalesce(h.since, '-infinity') < to_timestamp(((high >> 22) + 1704067200000) / 1000.0)
            and to_timestamp(((low >> 22) + 1704067200000) / 1000.0) < coalesce(h.until, 'infinity')
            and (h.tenant is null or exists (
                select from journal j where j.tenant = h.tenant and j.id >= held.low and j.id < held.high
            ))
    )
$$;
comment on function held is 'Whether a legal hold reaches what was received under some ids.';

create function unfinished(low bigint, high bigint) returns boolean language sql stable as $$
    select exists (
        select from queue q join tenant t on t.id = q.tenant
        where q.journal >= unfinished.low and q.journal < unfinished.high
    ) or exists (
        select from dead_letter d
        where d.settled_at is null
            and d.journal >= unfinished.low and d.journal < unfinished.high
    )
$$;
comment on function unfinished is 'Whether a message of some ids waits to be applied, or for a person.';

create function drop_month(
    month_of date, by_policy text, tenants int[], interfaces smallint[], writers int[], seals bytea[]
) returns bigint language plpgsql as $$
declare
    part text := partition_of('journal', month_of);
    least_id bigint := (extract(epoch from month_of::timestamp) * 1000 - 1704067200000)::bigint << 22;
    next_id bigint := (extract(epoch from month_of::timestamp + interval '1 month') * 1000
        - 1704067200000)::bigint << 22;
    n bigint;
    n_sealed bigint;
    big record;
    hanging text;
begin
    -- A shorter time is no retention: whoever has the server's role can't empty the journal.
    if now() < month_of::timestamp at time zone 'UTC' + interval '13 months' then
        raise exception 'a month is kept for a year at least' using errcode = 'insufficient_privilege';
    end if;
    if to_regclass(part) is null then
        return null;
    end if;
    perform pg_advisory_xact_lock(hashtext('drawbridge.ensure_partitions'));
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
    create temporary table big_ones on commit drop as
        select tenant, array_agg(digest) as digests from journal
        where id >= least_id and id < next_id and raw is null
        group by tenant;
    foreach hanging in array array['journal', 'applied', 'ack'] loop
        execute format('drop table if exists %I', partition_of(hanging, month_of));
    end loop;
    for big in select * from big_ones loop
        perform release_blobs(big.tenant, big.digests);
    end loop;
    drop table big_ones;
    delete from dead_letter where journal >= least_id and journal < next_id;
    return n;
end $$;
comment on function drop_month is 'Drops a month of the journal with what hangs on it and records policy and chain ends; null when there is no such month.';

create function chain_ends(low bigint, high bigint) returns table (
    tenant int, interface smallint, writer int, n_entries bigint, first_seq bigint,
    last_seq bigint, last bigint, chain bytea
) language sql stable as $$
    select j.tenant, j.interface, j.writer, count(*), min(j.seq), max(j.seq), max(j.id),
        (array_agg(j.chain order by j.seq desc))[1]
    from journal j
    where j.id >= chain_ends.low and j.id < chain_ends.high
    group by 1, 2, 3
$$;
comment on function chain_ends is 'Where each chain begins and ends among some ids.';

create function place_hold(of_tenant int, from_at timestamptz, until_at timestamptz, why text)
returns int language sql as $$
    insert into hold (tenant, since, until, reason) values (of_tenant, from_at, until_at, why)
    returning id
$$;
comment on function place_hold is 'Places a legal hold.';

create function lift_hold(hold_id int, why text) returns boolean language plpgsql as $$
begin
    update hold set lifted_at = now(), lifted_why = why where id = hold_id and lifted_at is null;
    return found;
end $$;
comment on function lift_hold is 'Lifts a hold that stands; it stays on record. False when none stands.';

create function refresh_statistics() returns void language sql as $$
    analyze resource, history, fact, token_index, string_index, date_index, identity
$$;
comment on function refresh_statistics is 'Statistics of the tables that grow from nothing.';

-- ------------------------------------------------------------------ the server's role

-- What the server may ask of the owner. Each function's search path is fixed: who calls it has no say in
-- which tables it means.
do $$
declare
    order_of regprocedure;
begin
    foreach order_of in array array[
        'ensure_partitions(timestamptz, int)', 'expunge_entry(int, bigint, timestamptz, text, bytea)',
        'drop_month(date, text, int[], smallint[], int[], bytea[])', 'refresh_statistics()',
        'place_hold(int, timestamptz, timestamptz, text)', 'lift_hold(int, text)'
    ]::regprocedure[] loop
        execute format('alter function %s security definer', order_of);
        execute format('alter function %s set search_path = %I, pg_temp', order_of, current_schema());
        execute format('revoke execute on function %s from public', order_of);
    end loop;
end $$;

create function grant_server(server name) returns void language plpgsql as $$
declare
    item record;
begin
    -- Before PostgreSQL 15 everybody may make tables in `public`.
    execute format('revoke create on schema %I from public', current_schema());
    execute format('grant usage on schema %I to %I', current_schema(), server);
    execute format('grant usage on all sequences in schema %I to %I', current_schema(), server);
    for item in
        select relname as name from pg_class
        where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p')
            and not relispartition
    loop
        execute format('revoke all on %I from %I', item.name, server);
        execute format('grant %s on %I to %I', case
            when item.name in ('journal', 'audit') then 'select, insert'
            when item.name in
                ('expunged', 'dropped_month', 'dropped_chain', 'hold', '_sqlx_migrations')
            then 'select'
            else 'select, insert, update, delete'
        end, item.name, server);
    end loop;
    for item in
        select p.oid::regprocedure as name from pg_proc p
        where p.pronamespace = current_schema()::regnamespace and p.prosecdef
    loop
        execute format('grant execute on function %s to %I', item.name, server);
    end loop;
end $$;
comment on function grant_server is 'Gives a role what the server needs and no more: it can''t change or remove what is append-only.';
