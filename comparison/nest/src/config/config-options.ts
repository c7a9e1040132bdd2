import type { ConfigModuleOptions } from '@nestjs/config';
import { type Environment, validateAs } from './environment.js';

/** The environment is the only configuration. @param type what the process needs of it */
export const configOptions = (type: new () => Environment): ConfigModuleOptions => ({
  isGlobal: true,
  cache: true,
  ignoreEnvFile: true,
  validate: validateAs(type),
});
