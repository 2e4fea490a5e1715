//! The whole suite in one binary, laid out like `src`.
//!
//! `cargo test` needs nothing: every test gets a copy of an embedded database. With `TEST_DATABASE_URL`, the address
//! of a PostgreSQL server and a role that may create databases, each test gets a database of its own there, and the
//! tests of concurrency run too.

mod support;

mod access;
mod audit;
mod auth;
mod browser;
mod clients;
mod commands;
mod conventions;
mod db;
mod jobs;
mod mail;
mod operations;
mod tenancy;
mod web;
