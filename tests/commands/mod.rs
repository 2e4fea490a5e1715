pub mod demo;
mod doctor;
mod first_start;
mod kill;
mod migrate;
mod process;
mod serve;
mod user;
mod worker;
