/** What a user's public profile is cached by. */
export const userTags = (id: string): readonly string[] => [`user:${id}`]
