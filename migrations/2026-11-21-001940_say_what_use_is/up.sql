comment on column control.assignments.last_used_at is 'Last request, in a session or by a token, that used a privilege of its role, to within two hours; shows what nobody needs any more.';
