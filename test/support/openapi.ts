/** The parts of a JSON schema that our documents use. */
export interface Schema {
  readonly type?: string | readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly items?: Schema
}

type Content = Readonly<Record<string, { readonly schema?: Schema }>>

export interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

/** The operation of a route such as `GET /v1/users/:id`. @throws Error when the document has none */
export const operationOf = ({ paths }: Document, name: string): Operation => {
  const [method = '', path = ''] = name.split(' ')
  const operation = paths[path.replaceAll(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()]
  if (!operation) throw new Error(`the document has no ${name}`)
  return operation
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The paths that a value has and its schema does not declare, or the other way round; `[]` for each item. */
export const differencesFrom = (schema: Schema | undefined, value: unknown, path = ''): string[] => {
  if (Array.isArray(value)) {
    return value.flatMap((item) => differencesFrom(schema?.items, item, `${path}[]`))
  }
  if (!isObject(value)) return []
  const { properties = {}, required = [] } = schema ?? {}
  const undeclared = Object.keys(value).filter((key) => !(key in properties))
  const missing = required.filter((key) => !(key in value))
  return [
    ...undeclared.map((key) => `${path}.${key} is not declared`),
    ...missing.map((key) => `${path}.${key} is missing`),
    ...Object.entries(value).flatMap(([key, member]) =>
      differencesFrom(properties[key], member, `${path}.${key}`),
    ),
  ]
}
