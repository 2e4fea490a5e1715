drop table control.client_analytics;
drop table control.deployment_tracking_events;
drop table control.client_deployments;
