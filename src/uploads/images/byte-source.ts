import type { FileHandle } from 'node:fs/promises'

export const WINDOW_BYTES = 65_536

/** A file, seen through a window of 64 KiB. */
export interface ByteSource {
  readonly size: number
  /**
   * The file's bytes from there on: as many as the window has, and `atLeast` that many (at most a window) unless the
   * file ends before. They are good until the next call.
   */
  readonly from: (offset: number, atLeast: number) => Promise<Buffer>
}

/** Reads what is asked for, and no more than a window at a time; whoever opened the file closes it. */
export const createByteSource = async (file: FileHandle): Promise<ByteSource> => {
  const { size } = await file.stat()
  const buffer = Buffer.allocUnsafe(WINDOW_BYTES)
  let [start, end] = [0, 0]

  const fill = async (offset: number): Promise<void> => {
    start = offset
    end = offset
    while (end < Math.min(size, offset + WINDOW_BYTES)) {
      const { bytesRead } = await file.read(buffer, end - start, WINDOW_BYTES - (end - start), end)
      if (bytesRead === 0) return
      end += bytesRead
    }
  }

  return {
    size,
    from: async (offset, atLeast) => {
      const isInside = offset >= start && offset + atLeast <= end
      if (!isInside) await fill(offset)
      return buffer.subarray(offset - start, end - start)
    },
  }
}
