//! Castellan: the admin console of a multi-tenant SaaS.

pub mod access;
pub mod action;
pub mod actor;
pub mod app;
pub mod audit;
pub mod auth;
pub mod clients;
pub mod commands;
pub mod config;
pub mod db;
pub mod error;
pub mod jobs;
pub mod mail;
pub mod new_password;
pub mod operations;
pub mod routes;
pub mod tenancy;
pub mod token;
pub mod web;
