mod process;
mod serve;
mod worker;
