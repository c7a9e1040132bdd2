/** A start that cannot work and says all there is to know in its message: shown without a stack. */
export class StartError extends Error {}
