-- The extensions stay: they may have been there before, and belong to who made them.
drop schema audit;
drop schema control;
