mod alerts;
mod counts;
mod health;
mod jobs;
mod jump;
mod maintenance;
mod overview;
pub mod views;
mod views_abuse;
