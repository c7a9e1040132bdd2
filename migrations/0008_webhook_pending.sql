-- Deliveries whose time is long over, whoever's they are: a worker looks every ten minutes for those that nothing will send any
-- more. Building it reads the deliveries of the last thirty days once; workers and publishers wait for that long. Pods of the
-- release before go on beside it, but cannot show a delivery that failed as `not_sent`: replace the API's pods before the workers.
-- What has not ended is what is pending. Said in this way it is no match for queries by status, which have an index that leads
-- with the endpoint.
create index webhook_deliveries_open_idx on webhook_deliveries (next_attempt_at) where ended_at is null;
