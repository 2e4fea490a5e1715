mod audit;
mod concurrency;
mod migrate;
