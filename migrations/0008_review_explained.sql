alter table review add column explained text;
comment on column review.explained is 'Why it is asked, as JSON: the points of a match and what forbids it. No patient data.';
