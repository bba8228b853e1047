-- The whole of the store. `tenant` leads every primary key and every query (it is the distribution
-- column of a larger installation). Ids of the partitioned tables grow with time
-- (milliseconds since 2024-01-01 << 22 | writer | counter; model::IdSource), so a month is a range.

create table tenant (
    id int primary key,
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
    identity_key bytea not null
        default sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())),
    created_at timestamptz not null default now()
);
comment on table tenant is 'One agency. A transaction touches one tenant.';
comment on column tenant.identity_key is 'Keys the ids of resources: an identifier must not be guessable from an id.';
insert into tenant (id, name) values (1, 'default');

create table interface (
    id smallint generated always as identity primary key,
    tenant int not null references tenant,
    name text not null,
    unique (tenant, name)
);
comment on table interface is 'A configured way in; belongs to one tenant.';

create table writer (
    id int generated always as identity primary key,
    purpose text not null,
    key_id text not null,
    started_at timestamptz not null default now()
);
comment on table writer is 'A writing task of one process: it keeps digest chains of its own.';
comment on column writer.key_id is 'Which chain key (a file outside the database) the chains are keyed with.';

-- ------------------------------------------------------------------ messages

create table journal (
    id bigint not null,
    received_at timestamptz not null,
    seq bigint not null,
    tenant int not null,
    writer int not null,
    size int not null,
    interface smallint not null,
    peer text not null,
    sending_application text not null,
    sending_facility text not null,
    message_type text not null,
    control_id text not null,
    digest bytea not null,
    chain bytea not null,
    raw bytea,
    primary key (tenant, id)
) partition by range (id);
comment on table journal is 'Append-only: receipt facts and exact bytes, committed before the ACK.';
comment on column journal.seq is 'Place in the chain of (interface, writer), from 1.';
comment on column journal.digest is 'SHA-256 of the bytes.';
comment on column journal.chain is 'HMAC-SHA-256 over the previous chain value, seq, received_at and digest.';
comment on column journal.raw is 'The bytes as received; null when they live as chunks under digest.';

create table seen (
    key uuid not null,
    digest uuid not null,
    journal bigint not null,
    at timestamptz not null,
    tenant int not null,
    primary key (tenant, key, digest)
) with (autovacuum_vacuum_scale_factor = 0.05);
create index seen_at on seen using brin (at);
comment on table seen is 'Resends of the last 48 hours are recognised here.';
comment on column seen.key is 'First half of SHA-256 over MSH-3, MSH-4, MSH-10.';
comment on column seen.digest is 'First half of SHA-256 over the message without MSH-7.';

create table queue (
    journal bigint not null,
    lane uuid not null,
    other_lane uuid,
    tenant int not null,
    interface smallint not null,
    attempts smallint not null default 0,
    reused_control_id boolean not null default false,
    due_at timestamptz not null default '-infinity',
    primary key (tenant, journal)
) with (
    fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0
);
comment on table queue is 'Derived from the journal: what waits to be applied, and in which lane.';
comment on column queue.other_lane is 'The second source identity of a merge or move.';
comment on column queue.reused_control_id is 'The same MSH-3, MSH-4 and MSH-10 came before with other content.';

create type disposition as enum ('applied', 'duplicate', 'unrouted', 'dead', 'discarded');

create table applied (
    journal bigint not null,
    at timestamptz not null,
    tenant int not null,
    profile int,
    mapping_version smallint,
    disposition disposition not null,
    reused_control_id boolean not null default false,
    note text,
    primary key (tenant, journal)
) partition by range (journal);
comment on table applied is 'What became of a journalled message, and which mapping and profile version made it so.';
comment on column applied.note is 'Why, in words without patient data.';

create table profile (
    id int generated always as identity primary key,
    name text not null,
    version text not null,
    digest bytea not null,
    unique (name, version, digest)
);
comment on table profile is 'Versions of site profiles that have applied messages.';

create table ack (
    journal bigint not null,
    at timestamptz not null,
    tenant int not null,
    code text not null,
    primary key (tenant, journal, code)
) partition by range (journal);
comment on table ack is 'The answer that was sent, kept best effort; its MSH-10 is the journal id, so it can be printed again.';

create table quarantine (
    id bigint not null,
    received_at timestamptz not null,
    tenant int not null,
    interface smallint not null,
    peer text not null,
    reason text not null,
    digest bytea not null,
    size int not null,
    raw bytea not null,
    primary key (tenant, id)
);
comment on table quarantine is 'What arrived and is no message for us: refused, or a fragment.';

create table dead_letter (
    journal bigint not null,
    tenant int not null,
    lane uuid not null,
    at timestamptz not null,
    attempts smallint not null,
    reason text not null,
    place text,
    diagnostics text not null,
    settled_at timestamptz,
    settled_as text check (settled_as in ('retried', 'discarded')),
    primary key (tenant, journal)
);
create index dead_letter_open on dead_letter (tenant, journal) where settled_at is null;
comment on table dead_letter is 'Messages that are safe with us but could not be mapped: kept, explained, replayable.';

create table chunk (
    tenant int not null,
    digest bytea not null,
    n int not null,
    bytes bytea not null,
    primary key (tenant, digest, n)
);
alter table chunk alter column bytes set storage external;
comment on table chunk is 'Bytes over 1 MiB (and attachments), content-addressed by SHA-256 of the whole.';

create table blob (
    tenant int not null,
    digest bytea not null,
    size bigint not null,
    n_chunks int not null,
    created_at timestamptz not null default now(),
    primary key (tenant, digest)
);
comment on table blob is 'A complete set of chunks.';

-- ------------------------------------------------------------------ charts

create table lane (
    lane uuid not null,
    tenant int not null,
    fold_version smallint not null,
    incomplete boolean not null default false,
    primary key (tenant, lane)
) with (fillfactor = 80);
comment on table lane is 'What is known of one source identity''s queue. Its lock is an advisory one (store::lanes).';
comment on column lane.fold_version is 'The newest fold that wrote it; an older process leaves it alone.';
comment on column lane.incomplete is 'A message of this lane is dead-lettered.';

create table fact (
    entity uuid not null,
    lane uuid,
    journal bigint not null,
    tenant int not null,
    kind smallint not null,
    fold_version smallint not null,
    body bytea not null,
    primary key (tenant, entity)
) with (fillfactor = 85);
comment on table fact is 'The joined facts of one entity: registers and events. Kept as long as the chart.';
comment on column fact.lane is 'Null for what many lanes share: practitioners, organizations, locations.';
comment on column fact.journal is 'The last message that changed it.';

create table alias (
    alias uuid not null,
    entity uuid not null,
    tenant int not null,
    at timestamptz not null default now(),
    reason text not null,
    primary key (tenant, alias)
);
comment on table alias is 'Append-only: another key of an entity, so that a profile edit changes no id.';

create table identity (
    entity uuid not null,
    lane uuid,
    tenant int not null,
    kind text not null,
    authority text not null,
    type_code text not null,
    value text not null,
    primary key (tenant, entity, authority, value, type_code)
);
create index identity_value on identity (tenant, value, kind);
comment on table identity is 'The EMR''s identifiers of a patient or visit as received: the identity map of outbound messages.';

create table link (
    tenant int not null,
    source uuid not null,
    target uuid not null,
    reason text not null,
    stated_at timestamptz not null,
    journal bigint,
    removed boolean not null default false,
    primary key (tenant, source, target, reason)
);
comment on table link is 'Two source identities are one person: by a merge message, a person''s decision or a match.';

create table review (
    id bigint not null,
    tenant int not null,
    kind text not null,
    journal bigint,
    entity uuid,
    other_entity uuid,
    opened_at timestamptz not null default now(),
    decided_at timestamptz,
    decision text,
    primary key (tenant, id)
);
create index review_open on review (tenant, id) where decided_at is null;
comment on table review is 'What a person must decide.';

create type origin as enum ('emr', 'app', 'server');

create table resource (
    rid bigint not null,
    updated_at timestamptz not null,
    id uuid not null,
    patient uuid,
    content uuid not null,
    journal bigint,
    tenant int not null,
    version int not null,
    type smallint not null,
    index_version smallint not null,
    origin origin not null,
    deleted boolean not null default false,
    lineage bytea,
    body text not null,
    tokens bigint[],
    string_params smallint[],
    strings text[] collate "C",
    date_params smallint[],
    date_lows timestamptz[],
    date_highs timestamptz[],
    primary key (tenant, type, id)
) with (fillfactor = 90);
create unique index resource_rid on resource (tenant, type, rid);
create index resource_patient on resource (tenant, patient, type, rid) where patient is not null;
comment on table resource is 'The current version of each resource: its exact JSON, served as it stands.';
comment on column resource.type is 'fhir::ResourceType::code.';
comment on column resource.patient is 'The Patient compartment it is in.';
comment on column resource.content is 'Digest of the body without meta: a write that changes nothing makes no version.';
comment on column resource.lineage is 'Where each element came from, in terms of lineage_term.';
comment on column resource.index_version is 'The version of search-value extraction that wrote its index rows.';
comment on column resource.tokens is
    'The index values of this version. An index table leads a search to its candidates; what else is asked is checked here, and an update knows from here which index rows to remove.';

create table history (
    rid bigint not null,
    updated_at timestamptz not null,
    id uuid not null,
    patient uuid,
    journal bigint,
    tenant int not null,
    version int not null,
    type smallint not null,
    deleted boolean not null,
    lineage bytea,
    body text not null,
    primary key (tenant, type, id, version)
);
comment on table history is 'Versions that are not current; a create writes none.';

-- The index tables lead a search to row numbers and to nothing else. The row that a number names has the
-- patient compartment, and every search reads it under its access predicate; so the compartment is not
-- repeated here (measured: 16 bytes less in each heap row and each index entry, some 27 per admission).

create table token_index (
    hash bigint not null,
    rid bigint not null,
    tenant int not null,
    primary key (tenant, hash, rid)
);
comment on table token_index is 'Token, reference and uri parameters: fhir::token_hash of type, parameter, system, code.';

create table string_index (
    rid bigint not null,
    tenant int not null,
    param smallint not null,
    value text collate "C" not null,
    primary key (tenant, param, value, rid)
);
comment on table string_index is 'String parameters, normalised, searched by range.';

create table date_index (
    low timestamptz not null,
    high timestamptz not null,
    rid bigint not null,
    tenant int not null,
    param smallint not null,
    primary key (tenant, param, low, rid, high)
);
comment on table date_index is 'Date parameters as ranges of instants.';

create table lineage_term (
    id int generated always as identity primary key,
    term text not null unique
);
comment on table lineage_term is 'The dictionary of lineage: element paths and message fields.';

create table change (
    id bigint not null,
    rid bigint not null,
    xid xid8 not null default pg_current_xact_id(),
    patient uuid,
    journal bigint,
    tenant int not null,
    version int not null,
    type smallint not null,
    primary key (tenant, id)
) partition by range (id);
comment on table change is 'The change feed: one row per version, readable once every older transaction has ended.';

-- ------------------------------------------------------------------ out

create type delivery_state as enum
    ('held', 'queued', 'sending', 'accepted', 'confirmed', 'rejected', 'dead');
create type dead_reason as enum ('failed', 'unknown');

create table delivery (
    id uuid not null,
    document uuid not null,
    patient uuid,
    lease_token uuid,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    due_at timestamptz,
    lease_until timestamptz,
    tenant int not null,
    document_version int not null,
    attempt smallint not null default 0,
    state delivery_state not null,
    dead_reason dead_reason,
    destination text not null,
    control_id text,
    document_number text,
    reason text,
    message_digest bytea,
    answer text,
    primary key (tenant, id),
    unique (tenant, destination, document, document_version)
);
create index delivery_due on delivery (tenant, destination, due_at)
    where state in ('queued', 'sending');
create index delivery_order on delivery (tenant, destination, patient, created_at, id)
    where state in ('queued', 'sending');
create index delivery_control_id on delivery (tenant, control_id) where control_id is not null;
create index delivery_held on delivery (tenant, patient) where state = 'held';
comment on table delivery is 'A document on its way to a destination; its Task shows the state to apps.';
comment on column delivery.control_id is 'MSH-10: the same on every resend.';
comment on column delivery.message_digest is 'The exact bytes, kept as chunks.';
comment on column delivery.answer is 'MSA and ERR of the last answer.';

-- ------------------------------------------------------------------ door, trail, alarms

create table access_token (
    id bigint generated always as identity primary key,
    tenant int not null references tenant,
    hash bytea not null unique,
    scope text not null,
    client text not null,
    user_reference text,
    patient uuid,
    issued_at timestamptz not null,
    expires_at timestamptz not null,
    revoked_at timestamptz
);
comment on table access_token is 'Opaque bearer tokens; only SHA-256 of the token is kept.';

create table audit (
    id bigint not null,
    seq bigint not null,
    actor bigint,
    resource uuid,
    patient uuid,
    tenant int not null,
    writer int not null,
    version int,
    type text,
    outcome smallint not null,
    action "char" not null,
    actor_kind "char" not null,
    interaction text not null,
    request text,
    chain bytea not null,
    primary key (tenant, id)
) partition by range (id);
create index audit_patient on audit (tenant, patient, id) where patient is not null;
comment on table audit is 'Append-only: who did what to which resource. Narrow rows, rendered as AuditEvent when asked.';
comment on column audit.type is 'Name of the FHIR type.';
comment on column audit.chain is 'First half of HMAC-SHA-256 over the previous chain value and this row.';
comment on column audit.actor_kind is 't token, m message, s server, o operator, a anonymous.';

create table alarm (
    id bigint generated always as identity primary key,
    tenant int not null,
    key text not null,
    what text not null,
    raised_at timestamptz not null,
    cleared_at timestamptz,
    acknowledged_at timestamptz
);
create unique index alarm_raised on alarm (tenant, key) where cleared_at is null;
comment on table alarm is 'One row from onset to recovery.';

-- ------------------------------------------------------------------ guards

create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger journal_append_only before update or delete or truncate on journal
    for each statement execute function refuse_change();
create trigger audit_append_only before update or delete or truncate on audit
    for each statement execute function refuse_change();

-- lz4 is a build option of PostgreSQL: taken where it is there.
do $$
begin
    alter table journal alter column raw set compression lz4;
    alter table resource alter column body set compression lz4;
    alter table history alter column body set compression lz4;
    alter table fact alter column body set compression lz4;
exception when feature_not_supported then null;
end $$;

create function ensure_partitions(at timestamptz, months_ahead int) returns void
language plpgsql as $$
declare
    parent text;
    month timestamp; -- in UTC: the session's zone must not move a boundary
    low bigint;
    high bigint;
begin
    -- Several servers start at once.
    perform pg_advisory_xact_lock(hashtext('drawbridge.ensure_partitions'));
    foreach parent in array array['journal', 'applied', 'ack', 'change', 'audit'] loop
        for i in -1 .. months_ahead loop
            month := date_trunc('month', at at time zone 'UTC') + make_interval(months => i);
            low := greatest(0, (extract(epoch from month) * 1000)::bigint - 1704067200000) << 22;
            high := greatest(0, (extract(epoch from month + interval '1 month') * 1000)::bigint
                - 1704067200000) << 22;
            if low < high and to_regclass(parent || to_char(month, '_YYYY_MM')) is null then
                execute format('create table %I partition of %I for values from (%s) to (%s)',
                    parent || to_char(month, '_YYYY_MM'), parent, low, high);
            end if;
        end loop;
    end loop;
end $$;
comment on function ensure_partitions is 'Makes the month partitions around an instant, to some months ahead; run at start and daily.';
select ensure_partitions(now(), 3);
