mod exactly_once;
mod queue;
mod schedule;
mod worker;
