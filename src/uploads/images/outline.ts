/** What a file says about itself; found by reading its frame, without decoding anything. */
export interface Outline {
  /** The offset behind the last byte of the picture. */
  readonly end: number
  readonly pixels: number
}

/** Segments, chunks or boxes in one file: more than a picture of 10 MiB has, and walked in well under a second. */
export const MAX_PARTS = 65_536
