import { type AwilixContainer, asFunction } from 'awilix'

type Factories<Needs> = Record<string, (needs: Needs) => unknown>

type Provided<F extends Factories<never>> = { [Name in keyof F]: ReturnType<F[Name]> }

/**
 * Adds one singleton for each factory and returns the same container with its type widened, so that what
 * is missing, misspelt or in the wrong order does not compile. A factory takes the names it needs out of
 * the cradle by destructuring; spreading the cradle would build every singleton there is.
 *
 * @throws Error when a name is taken: awilix would silently let the later registration win.
 */
export const provide = <C extends object, F extends Factories<C>>(
  container: AwilixContainer<C>,
  factories: F,
): AwilixContainer<C & Provided<F>> => {
  for (const [name, factory] of Object.entries(factories)) {
    if (container.hasRegistration(name)) throw new Error(`${name} is provided twice`)
    container.register(name, asFunction(factory).singleton())
  }
  // `register` widens the type one literal name at a time; the loop above did the same for all of F.
  return container as unknown as AwilixContainer<C & Provided<F>>
}
