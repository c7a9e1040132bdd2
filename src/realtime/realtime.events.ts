/** Something that happened to what is a user's. */
export interface NewEvent {
  /** Names it for its user, at most 200 characters: recorded twice, it is one event. */
  readonly key: string
  readonly type: string
  readonly occurredAt: string
  /** Small, and nothing that the user may not see. */
  readonly data: Readonly<Record<string, unknown>>
}

/** An event with its number in the user's stream. */
export interface StoredEvent extends Omit<NewEvent, 'key'> {
  readonly number: number
}

/** Who wants to know what came after which number. */
export interface Reader {
  readonly userId: string
  readonly after: number
}

/** The user's latest number and, in their order, the first events after the reader's: all of one moment. */
export interface Reading {
  readonly last: number
  readonly events: readonly StoredEvent[]
}
