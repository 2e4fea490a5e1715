mod domains;
mod overrides;
mod people;
mod policies;
mod tenants;
mod workspaces;
