/** Whether drivers can decode a part of a URL: they fail late and in their own words, and a NUL would end their text. */
export const isDecodable = (text: string): boolean => {
  try {
    return !decodeURIComponent(text).includes('\0')
  } catch {
    return false
  }
}
