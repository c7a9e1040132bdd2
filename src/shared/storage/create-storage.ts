import { createLocalStorage } from './local-storage.js'
import { createS3Storage } from './s3-storage.js'
import type { Storage } from './storage.js'
import type { StoragePlace } from './storage-url.js'

/** The storage at that place. It connects when it is first used, so a process also starts while it is away. */
export const createStorage = (place: StoragePlace): Storage =>
  'bucket' in place ? createS3Storage(place.bucket) : createLocalStorage(place.directory)
