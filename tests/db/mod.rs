mod audit;
mod concurrency;
mod faults;
mod migrate;
