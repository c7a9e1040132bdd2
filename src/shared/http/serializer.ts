import fastJson, { type Schema } from 'fast-json-stringify'
import type { FastifySerializerCompiler } from 'fastify'
import { z } from 'zod'

type Serializer = ReturnType<typeof fastJson>

/** To compile them is most of the app's start, and many routes answer with the same: each GET with its HEAD, for one. */
const compiled = new WeakMap<z.ZodType, Serializer>()

const compile = (schema: z.ZodType): Serializer => {
  const jsonSchema = z.toJSONSchema(schema, { target: 'draft-7', io: 'output' })
  // zod's JSON Schema type is wider than draft 7, which the target above guarantees.
  return fastJson(jsonSchema as Schema)
}

/**
 * Compiles a response schema to a serialiser when the route is registered. It writes the declared fields
 * and drops all others, so that a new column cannot leak, and costs a third of encode-and-stringify.
 */
export const serializerCompiler: FastifySerializerCompiler<z.ZodType> = ({ schema }) => {
  const serializer = compiled.get(schema) ?? compile(schema)
  compiled.set(schema, serializer)
  return serializer
}
