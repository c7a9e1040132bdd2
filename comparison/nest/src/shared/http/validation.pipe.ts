import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { NoParametersDto } from './dto/no-parameters.dto.js';
import { type FieldFault, ValidationFailedException } from './errors/problem.exception.js';

const MAX_MESSAGE_LENGTH = 200;

/** The library's name for what the DTO does not declare: a fault of the object that it stands in. */
const UNDECLARED = 'whitelistValidation';

const flatten = (errors: readonly ValidationError[], parent: readonly string[] = []): FieldFault[] =>
  errors.flatMap(({ property, constraints = {}, children = [] }) => {
    const own = [...parent, property];
    const faults = Object.entries(constraints).map(([name, message]) => ({
      path: (name === UNDECLARED ? parent : own).join('.'),
      message: message.slice(0, MAX_MESSAGE_LENGTH),
    }));
    return [...faults, ...flatten(children, own)];
  });

const isObject = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Turns input into its DTO; what the DTO does not declare is refused. */
@Injectable()
export class InputValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      validationError: { target: false, value: false },
      exceptionFactory: (errors) => new ValidationFailedException(flatten(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // The library would validate a list member by member, and find nothing wrong with an empty one.
    const isMissing = value === undefined && metadata.metatype === NoParametersDto;
    if (metadata.type === 'body' && !isMissing && !isObject(value)) {
      throw new ValidationFailedException([{ path: '', message: 'must be an object' }]);
    }
    return super.transform(value, metadata);
  }
}
