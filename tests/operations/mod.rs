mod jump;
mod overview;
