mod domains;
mod people;
mod policies;
mod tenants;
mod workspaces;
