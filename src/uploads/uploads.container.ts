import type { AwilixContainer } from 'awilix'
import type { Database } from '../shared/database/client.js'
import { provide } from '../shared/provide.js'
import type { JobProducer } from '../shared/queue/producer.js'
import { createStorage } from '../shared/storage/create-storage.js'
import type { Storage } from '../shared/storage/storage.js'
import type { StorageSettings } from '../shared/storage/storage-settings.js'
import { createTemporaryFiles, type TemporaryFiles } from '../shared/storage/temporary-files.js'
import { createLeftoversRepository } from './leftovers.repository.js'
import { createMediaRepository } from './media.repository.js'
import { createMediaService } from './media.service.js'
import { createProcessingService, type ProcessingService } from './processing.service.js'
import { createReleasesService, type ReleasesService } from './releases.service.js'
import { createStoredImagesRepository } from './stored-images.repository.js'
import { createUpkeepService } from './upkeep.service.js'
import { processImage } from './uploads.images.js'
import { createUploadsRepository } from './uploads.repository.js'
import { createUploadsService } from './uploads.service.js'

export type { MediaService } from './media.service.js'
export type { ProcessingService } from './processing.service.js'
export type { UpkeepService } from './upkeep.service.js'
export type { UploadsService } from './uploads.service.js'

const repositories = {
  uploadsOf: createUploadsRepository,
  leftoversOf: createLeftoversRepository,
  imagesOf: createStoredImagesRepository,
  mediaOf: createMediaRepository,
}

export interface MediaNeeds {
  readonly database: Database
}

/** Provides `mediaService`: all that domains which show uploads need. It knows Postgres alone. */
export const registerMedia = <C extends MediaNeeds>(container: AwilixContainer<C>) =>
  provide(container, {
    mediaService: ({ database }: MediaNeeds) => createMediaService({ database, ...repositories }),
  })

export interface UploadsNeeds {
  readonly database: Database
  readonly jobProducer: JobProducer
  readonly storageSettings: StorageSettings
}

interface WithStorage extends UploadsNeeds {
  readonly storage: Storage
  readonly temporaryFiles: TemporaryFiles
  readonly releasesService: ReleasesService
}

/** Provides `storage`, which whoever made the container closes, `temporaryFiles` and `uploadsService`. */
export const registerUploads = <C extends UploadsNeeds>(container: AwilixContainer<C>) => {
  const withStorage = provide(container, {
    storage: ({ storageSettings }: UploadsNeeds) => createStorage(storageSettings.place),
    temporaryFiles: ({ storageSettings }: UploadsNeeds) =>
      createTemporaryFiles(storageSettings.temporaryDirectory),
    releasesService: ({ jobProducer }: UploadsNeeds) =>
      createReleasesService({ jobProducer, ...repositories }),
  })
  return provide(withStorage, {
    uploadsService: ({ database, jobProducer, storage, releasesService }: WithStorage) =>
      createUploadsService({ database, jobProducer, storage, releasesService, ...repositories }),
  })
}

interface WithProcessing extends WithStorage {
  readonly processingService: ProcessingService
}

/** Provides `processingService` and `upkeepService`: what workers do with uploads. */
export const registerProcessing = <C extends WithStorage>(container: AwilixContainer<C>) => {
  const withProcessing = provide(container, {
    processingService: (needs: WithStorage) => {
      const { database, jobProducer, storage, temporaryFiles, releasesService } = needs
      return createProcessingService({
        database,
        jobProducer,
        storage,
        temporaryFiles,
        releasesService,
        processImage,
        ...repositories,
      })
    },
  })
  return provide(withProcessing, {
    upkeepService: (needs: WithProcessing) => {
      const { database, jobProducer, storage, temporaryFiles } = needs
      const { releasesService, processingService } = needs
      return createUpkeepService({
        database,
        jobProducer,
        storage,
        temporaryFiles,
        releasesService,
        processingService,
        ...repositories,
      })
    },
  })
}
