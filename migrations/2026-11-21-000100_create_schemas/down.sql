drop schema audit;
drop schema control;

drop extension citext;
drop extension pg_trgm;
