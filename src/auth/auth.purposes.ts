/** What a token that came by mail may be used for. */
export const PURPOSES = ['verify_email', 'reset_password'] as const
export type Purpose = (typeof PURPOSES)[number]
