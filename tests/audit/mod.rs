mod events;
mod history;
mod one_event;
mod security_events;
