drop table audit.rewrites;
