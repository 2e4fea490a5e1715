alter table audit.unsealed drop column transaction_number;
