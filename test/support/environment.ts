const required = (name: string): string => {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the tests with npm test or npm run test:only -- FILE`)
  return value
}

/** What dev/test.ts started for this run. */
export const testServices = () => ({
  databaseUrl: required('TEST_DATABASE_URL'),
  redisUrl: required('TEST_REDIS_URL'),
  template: required('TEST_TEMPLATE'),
})

type Teardown = { teardown(handler: () => unknown): void }

/** The part of a tap test that support code uses. */
export type Test = Teardown
