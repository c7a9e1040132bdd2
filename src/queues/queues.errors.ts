import { defineError } from '../shared/errors.js'

export const queueNotFound = defineError('queue_not_found', 'not_found', 'There is no such queue.')

export const jobNotFound = defineError('job_not_found', 'not_found', 'There is no such job in this queue.')

/** Only what has been given up can be sent again or put away: anything else is still going to happen, or has. */
export const jobNotFailed = defineError('job_not_failed', 'conflict', 'This job is no dead letter.')
