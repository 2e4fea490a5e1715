drop table audit.receipts;
drop table audit.verifications;
