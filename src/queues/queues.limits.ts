/** Of jobs sent again, unless somebody says otherwise: what comes after them is not to wait. */
export const DEFAULT_PER_SECOND = 50
export const MAX_PER_SECOND = 1_000
