drop table control.saved_views;
