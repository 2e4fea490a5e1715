drop table audit.erasures;
