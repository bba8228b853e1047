-- Facts stay with the patient in whose name they were said, so that a merge destroys nothing and can be
-- taken back; a visit number that two patients' messages name is two rows, which only a merge, a move or a
-- decision brings together.

drop table link;

alter table fact add column owner uuid;
update fact set owner = case
    when kind = 1 then entity
    when kind in (3, 4, 5, 25) then '00000000-0000-0000-0000-000000000000'::uuid
    else coalesce(lane, '00000000-0000-0000-0000-000000000000'::uuid)
end;
alter table fact
    alter column owner set not null,
    drop column lane,
    drop constraint fact_pkey,
    add primary key (tenant, entity, owner);
create index fact_owner on fact (tenant, owner) where owner <> entity;
comment on table fact is 'The joined facts of one entity, said in the name of one patient: registers and events. Kept as long as the chart.';
comment on column fact.owner is 'The patient in whose name it was said; itself for a patient, nil for practitioners, organizations, locations.';

create table link (
    low uuid not null,
    high uuid not null,
    stated_at timestamptz not null,
    journal bigint,
    tenant int not null,
    kind smallint not null,
    maker smallint not null,
    relation smallint not null,
    from_low boolean not null,
    field text,
    source bytea not null,
    primary key (tenant, low, high, maker)
);
create index link_high on link (tenant, high);
comment on table link is 'Two entities are one, or are not after all: the latest that each maker said of them.';
comment on column link.kind is 'mapping::inbound::EntityKind.';
comment on column link.maker is '0 the matching of patients, 1 a message, 2 a person.';
comment on column link.relation is '0 apart, 1 the same, 2 merged, 3 moved.';
comment on column link.from_low is 'The lesser id is the one that was merged or moved.';
comment on column link.source is 'When it was stated and by which message, as mapping writes it.';

create table person (
    entity uuid not null,
    lead uuid not null,
    tenant int not null,
    primary key (tenant, entity)
);
create index person_lead on person (tenant, lead);
comment on table person is 'Derived from the links: what is one, each with the one that bears the resource. Who is alone has no row.';

create unique index review_question on review (tenant, kind, entity, other_entity) nulls distinct
    where decided_at is null and entity is not null;
