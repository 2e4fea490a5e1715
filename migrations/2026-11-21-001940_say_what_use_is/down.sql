comment on column control.assignments.last_used_at is 'Last request that this assignment allowed, to within a few minutes; shows what nobody needs any more.';
