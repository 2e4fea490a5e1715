mod domains;
mod overrides;
mod people;
mod people_rights;
mod policies;
mod policies_in_force;
mod tenants;
mod workspaces;
