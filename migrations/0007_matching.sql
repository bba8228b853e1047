-- The matching of patients: what each source identity said first of a person, and where it is looked for.

create table feature (
    entity uuid not null,
    tenant int not null,
    body bytea not null,
    primary key (tenant, entity)
);
comment on table feature is 'What one source identity said first of a person, as mapping writes it: what patients are compared by.';

create table match_key (
    key bigint not null,
    entity uuid not null,
    tenant int not null,
    primary key (tenant, key, entity)
);
create index match_key_entity on match_key (tenant, entity);
comment on table match_key is 'Keyed hashes under which a person is found by those who may be the same.';

create table match_pending (
    entity uuid not null,
    tenant int not null,
    primary key (tenant, entity)
);
comment on table match_pending is 'Patients that are to be compared: written with the facts that made them so.';

create table staging (
    entity uuid not null,
    tenant int not null,
    primary key (tenant, entity)
);
comment on table staging is 'Patients of whom a person must say whether they are somebody known.';
