import { type ByteSource, WINDOW_BYTES } from './byte-source.js'

/* APPNOTE.TXT, 4.3.16: an archive is read from its end record, which only a comment of 64 KiB at most may follow. */
const SIGNATURE = Buffer.from('504b0506', 'hex')
const RECORD_BYTES = 22
const MAX_COMMENT_BYTES = 65_535
const DIRECTORY_SIZE_OFFSET = 12
/** The size is in another record, before this one. */
const ZIP64 = 0xffffffff

/** Four bytes alone turn up in one picture of 65,000; that the directory fits before its end makes it one of millions. */
const hasEndRecord = (bytes: Buffer, offset: number): boolean => {
  for (let at = bytes.indexOf(SIGNATURE); at >= 0; at = bytes.indexOf(SIGNATURE, at + 1)) {
    if (at + DIRECTORY_SIZE_OFFSET + 4 > bytes.length) return false
    const size = bytes.readUInt32LE(at + DIRECTORY_SIZE_OFFSET)
    if (size <= offset + at || size === ZIP64) return true
  }
  return false
}

/** Whether programs that unpack archives would take the file for one, wherever in it the archive begins. */
export const isZipArchive = async (source: ByteSource): Promise<boolean> => {
  // The reach is a little longer than a window: two that overlap.
  for (const reach of [RECORD_BYTES + MAX_COMMENT_BYTES, WINDOW_BYTES / 2]) {
    const offset = Math.max(0, source.size - reach)
    const bytes = await source.from(offset, Math.min(source.size, reach, WINDOW_BYTES))
    if (hasEndRecord(bytes, offset)) return true
  }
  return false
}
