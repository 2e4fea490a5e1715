drop table control.api_token_usage;
drop table control.api_tokens;
