/**
 * Every queue that this release has jobs for. Here, beside the contracts, since the API knows of no worker and has to tell a queue
 * in which nothing happens from one that does not exist.
 */
export const QUEUES = ['mail', 'events', 'uploads', 'webhooks'] as const

export type QueueName = (typeof QUEUES)[number]
