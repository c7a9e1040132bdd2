/** Of a route that takes no query, or no body: anything in it is a mistake of the caller. */
export class NoParametersDto {}
