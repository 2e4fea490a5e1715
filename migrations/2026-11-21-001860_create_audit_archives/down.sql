drop table audit.archives;
