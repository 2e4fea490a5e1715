drop table control.client_customizations;
drop table control.clients;
