mod assets;
mod bad_input;
mod export;
mod lists;
mod queries;
