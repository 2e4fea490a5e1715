mod assets;
mod bad_input;
mod export;
mod forbidden;
mod lists;
mod probing;
mod queries;
