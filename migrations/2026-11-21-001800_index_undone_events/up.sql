-- Which event undid another one is asked on each page of an event.
create index if not exists events_undoes_idx on audit.events ((details ->> 'undoes')) where action = 'event.undo';
