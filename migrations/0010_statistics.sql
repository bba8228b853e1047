-- Statistics are made of what plans ask for, and of no more: most of the time of an `analyze` went into
-- bodies and arrays that no predicate leads with (850 ms against 130 ms at 20,000 charts). Rows are found
-- by keys; a sample of some thousand tells how long a table is.

do $$
declare
    item record;
begin
    for item in
        select c.relname as name, a.attname as attribute,
            a.attname = any (array[
                'body', 'lineage', 'content', 'tokens', 'string_params', 'strings', 'date_params',
                'date_lows', 'date_highs'
            ]) as unasked
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = current_schema()::regnamespace
            and c.relname = any (array[
                'resource', 'history', 'fact', 'feature', 'token_index', 'string_index', 'date_index',
                'identity'
            ])
    loop
        execute format(
            'alter table %I alter column %I set statistics %s',
            item.name, item.attribute, case when item.unasked then 0 else 20 end
        );
    end loop;
end $$;

-- Whether a lane is complete again is asked with every batch; hardly any lane is not.
create index lane_incomplete on lane (tenant, lane) where incomplete;

-- Identifiers are compared byte by byte, whatever the cluster's locale.
alter table identity
    alter column authority type text collate "C",
    alter column type_code type text collate "C",
    alter column value type text collate "C";

-- A patient's keys stand beside what it is compared by: an index of match_key by patient is a third of what
-- matching writes, and was asked once in a patient's life.
alter table feature add column keys bigint[] not null default '{}';
comment on column feature.keys is 'Its rows of match_key.';
update feature f set keys = (
    select coalesce(array_agg(k.key), '{}') from match_key k
    where k.tenant = f.tenant and k.entity = f.entity
);
drop index match_key_entity;
