drop table control.access_review_items;
drop table control.access_reviews;
