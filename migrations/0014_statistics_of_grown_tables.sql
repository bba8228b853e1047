-- Statistics are made anew of a table that has grown fourfold since its last, and of no other: a server
-- that starts on a large database counts what it writes from nothing, and analyzed all tables five times
-- within its first 16,000 admissions (160 µs of each, at 120,000 patients).
create or replace function refresh_statistics() returns void language plpgsql as $$
declare
    item regclass;
begin
    for item in
        select c.oid::regclass
        from pg_class c
        where c.relnamespace = current_schema()::regnamespace
            and c.relname = any (array[
                'resource', 'history', 'fact', 'token_index', 'string_index', 'date_index', 'identity'
            ])
            and greatest(4 * c.relpages, 1)
                <= pg_relation_size(c.oid) / current_setting('block_size')::int
        order by c.relname
    loop
        execute format('analyze %s', item);
    end loop;
end $$;
comment on function refresh_statistics is
    'Statistics of the tables that grow from nothing, where they have grown fourfold since the last.';

-- A new body loses what 0005 fixed: it runs as its owner, and who calls it has no say in which tables it means.
do $$
begin
    execute format(
        'alter function refresh_statistics() security definer set search_path = %I, pg_temp',
        current_schema()
    );
end $$;
