import { plainToInstance, Transform } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  IsUrl,
  Matches,
  Max,
  Min,
  validateSync,
} from 'class-validator';

const POSTGRES = { protocols: ['postgres', 'postgresql'], require_protocol: true, require_tld: false };
const REDIS = { protocols: ['redis', 'rediss'], require_protocol: true, require_tld: false };

/** Each field declares its type by itself: `Number('')` would read an empty variable as 0. */
const ToNumber = () => Transform(({ value }) => (typeof value === 'string' ? Number(value) : value));
const ToBoolean = () =>
  Transform(({ value }) => (value === 'true' ? true : value === 'false' ? false : value));

/** The variables of both processes; those that Unnest has as well mean the same. */
export class Environment {
  @IsIn(['production', 'development', 'test'])
  NODE_ENV: string = 'development';

  @IsIn(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
  LOG_LEVEL: string = 'info';

  @IsIn(['express', 'fastify'])
  HTTP_ADAPTER: string = 'express';

  @IsString()
  @IsNotEmpty()
  HOST: string = '127.0.0.1';

  @ToNumber()
  @IsInt()
  @Min(0)
  @Max(65_535)
  PORT: number = 3000;

  @IsUrl(POSTGRES)
  DATABASE_URL: string;

  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(100)
  DATABASE_POOL_MAX: number = 10;

  @IsUrl(REDIS)
  REDIS_URL: string;

  @Matches(/^[\w-]{1,40}$/)
  REDIS_PREFIX: string = 'unnest';

  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(86_400)
  CACHE_TTL_SECONDS: number = 60;

  /** False asks the database each time, to measure what the cache is worth. */
  @ToBoolean()
  @IsBoolean()
  CACHE_ENABLED: boolean = true;

  /** The proxies whose X-Forwarded-For is believed, separated by commas. */
  @IsString()
  TRUST_PROXY: string = '';

  /** Requests of one address; no limit if absent. */
  @IsOptional()
  @ToNumber()
  @IsInt()
  @Min(1)
  RATE_LIMIT_PER_MINUTE?: number;

  @IsString()
  @IsNotEmpty()
  MAIL_FROM: string = 'Unnest <no-reply@unnest.example>';

  @IsOptional()
  @IsString()
  APP_URL?: string;

  /** Where mails become files while SMTP_URL is not set. */
  @IsString()
  @IsNotEmpty()
  DATA_DIR: string = '.data';

  @ToNumber()
  @IsInt()
  @Min(0)
  @Max(600_000)
  READINESS_DRAIN_MS: number = 0;

  @ToNumber()
  @IsInt()
  @Min(1)
  @Max(999)
  EMAIL_CONCURRENCY: number = 10;
}

/** What the API needs beside. */
export class ApiEnvironment extends Environment {
  @IsString()
  @IsNotEmpty()
  JWT_PRIVATE_KEYS: string;
}

/** What the worker needs beside. */
export class WorkerEnvironment extends Environment {
  /** `discard:` sends to nobody, for load tests. */
  @IsOptional()
  @Matches(/^(discard:|smtps?:\/\/.+)$/)
  SMTP_URL?: string;
}

/** For ConfigModule: refuses to start with all faults at once, none of which repeats a value. */
export const validateAs =
  <T extends Environment>(type: new () => T) =>
  (env: Record<string, unknown>): T => {
    // An empty variable means "not set".
    const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
    const config = plainToInstance(type, given, { exposeDefaultValues: true });
    const faults = validateSync(config, { skipMissingProperties: false });
    if (faults.length > 0) {
      const lines = faults.map((fault) => `  ${Object.values(fault.constraints ?? {}).join(', ')}`);
      throw new Error(`The environment is not valid:\n${lines.join('\n')}`);
    }
    return config;
  };
