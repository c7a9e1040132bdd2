import { type SentinelConnectionOptions, SentinelConnector } from 'ioredis'

/**
 * Asks the Sentinels for the master with nothing left that watches over the one before. The library keeps that watch until a
 * new connection stands. A watch that hears of the failover while the Sentinels are asked ends the asking, and with it the
 * client, for good: it never connects again. Duplicates of a client have this, too, since it is one of its options.
 */
export class PersistentSentinelConnector extends SentinelConnector {
  /** @param options the library's own type leaves open what a connector is made of: it is the client's options */
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions)
  }

  override connect(
    ...args: Parameters<SentinelConnector['connect']>
  ): ReturnType<SentinelConnector['connect']> {
    // What there is to disconnect has closed already, but for the watch.
    this.disconnect()
    return super.connect(...args)
  }
}
