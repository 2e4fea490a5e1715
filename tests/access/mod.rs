mod factors_reset;
mod token_abuse;
mod tokens;
